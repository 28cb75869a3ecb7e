"""Evaluating on many machines: every architecture is a task of a Ray cluster."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, final

from threadpoolctl import threadpool_info

from agnet.environment import THREADS, environment
from agnet.errors import EvaluationError, InvalidInput
from agnet.evaluation import Evaluation, Evaluator, evaluate_one, failed
from agnet.extras import needs
from agnet.ray_cluster import LOCAL, connected, reason, settings_for

if TYPE_CHECKING:
    from agnet.benchmarks import Benchmark
    from agnet.spaces import Architecture

__all__ = ["RayEvaluator"]


@dataclass(frozen=True)
class _Job:
    """An architecture to evaluate, and when its task was made."""

    position: int
    arch: Architecture
    first_try: bool = True
    made: float = 0.0


@final
class RayEvaluator(Evaluator):
    """Evaluates as tasks of a Ray cluster, on whatever machine has room.

    The benchmark is sent once, and loaded once by each worker process: agnet and the module of the
    benchmark have to be there in the same versions, and the files that it reads. An evaluation has
    as many threads as this process, whatever it reserves, so that numbers are the same. If its
    process or machine dies it is tried once more, and recorded as failed if that dies, too. What
    workers print is not shown; that one has died Ray itself says on standard output.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        metrics: Sequence[str],
        *,
        address: str = LOCAL,
        cpus: float = 1.0,
        gpus: float = 0.0,
        at_a_time: int | None = None,
    ) -> None:
        """Takes what to ask, and of whom; the connection is made on entering.

        Args:
            benchmark: Where the numbers come from.
            metrics: Which of them are asked for.
            address: ``local`` starts a cluster of this machine alone, that nobody else can reach;
                ``auto`` finds one that runs here; others are as Ray takes them, such as
                ``10.0.0.1:6379``. If this process is connected to a cluster already, that one is
                used.
            cpus: CPUs that an evaluation reserves.
            gpus: GPUs that an evaluation reserves; without any it sees none.
            at_a_time: How many evaluations are handed out; by default as many as there is room for.

        Raises:
            InvalidInput: If a number cannot be used.
            MissingExtra: If Ray is not installed.
        """
        for name, amount in (("cpus", cpus), ("gpus", gpus)):
            if not (math.isfinite(amount) and amount >= 0):
                raise InvalidInput(f"got {amount} {name}; expected a number of at least 0")
            if amount > 1 and amount != int(amount):
                raise InvalidInput(
                    f"got {amount} {name}; expected a part of one, or a whole number"
                )
        if not cpus and not gpus:
            raise InvalidInput("got neither cpus nor gpus; expected one that an evaluation needs")
        if at_a_time is not None and at_a_time < 1:
            raise InvalidInput(f"got {at_a_time} evaluations at a time; expected 1 or more")
        with needs("ray", "evaluating on a Ray cluster"), environment(settings_for(address)):
            import ray  # noqa: F401
        self._benchmark, self._metrics, self._address = benchmark, tuple(metrics), address
        self._needed = {"CPU": float(cpus), "GPU": float(gpus)}
        self._at_a_time = at_a_time
        self._running: dict[Any, _Job] = {}
        self._leaving = ExitStack()

    def evaluate(self, archs: Iterable[Architecture]) -> Iterator[tuple[int, Evaluation]]:
        """Yields outcomes as they arrive.

        Raises:
            EvaluationError: If the workers cannot evaluate at all, or there are none any more.
        """
        import ray

        jobs = (_Job(position, arch) for position, arch in enumerate(archs))
        again: list[_Job] = []
        try:
            while True:
                room = self._room() - len(self._running)
                while room > 0 and (job := again.pop() if again else next(jobs, None)):
                    task = self._task.remote(self._sent, job.arch, self._metrics)
                    self._running[task] = replace(job, made=time.perf_counter())
                    room -= 1
                if not self._running:
                    return
                ((task,), _) = ray.wait(list(self._running), num_returns=1)
                job = self._running.pop(task)
                outcome = self._outcome(task, job)
                if outcome is None:
                    again.append(replace(job, first_try=False))
                else:
                    yield job.position, outcome
        finally:
            self._cancel()

    def __enter__(self) -> RayEvaluator:
        """Connects to the cluster and sends the benchmark.

        Raises:
            InvalidInput: If there is no cluster at the address.
            EvaluationError: If no machine has what an evaluation needs, or they cannot load the
                benchmark.
        """
        with ExitStack() as stack:
            stack.enter_context(connected(self._address))
            stack.callback(self._cancel)
            self._room()
            self._send()
            self._leaving = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._leaving.close()

    def _send(self) -> None:
        """Puts the benchmark into the object store, and sees whether workers can load it.

        As bytes: what Ray takes apart itself has arrays that cannot be written to.
        """
        import ray

        self._sent = [ray.put(ray.cloudpickle.dumps(self._benchmark))]
        options = {
            "num_cpus": self._needed["CPU"],
            "num_gpus": self._needed["GPU"],
            "max_retries": 0,  # not by Ray, which would go on and on where memory is short
            "runtime_env": {"env_vars": _threads()},
        }
        self._task = ray.remote(**options)(_evaluate)
        try:
            ray.get(ray.remote(**options)(_load).remote(self._sent))
        except ray.exceptions.RayError as error:
            raise EvaluationError(
                f"the workers of the Ray cluster cannot load the benchmark ({reason(error)}): "
                "are agnet and the benchmark's module there, in the same versions?"
            ) from error

    def _room(self) -> int:
        """How many evaluations may run at the moment.

        Raises:
            EvaluationError: If no machine has what one needs.
        """
        if self._at_a_time is not None:
            return self._at_a_time
        import ray

        needed = {name: amount for name, amount in self._needed.items() if amount}
        room = sum(
            min(int(node["Resources"].get(name, 0) / needed[name] + 1e-6) for name in needed)
            for node in ray.nodes()
            if node["Alive"]
        )
        if not room:
            raise EvaluationError(
                f"no machine of the Ray cluster has {needed}, which an evaluation is to have; ask "
                "for less, or add one and resume"
            )
        return room

    def _outcome(self, task: Any, job: _Job) -> Evaluation | None:
        """What came of a task that has ended; None if it is to be tried again."""
        import ray
        from ray import exceptions

        try:
            outcome: Evaluation = ray.get(task)
        except (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        ) as error:
            if job.first_try:
                return None
            why = f"the evaluating process died, twice ({type(error).__name__})"
            return failed(len(self._metrics), time.perf_counter() - job.made, why)
        except exceptions.RayError as error:
            raise EvaluationError(
                f"the Ray cluster cannot evaluate ({reason(error)}); what was recorded is intact"
            ) from error
        return outcome

    def _cancel(self) -> None:
        """Ends what is under way; what it would have found is evaluated again on resuming."""
        import ray

        while self._running:
            ray.cancel(self._running.popitem()[0], force=True)


def _threads() -> dict[str, str]:
    """The environment in which a worker has as many threads as this process.

    Ray would give it as many as it has CPUs, and sums in another order are other sums.
    """
    import torch

    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    blas = max((library["num_threads"] for library in libraries), default=1)
    numbers = (torch.get_num_threads(), torch.get_num_threads(), blas)
    return {name: str(number) for name, number in zip(THREADS, numbers, strict=True)}


@lru_cache(maxsize=1)
def _loaded(sent: Any) -> Benchmark:
    """The benchmark, once in each worker process."""
    import ray

    benchmark: Benchmark = ray.cloudpickle.loads(ray.get(sent))
    return benchmark


def _load(sent: Sequence[Any]) -> None:
    """Loads the benchmark: that it can be shows that the worker is able to evaluate."""
    _loaded(*sent)


def _evaluate(sent: Sequence[Any], arch: Architecture, metrics: tuple[str, ...]) -> Evaluation:
    return evaluate_one(_loaded(*sent), arch, metrics)
