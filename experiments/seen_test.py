"""A benchmark whose test accuracy can be searched: only to compare with papers that did so."""

# ruff: noqa: D102  (each is what the inner benchmark says)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet import Architecture, Benchmark, Metric, Objective, SearchSpace

__all__ = ["SEEN", "SeenTest"]

SEEN: Final = "seen_test_accuracy"
HELD_OUT: Final = "test_accuracy"


@final
@dataclass(frozen=True)
class SeenTest(Benchmark):
    """Another benchmark, with its test accuracy once more under a name that says it was seen."""

    inner: Benchmark

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def dataset(self) -> str:
        return self.inner.dataset

    @property
    def space(self) -> SearchSpace:
        return self.inner.space

    @property
    def metrics(self) -> tuple[Metric, ...]:
        held_out = next(metric for metric in self.inner.metrics if metric.name == HELD_OUT)
        return (*self.inner.metrics, replace(held_out, name=SEEN, held_out=False))

    @property
    def missing(self) -> Mapping[str, str]:
        return self.inner.missing

    @property
    def default_objective(self) -> Objective:
        return self.inner.default_objective

    @property
    def source(self) -> str:
        return self.inner.source

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.inner.settings

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        names = [HELD_OUT if name == SEEN else name for name in metrics]
        return self.inner.query(archs, names)
