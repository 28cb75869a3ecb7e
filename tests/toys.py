"""Small benchmarks whose right answers are known, and ones that misbehave."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.benchmarks import Benchmark, find_metric
from agnet.evaluation import Evaluation, Evaluator, evaluate_one
from agnet.objectives import Metric
from agnet.spaces import Architecture, NASBench201

WEIGHTS = np.array([[0, 1, 3, 7, 2], [0, 2, 4, 5, 1], [0, 1, 2, 6, 3]] * 2, dtype=np.float64)


@final
@dataclass(frozen=True)
class Toy(Benchmark):
    """A sum over the edges of a NAS-Bench-201 cell; the best cell has conv 3x3 everywhere.

    ``behaviour`` says what happens for cells whose first operation is ``none``; ``seconds`` is what
    each evaluation takes, and ``mark`` a file that is there as soon as a process has died of one.
    """

    behaviour: str = "good"
    seconds: float = 0.0
    mark: str = ""

    @property
    def name(self) -> str:
        return "toy"

    @property
    def dataset(self) -> str:
        return "none"

    @property
    def space(self) -> NASBench201:
        return NASBench201()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (
            Metric("val_accuracy", "%", "maximize"),
            Metric("test_accuracy", "%", "maximize", held_out=True),
            Metric("edgegpu_latency_ms", "ms", "minimize"),
        )

    @property
    def missing(self) -> Mapping[str, str]:
        return {"fpga_latency_ms": "agnet import hwnasbench FILE"}

    @property
    def source(self) -> str:
        return "made up"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"name": "toy"}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        for name in metrics:
            find_metric(self, name)
        choices = self.space.to_choices(archs)
        time.sleep(self.seconds * len(choices))
        accuracy = 50 + WEIGHTS[np.arange(6), choices].sum(axis=1)
        if self.behaviour != "good" and (choices[:, 0] == 0).any():
            accuracy = self._misbehave(accuracy)
        columns = {
            "val_accuracy": accuracy,
            "test_accuracy": accuracy + 1,
            "edgegpu_latency_ms": 1.0 + (choices == 3).sum(axis=1),
        }
        return np.stack([columns[name] for name in metrics], axis=1)

    def _misbehave(self, accuracy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if self.behaviour == "raises":
            raise RuntimeError("out of memory")
        if self.behaviour == "dies" or (self.behaviour == "dies once" and self._first()):
            os._exit(7)
        if self.behaviour == "dies once":
            return accuracy
        if self.behaviour == "sleeps":
            time.sleep(600)
        return np.full_like(accuracy, np.nan)

    def _first(self) -> bool:
        try:
            Path(self.mark).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@final
class OutOfOrder(Evaluator):
    """As if workers finished in another order than they began, though all is in this process.

    That is a random one, or the one begun last; ``log`` tells which did.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        metrics: Sequence[str],
        *,
        workers: int = 4,
        latest: bool = False,
    ) -> None:
        self._benchmark, self._metrics = benchmark, tuple(metrics)
        self._workers, self._latest = workers, latest
        self._rng = np.random.default_rng(0)
        self.log: list[str] = []

    def evaluate(self, archs: Iterable[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        jobs, running = enumerate(archs), list[tuple[int, Architecture]]()
        while True:
            while len(running) < self._workers and (job := next(jobs, None)):
                running.append(job)
            if not running:
                return
            which = -1 if self._latest else int(self._rng.integers(len(running)))
            position, arch = running.pop(which)
            self.log.append(str(arch))
            yield position, evaluate_one(self._benchmark, arch, self._metrics)

    def __enter__(self) -> OutOfOrder:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class _DiesWhenUnpickled:
    def __reduce__(self) -> tuple[object, ...]:
        return (os._exit, (9,))


def dies_when_unpickled() -> Benchmark:
    """What no worker process survives being sent."""
    return cast(Benchmark, _DiesWhenUnpickled())


@final
@dataclass(frozen=True)
class Threads(Benchmark):
    """The accuracy of every cell is the number of threads that torch has."""

    toy: Toy = Toy()

    @property
    def name(self) -> str:
        return "threads"

    @property
    def dataset(self) -> str:
        return "none"

    @property
    def space(self) -> NASBench201:
        return self.toy.space

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.toy.metrics

    @property
    def source(self) -> str:
        return "made up"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"name": "threads"}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        return np.full((len(archs), len(metrics)), torch.get_num_threads(), dtype=np.float64)
