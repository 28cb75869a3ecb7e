"""The contract of a benchmark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.errors import EvaluationError, InvalidInput, MissingData
from agnet.objectives import Metric, Objective
from agnet.spaces import Architecture, SearchSpace

__all__ = ["Benchmark", "Observation", "find_metric"]


@dataclass(frozen=True)
class Observation:
    """One architecture, measured.

    Attributes:
        values: One number a metric asked for.
        curves: What was seen on the way, by name, such as the loss: one number an epoch. Of one
            training all are equally long.
    """

    values: tuple[float, ...]
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


class Benchmark(ABC):
    """Where a number comes from: a table, a model fitted to one, or real training.

    ``K`` is the number of metrics asked for. A benchmark is deterministic unless it trains, and can
    be sent to another process. :class:`agnet.testing.BenchmarkContract` checks an implementation.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that the command line takes, such as ``nasbench201``."""

    @property
    @abstractmethod
    def dataset(self) -> str:
        """The image data set that the numbers are of."""

    @property
    @abstractmethod
    def space(self) -> SearchSpace:
        """The architectures that can be asked for."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """What can be asked for now, with the data at hand."""

    @property
    def missing(self) -> Mapping[str, str]:
        """Metrics that need a file which is not there: name -> what to get, how to import it.

        None by default.
        """
        return MappingProxyType({})

    @property
    def instant(self) -> bool:
        """Whether to ask it again costs next to nothing: not if it trains or computes for long.

        True by default.
        """
        return True

    @property
    def default_objective(self) -> Objective:
        """What a search optimises when nothing is said.

        By default the first metric that it may see.

        Raises:
            MissingData: If there is none.
        """
        for metric in self.metrics:
            if not metric.held_out:
                return Objective(metric.name, metric.direction)
        raise MissingData(f"got no metric of {self.name} that a search may see; expected one")

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the numbers come from, and their licence, in one line."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """What :func:`agnet.benchmarks.open_benchmark` needs to open it again: plain values."""

    @abstractmethod
    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Looks up or measures ``K`` metrics of ``B`` architectures.

        Returns:
            ``(B, K)``; NaN where a value is missing.

        Raises:
            InvalidInput: If a metric is unknown or an architecture is of another space.
            MissingData: If a metric needs a file that has not been imported.
        """

    def observe(self, arch: Architecture, metrics: Sequence[str]) -> Observation:
        """Measures ``K`` metrics of one architecture as :meth:`query` does, and says how it went.

        By default nothing is said.

        Raises:
            EvaluationError: If a query of one architecture does not give ``(1, K)``.
        """
        row = np.asarray(self.query([arch], metrics), dtype=np.float64)
        if row.shape != (1, len(metrics)):
            raise EvaluationError(f"query gave shape {row.shape}, expected (1, {len(metrics)})")
        return Observation(tuple(row[0].tolist()))

    def within(self, folder: Path) -> Benchmark:
        """Returns what a run in ``folder`` is to ask: itself, by default.

        One that measures for long may leave there what it goes on from when it was killed.
        """
        return self


def find_metric(benchmark: Benchmark, name: str) -> Metric:
    """Returns a benchmark's metric of a name.

    Raises:
        MissingData: If it needs a file that has not been imported; the message says which.
        InvalidInput: If there is no such metric; the message lists those there are.
    """
    for metric in benchmark.metrics:
        if metric.name == name:
            return metric
    if name in benchmark.missing:
        raise MissingData(f"{name} of {benchmark.name} is not there: {benchmark.missing[name]}")
    known = ", ".join(metric.name for metric in benchmark.metrics)
    raise InvalidInput(f"got the metric {name!r}; {benchmark.name} has {known}")
