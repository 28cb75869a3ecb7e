"""Bring your own function: whatever measures an architecture is a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.errors import EvaluationError, InvalidInput
from agnet.objectives import Metric
from agnet.spaces import Architecture, SearchSpace

__all__ = ["FunctionBenchmark"]


@final
class FunctionBenchmark(Benchmark):
    """Metrics that a function of the user's computes or measures, one architecture at a time.

    What it raises is a failed query, which the search records and goes on from. With worker
    processes it has to be importable, so a function of a module. A run of it is opened and resumed
    in Python, where the benchmark is given again.

        bench = FunctionBenchmark(space, measure, [Metric("loss", "", "minimize")])
        run = search(bench, queries=64)
    """

    def __init__(
        self,
        space: SearchSpace,
        function: Callable[[Architecture], Mapping[str, float]],
        metrics: Sequence[Metric],
        *,
        dataset: str = "custom",
        instant: bool = False,
    ) -> None:
        """Takes the function.

        Args:
            space: What architectures are.
            function: Gives a number for every metric, by name.
            metrics: What it gives, the one to be optimised by default first.
            dataset: The data set that the numbers are of.
            instant: Whether to call it again costs next to nothing.

        Raises:
            InvalidInput: If there is no metric that a search may see, or two have one name.
        """
        names = [metric.name for metric in metrics]
        if len(set(names)) < len(names) or all(metric.held_out for metric in metrics):
            raise InvalidInput(
                f"got the metrics {', '.join(names) or 'none'}; expected names that differ, and "
                "at least one metric that is not held out"
            )
        self._space, self._function, self._metrics = space, function, tuple(metrics)
        self._dataset, self._instant = dataset, instant

    @property
    def name(self) -> str:
        """``function``."""
        return "function"

    @property
    def dataset(self) -> str:
        """What was given."""
        return self._dataset

    @property
    def space(self) -> SearchSpace:
        """What was given."""
        return self._space

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What was given."""
        return self._metrics

    @property
    def instant(self) -> bool:
        """What was given."""
        return self._instant

    @property
    def source(self) -> str:
        """The name of the function."""
        return f"the function {getattr(self._function, '__qualname__', repr(self._function))}"

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name alone: a function cannot be written down."""
        return {"name": self.name}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Calls the function for each architecture; see :meth:`Benchmark.query`.

        Raises:
            EvaluationError: If the function leaves out a metric.
        """
        for name in metrics:
            find_metric(self, name)
        batch = self._space.batch(archs)
        rows = [self._row(arch, metrics) for arch in batch] if metrics else []
        return np.array(rows, dtype=np.float64).reshape(len(batch), len(metrics))

    def _row(self, arch: Architecture, metrics: Sequence[str]) -> list[float]:
        found = self._function(arch)
        if missing := [name for name in metrics if name not in found]:
            raise EvaluationError(
                f"{self.source} gave {', '.join(found) or 'nothing'} for {arch}; expected "
                f"{', '.join(missing)} too"
            )
        return [float(found[name]) for name in metrics]
