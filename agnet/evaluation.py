"""Evaluating a batch of architectures, in this process or in several, one at a time each."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, final

import numpy as np

from agnet.errors import EvaluationError

if TYPE_CHECKING:
    from agnet.benchmarks import Benchmark
    from agnet.spaces import Architecture

__all__ = ["Evaluation", "Evaluator", "InProcess", "LocalProcesses"]


@dataclass(frozen=True)
class Evaluation:
    """What came of one architecture.

    Attributes:
        values: One number a metric asked for; all NaN if the evaluation failed.
        seconds: Wall-clock seconds it took.
        failure: Why it failed, or None.
    """

    values: tuple[float, ...]
    seconds: float
    failure: str | None = None


class Evaluator(ABC):
    """Evaluates architectures on a benchmark; a context manager that frees its workers."""

    @abstractmethod
    def evaluate(self, archs: Sequence[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields the position and outcome of each of ``archs`` as it arrives, in any order.

        An evaluation that raises, gives NaN or kills its process is yielded as failed.
        """

    @abstractmethod
    def __enter__(self) -> Evaluator: ...

    @abstractmethod
    def __exit__(self, *error: object) -> None: ...


@final
class InProcess(Evaluator):
    """Evaluates one after the other in this process: right for tables."""

    def __init__(self, benchmark: Benchmark, metrics: Sequence[str]) -> None:
        """Takes what to ask, and for which metrics."""
        self._benchmark = benchmark
        self._metrics = tuple(metrics)

    def evaluate(self, archs: Sequence[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields outcomes in order."""
        for i, arch in enumerate(archs):
            yield i, _evaluate_one(self._benchmark, arch, self._metrics)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@final
class LocalProcesses(Evaluator):
    """Evaluates in ``workers`` processes, each with its own copy of the benchmark.

    Each worker is an executor of one process, so that when a process dies it is known which
    architecture it was working on: that one is recorded as failed and the worker is replaced.
    """

    def __init__(self, benchmark: Benchmark, metrics: Sequence[str], workers: int) -> None:
        """Starts the workers."""
        self._benchmark = benchmark
        self._metrics = tuple(metrics)
        self._executors = [self._start() for _ in range(workers)]

    def evaluate(self, archs: Sequence[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields outcomes as they arrive."""
        waiting = list(enumerate(archs))[::-1]
        running: dict[Future[Evaluation], tuple[int, int, float]] = {}
        free = list(range(len(self._executors)))
        while waiting or running:
            while waiting and free:
                worker, (position, arch) = free.pop(), waiting.pop()
                future = self._executors[worker].submit(_evaluate_in_worker, arch)
                running[future] = (worker, position, time.perf_counter())
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, position, started = running.pop(future)
                free.append(worker)
                yield position, self._collect(future, worker, started)

    def __enter__(self) -> LocalProcesses:
        return self

    def __exit__(self, *error: object) -> None:
        for executor in self._executors:
            executor.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        # spawn: a forked child of a process with torch threads can hang
        return ProcessPoolExecutor(
            1,
            mp_context=get_context("spawn"),
            initializer=_set_up_worker,
            initargs=(self._benchmark, self._metrics),
        )

    def _collect(self, future: Future[Evaluation], worker: int, started: float) -> Evaluation:
        try:
            return future.result()
        except BrokenProcessPool:
            self._executors[worker].shutdown(wait=False)
            self._executors[worker] = self._start()
            seconds = time.perf_counter() - started
            return _failed(len(self._metrics), seconds, "the evaluating process died")


def _failed(metrics: int, seconds: float, why: str) -> Evaluation:
    return Evaluation((float("nan"),) * metrics, seconds, why)


def _evaluate_one(benchmark: Benchmark, arch: Architecture, metrics: tuple[str, ...]) -> Evaluation:
    started = time.perf_counter()
    try:
        row = np.asarray(benchmark.query([arch], metrics), dtype=np.float64)
        if row.shape != (1, len(metrics)):
            raise EvaluationError(f"query gave shape {row.shape}, expected (1, {len(metrics)})")
    except Exception as error:  # whatever a user's benchmark raises is recorded, never lost
        why = f"{type(error).__name__}: {error}"
        return _failed(len(metrics), time.perf_counter() - started, why)
    seconds = time.perf_counter() - started
    missing = [name for name, value in zip(metrics, row[0], strict=True) if not np.isfinite(value)]
    if missing:
        return _failed(len(metrics), seconds, f"no finite value of {', '.join(missing)}")
    return Evaluation(tuple(row[0].tolist()), seconds)


_job: tuple[Benchmark, tuple[str, ...]] | None = None
"""What a worker process evaluates with; set once when the process starts, unused elsewhere."""


def _set_up_worker(benchmark: Benchmark, metrics: tuple[str, ...]) -> None:
    global _job
    _job = (benchmark, metrics)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle


def _evaluate_in_worker(arch: Architecture) -> Evaluation:
    if _job is None:
        raise EvaluationError("a worker was asked before it was set up")
    return _evaluate_one(_job[0], arch, _job[1])
