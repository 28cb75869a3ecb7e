"""Outcomes as points that can be compared: one scale for all objectives, limits included."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Outcomes, total_excess
from agnet.pareto import dominance_numbers, non_dominated_ranks

__all__ = ["better_half", "comparable", "reference"]

Points = npt.NDArray[np.float64]

FIRST: Final = 16  # so many of the first feasible outcomes settle the scale once and for all
MARGIN: Final = 0.1  # of the spread, by which the reference is worse than the worst of those


def comparable(outcomes: Outcomes) -> Points:
    """Returns points ``(B, M)``, all to be minimised, of which plain dominance tells all.

    In each objective the worst of the first feasible outcomes is 0 and their spread is 1, whatever
    comes later, so that volumes can be compared from round to round. Infeasible outcomes are worse
    than every feasible one in all objectives, the more so the further they break the limits
    (constrained dominance; Deb et al., "NSGA-II", 2002). Failed ones are NaN. Until something is
    feasible, the excess takes the place of every objective.
    """
    known = outcomes.finite
    feasible = known & outcomes.feasible
    broken = known & ~feasible
    over = total_excess(outcomes.excess[broken])[:, None]
    points = np.full(outcomes.objectives.shape, np.nan)
    if feasible.any():
        points[feasible] = _scaled(outcomes.objectives[feasible])
        points[broken] = max(points[feasible].max(), MARGIN) + 1.0 + over
    elif broken.any():
        points[broken] = _scaled(over)
    return points


def reference(objectives: int) -> Points:
    """The point ``(M,)`` that hypervolumes of :func:`comparable` points are measured from."""
    return np.full(objectives, MARGIN)


def better_half(points: Points, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Says which of ``(B, M)`` points are dominated by fewer of them than the others are.

    Of equals at the median those of the better front are taken first, then any. Where all are
    equals there is no better half: all are said to be good.
    """
    numbers, ranks = dominance_numbers(points), non_dominated_ranks(points)
    order = np.lexsort((rng.random(len(points)), ranks, numbers))
    good = np.ones(len(points), dtype=bool)
    if len(np.unique(np.stack([numbers, ranks]), axis=1).T) > 1:
        good[order[(len(points) + 1) // 2 :]] = False
    return good


def _scaled(values: Points) -> Points:
    worst, best = values[:FIRST].max(axis=0), values[:FIRST].min(axis=0)
    spread = np.where(worst > best, worst - best, 1.0)
    return np.asarray((values - worst) / spread)
