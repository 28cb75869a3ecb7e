"""The contract of a benchmark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput, MissingData
from agnet.objectives import Metric, Objective
from agnet.spaces import Architecture, SearchSpace

__all__ = ["Benchmark", "find_metric"]


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
    @abstractmethod
    def default_objective(self) -> Objective:
        """What a search optimises when nothing is said."""

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
