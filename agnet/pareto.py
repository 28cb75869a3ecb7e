"""Sets of points with several objectives: who dominates whom, and how much a front is worth.

Everything here is minimised, as in :class:`agnet.objectives.Outcomes`. Rows with a NaN are failed
evaluations: they dominate nothing, are never on a front, and are worth nothing. Distances and
volumes come from moocore (Fonseca, Paquete and Lopez-Ibanez, "An improved dimension-sweep algorithm
for the hypervolume indicator", CEC 2006).
"""

from __future__ import annotations

from typing import Final, final

import moocore
import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput

__all__ = [
    "Front",
    "contributions",
    "dominance_numbers",
    "hypervolume",
    "hypervolume_curve",
    "igd_plus",
    "non_dominated",
    "non_dominated_ranks",
]

Points = npt.NDArray[np.float64]

BLOCK: Final = 4_000_000  # comparisons at a time


@final
class Front:
    """The non-dominated ones of all points that were added, one at a time.

    Attributes:
        points: ``(F, M)``, of equals the first.
    """

    points: Points

    def __init__(self, objectives: int) -> None:
        """Starts without points."""
        self.points = np.empty((0, objectives))

    def add(self, point: Points) -> bool:
        """Takes a point ``(M,)`` without NaN, and says whether it is now on the front."""
        if (self.points <= point).all(axis=1).any():
            return False
        kept = self.points[~(point <= self.points).all(axis=1)]
        self.points = np.concatenate([kept, point[None]])
        return True


def non_dominated(points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Says which of ``(B, M)`` points no other one dominates; of equals, all."""
    rows, known = _known(points)
    found = np.zeros(len(rows), dtype=bool)
    if known.any():
        found[known] = moocore.is_nondominated(rows[known], keep_weakly=True)
    return found


def non_dominated_ranks(points: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Returns ranks ``(B,)``: 0 on the front, 1 on the front of the rest, and so on; failed last.

    Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002.
    """
    rows, known = _known(points)
    ranks = np.zeros(len(rows), dtype=np.int64)
    if known.any():
        ranks[known] = moocore.pareto_rank(rows[known])
        ranks[~known] = ranks[known].max() + 1
    return ranks


def dominance_numbers(points: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Counts by how many of the ``(B, M)`` points each is dominated, ``(B,)``; failed ones by all.

    A point dominates another if it is as good in every objective and better in one. What failed is
    given ``B``, more than any other can have. Zhao et al., "Multi-objective Optimization by
    Learning Space Partitions", ICLR 2022.
    """
    rows, known = _known(points)
    numbers = np.full(len(rows), len(rows), dtype=np.int64)
    values = rows[known]
    counts = np.empty(len(values), dtype=np.int64)
    size = max(BLOCK // max(values.size, 1), 1)
    for start in range(0, len(values), size):
        some = values[start : start + size]
        as_good = (values[:, None] <= some).all(axis=2)
        better = (values[:, None] < some).any(axis=2)
        counts[start : start + size] = (as_good & better).sum(axis=0)
    numbers[known] = counts
    return numbers


def hypervolume(points: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Returns the volume between ``(B, M)`` points and a reference ``(M,)`` that is worse.

    Raises:
        InvalidInput: If the reference has another length, or is not finite.
    """
    rows, inside, bound = _inside(points, reference)
    return float(moocore.hypervolume(rows[inside], ref=bound)) if inside.any() else 0.0


def hypervolume_curve(points: npt.ArrayLike, reference: npt.ArrayLike) -> Points:
    """Returns the hypervolume ``(B,)`` after each of ``(B, M)`` points.

    Raises:
        InvalidInput: If the reference has another length, or is not finite.
    """
    rows, inside, bound = _inside(points, reference)
    curve, front, volume = np.zeros(len(rows)), Front(rows.shape[1]), 0.0
    for at in range(len(rows)):
        if inside[at] and front.add(rows[at]):
            # It cannot shrink; by rounding it could.
            volume = max(volume, float(moocore.hypervolume(front.points, ref=bound)))
        curve[at] = volume
    return curve


def contributions(points: npt.ArrayLike, reference: npt.ArrayLike) -> Points:
    """Returns by how much the hypervolume shrinks if a point is left out, ``(B,)``.

    Raises:
        InvalidInput: If the reference has another length, or is not finite.
    """
    rows, inside, bound = _inside(points, reference)
    found = np.zeros(len(rows))
    if inside.any():
        found[inside] = moocore.hv_contributions(rows[inside], ref=bound, ignore_dominated=False)
    return found


def igd_plus(points: npt.ArrayLike, front: npt.ArrayLike) -> float:
    """Returns how far a front ``(F, M)`` is from ``(B, M)`` points on average; infinite for none.

    Only what a point lacks counts, not what it exceeds (Ishibuchi et al., "Modified distance
    calculation in generational distance and inverted generational distance", EMO 2015).

    Raises:
        InvalidInput: If the front is empty, or has another number of objectives.
    """
    rows, known = _known(points)
    wanted, exists = _known(front)
    if not exists.any() or wanted.shape[1] != rows.shape[1]:
        raise InvalidInput(
            f"got a front of shape {wanted.shape} for points of shape {rows.shape}; expected at "
            "least one point with as many objectives"
        )
    return float(moocore.igd_plus(rows[known], ref=wanted[exists])) if known.any() else np.inf


def _known(points: npt.ArrayLike) -> tuple[Points, npt.NDArray[np.bool_]]:
    rows = np.asarray(points, dtype=np.float64)
    if rows.ndim != 2:
        raise InvalidInput(f"got points of shape {rows.shape}; expected (B, M)")
    return rows, np.asarray(~np.isnan(rows).any(axis=1))


def _inside(
    points: npt.ArrayLike, reference: npt.ArrayLike
) -> tuple[Points, npt.NDArray[np.bool_], Points]:
    """The points, which of them are better than the reference in everything, and the reference."""
    rows, known = _known(points)
    bound, objectives = np.asarray(reference, dtype=np.float64), rows.shape[1]
    if bound.shape != (objectives,) or not np.isfinite(bound).all():
        raise InvalidInput(
            f"got the reference point {bound.tolist()}; expected {objectives} finite numbers, one "
            "for each objective"
        )
    return rows, known & (rows < bound).all(axis=1), bound
