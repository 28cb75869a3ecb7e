"""Where a search stands, kept up to date query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from agnet.objectives import Limit, Objective, outcomes
from agnet.pareto import Front

__all__ = ["Standing", "StandingTracker"]


@dataclass(frozen=True)
class Standing:
    """Where a search stands.

    Attributes:
        queries: Architectures evaluated so far.
        best: The best feasible value of the first objective, in its own unit, or None.
        front: Number of non-dominated feasible architectures.
        failed: Evaluations that failed.
    """

    queries: int
    best: float | None
    front: int
    failed: int


@final
class StandingTracker:
    """Computes the standing one query at a time, so that a long search does not slow down."""

    def __init__(
        self, columns: Sequence[str], objectives: Sequence[Objective], limits: Sequence[Limit]
    ) -> None:
        """Starts with nothing evaluated."""
        self._columns, self._objectives, self._limits = columns, objectives, limits
        self._front = Front(len(objectives))
        self._queries = self._failed = 0

    def add(self, values: Sequence[float]) -> Standing:
        """Counts one evaluation, given its metric values, and returns the new standing."""
        row = np.array([values], dtype=np.float64)
        result = outcomes(row, self._columns, self._objectives, self._limits)
        self._queries += 1
        self._failed += int(result.failed[0])
        if result.feasible[0]:
            self._front.add(result.objectives[0])
        return self.standing

    @property
    def standing(self) -> Standing:
        """The present standing."""
        best, front = None, self._front.points
        if len(front):
            best = float(self._objectives[0].sign * front[:, 0].min())
        return Standing(self._queries, best, len(front), self._failed)
