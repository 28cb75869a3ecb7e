"""Evaluating a batch of architectures, in this process or in several, one at a time each."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, final

from agnet.errors import EvaluationError
from agnet.workers import start_workers, stopping_workers

if TYPE_CHECKING:
    from agnet.benchmarks import Benchmark
    from agnet.spaces import Architecture

__all__ = ["Evaluation", "Evaluator", "InProcess", "LocalProcesses", "evaluate_one", "failed"]


@dataclass(frozen=True)
class Evaluation:
    """What came of one architecture.

    Attributes:
        values: One number a metric asked for; all NaN if the evaluation failed.
        seconds: Wall-clock seconds it took.
        failure: Why it failed, or None.
        curves: What was seen on the way, by name: one number an epoch.
    """

    values: tuple[float, ...]
    seconds: float
    failure: str | None = None
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


class Evaluator(ABC):
    """Evaluates architectures on a benchmark; a context manager that frees its workers."""

    @abstractmethod
    def evaluate(self, archs: Iterable[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields the position and outcome of each of ``archs`` as it arrives, in any order.

        The next one is taken from ``archs`` only when a worker is free for it, so that it can
        depend on the outcomes that were yielded before. An evaluation that raises, gives NaN or
        kills its process is yielded as failed.
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

    def evaluate(self, archs: Iterable[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields outcomes in order."""
        for i, arch in enumerate(archs):
            yield i, evaluate_one(self._benchmark, arch, self._metrics)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@final
class LocalProcesses(Evaluator):
    """Evaluates in ``workers`` processes, each with its own copy of the benchmark.

    Each worker is an executor of one process, so that when a process dies it is known which
    architecture it was working on. That one is tried once more, because a process can also be
    killed from outside; if it dies again, it is recorded as failed.
    """

    def __init__(self, benchmark: Benchmark, metrics: Sequence[str], workers: int) -> None:
        """Takes what to ask, and for which metrics; the workers start on entering."""
        self._benchmark = benchmark
        self._metrics = tuple(metrics)
        self._workers = workers
        self._stopping = ExitStack()

    def evaluate(self, archs: Iterable[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields outcomes as they arrive."""
        jobs = ((position, arch, True) for position, arch in enumerate(archs))
        again: list[tuple[int, Architecture, bool]] = []
        running: dict[Future[Evaluation], tuple[int, float, tuple[int, Architecture, bool]]] = {}
        free = list(range(self._workers))
        while True:
            while free and (job := again.pop() if again else next(jobs, None)):
                worker = free.pop()
                future = self._submit(worker, job[1])
                running[future] = (worker, time.perf_counter(), job)
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, started, (position, arch, first_try) = running.pop(future)
                free.append(worker)
                try:
                    yield position, future.result()
                except BrokenProcessPool:
                    if first_try:
                        again.append((position, arch, False))
                        continue
                    seconds = time.perf_counter() - started
                    why = "the evaluating process died, twice"
                    yield position, failed(len(self._metrics), seconds, why)

    def __enter__(self) -> LocalProcesses:
        """Starts the workers.

        Raises:
            EvaluationError: If they cannot start.
        """
        self._stopping.enter_context(stopping_workers())
        self._executors = [self._start() for _ in range(self._workers)]
        try:
            for ready in [executor.submit(_is_ready) for executor in self._executors]:
                ready.result()
        except BrokenProcessPool as error:
            self._stopping.close()
            raise EvaluationError(
                "the worker processes cannot start: is the benchmark importable and picklable, and "
                "does the script call search() under if __name__ == '__main__'?"
            ) from error
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.close()
        for executor in self._executors:
            executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        return start_workers(1, _set_up_worker, self._benchmark, self._metrics)

    def _submit(self, worker: int, arch: Architecture) -> Future[Evaluation]:
        """Gives a worker something to do; replaces it first if it has died."""
        try:
            return self._executors[worker].submit(_evaluate_in_worker, arch)
        except BrokenProcessPool:
            self._executors[worker].shutdown(wait=False)
            self._executors[worker] = self._start()
            return self._executors[worker].submit(_evaluate_in_worker, arch)


def failed(metrics: int, seconds: float, why: str) -> Evaluation:
    """Returns the outcome of an evaluation that gave none of so many metrics."""
    return Evaluation((float("nan"),) * metrics, seconds, why)


def evaluate_one(benchmark: Benchmark, arch: Architecture, metrics: tuple[str, ...]) -> Evaluation:
    """Asks a benchmark for metrics of one architecture; whatever it raises is an outcome."""
    started = time.perf_counter()
    try:
        seen = benchmark.observe(arch, metrics)
        numbers = zip(metrics, seen.values, strict=True)
        missing = [name for name, value in numbers if not isfinite(value)]
    except Exception as error:  # whatever a user's benchmark raises is recorded, never lost
        why = f"{type(error).__name__}: {error}"
        return failed(len(metrics), time.perf_counter() - started, why)
    seconds = time.perf_counter() - started
    if missing:
        return failed(len(metrics), seconds, f"no finite value of {', '.join(missing)}")
    return Evaluation(seen.values, seconds, curves=seen.curves)


_job: tuple[Benchmark, tuple[str, ...]] | None = None
"""What a worker process evaluates with; set once when the process starts, unused elsewhere."""


def _set_up_worker(benchmark: Benchmark, metrics: tuple[str, ...]) -> None:
    global _job
    _job = (benchmark, metrics)


def _is_ready() -> None:
    """Does nothing: that it was done shows that the worker has started."""


def _evaluate_in_worker(arch: Architecture) -> Evaluation:
    if _job is None:
        raise EvaluationError("a worker was asked before it was set up")
    return evaluate_one(_job[0], arch, _job[1])
