"""How experiments with several objectives measure a front: in deviations, from a fixed reference.

The first objective is to be maximised, the others are costs. The reference lies one deviation
below the mean of the first and four above that of each cost (Zhao et al., JMLR 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from agnet import Run

__all__ = ["Points", "Scale", "directed"]

Points = npt.NDArray[np.float64]


@final
@dataclass(frozen=True)
class Scale:
    """Means and deviations of ``M`` metrics.

    Attributes:
        shift: ``(M,)``, the means.
        spread: ``(M,)``, the deviations.
    """

    shift: Points
    spread: Points

    @classmethod
    def of(cls, values: Points) -> Scale:
        """Takes those of ``(B, M)`` metrics."""
        return cls(values.mean(axis=0), values.std(axis=0))

    @property
    def signs(self) -> Points:
        """``(M,)``, what turns metrics into something to be minimised."""
        return np.array([-1.0] + [1.0] * (len(self.shift) - 1))

    @property
    def bound(self) -> Points:
        """``(M,)``, the reference in deviations."""
        return np.array([1.0] + [4.0] * (len(self.shift) - 1))

    @property
    def reference(self) -> tuple[float, ...]:
        """The reference in the units of the metrics."""
        return tuple((self.shift + self.signs * self.bound * self.spread).tolist())

    def standardised(self, values: Points) -> Points:
        """Metrics ``(B, M)`` in deviations, all to be minimised."""
        return np.asarray(self.signs * (values - self.shift) / self.spread)

    def points(self, run: Run) -> Points:
        """The queries of a run in deviations; its objectives are those of this scale."""
        names = [objective.metric for objective in run.config.parsed_objectives()]
        return self.standardised(run.values[:, [run.columns.index(name) for name in names]])

    def volume(self, run: Run) -> Points:
        """The hypervolume ``(B,)`` of a run with this reference, in deviations."""
        return np.asarray(run.hypervolume() / self.spread.prod())


def directed(metrics: Sequence[str]) -> tuple[str, ...]:
    """The objectives: the first metric maximised, the others minimised."""
    return (f"maximize {metrics[0]}", *(f"minimize {name}" for name in metrics[1:]))
