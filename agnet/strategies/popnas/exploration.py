"""Candidates that use what the front hardly uses, so that predictors learn of it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.strategies.popnas.growth import Usage

__all__ = ["Underused", "explore", "underused"]

Array: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

SHARE: Final = 0.2  # of a uniform share: what is used less is underused
ENOUGH: Final = {True: 8.0, False: 4.0}  # the score to reach: with both kinds underused, or one
RARE, BONUS = 2.0, 1.0
ACCURACY_STEP, COST_STEP = 0.04, 0.10  # what counts as one point of difference to the last one


@dataclass(frozen=True)
class Underused:
    """The elements that a front hardly uses.

    Attributes:
        inputs: Numbers of inputs.
        operations: Numbers of operations.
    """

    inputs: Rows
    operations: Rows


def underused(front: Usage) -> Underused:
    """Finds what all cells of a front use less than a fifth as often as if all were used alike."""
    counts = (front.inputs.sum(axis=0), front.operations.sum(axis=0))
    rare = [np.flatnonzero(count < SHARE * count.sum() / len(count)) for count in counts]
    return Underused(*rare)


def explore(
    accuracy: Array, costs: Array, usage: Usage, rare: Underused, n: int, taken: Rows
) -> Rows:
    """Chooses up to ``n`` candidates, greedily by accuracy, that use what is underused.

    POPNASv2's rules. A candidate's score is the sum over its underused elements of 1, of 2 if those
    chosen so far use the element no more often than the others of its kind, and of 1 if they use
    its kind no more often than the other kind; to a positive score the relative differences in
    accuracy and first cost to the last one chosen are added (that in accuracy only where all are
    positive, without which there is no ratio). One is chosen if the score suffices
    and its cost is less than that of the last one; with several costs, if none chosen dominates it.

    Args:
        accuracy: ``(B,)``, predicted.
        costs: ``(B, C)``, predicted.
        usage: What the candidates are made of.
        rare: What the front hardly uses; if nothing, nothing is chosen.
        n: How many at most.
        taken: The rows of the front, which are not chosen again.

    Returns:
        Rows, in the order of choice.
    """
    if not (len(rare.inputs) + len(rare.operations)):
        return np.empty(0, dtype=np.int64)
    enough = ENOUGH[bool(len(rare.inputs) and len(rare.operations))]
    kinds = [usage.inputs[:, rare.inputs], usage.operations[:, rare.operations]]
    order = np.lexsort((*costs.T[::-1], -accuracy))
    order = order[~np.isin(order, taken)]
    counts = [np.zeros(kind.shape[1]) for kind in kinds]
    chosen: list[int] = []
    start = 0
    while len(chosen) < n:
        rest = order[start:]
        score = _scores([kind[rest] for kind in kinds], counts)
        fits = np.ones(len(rest), dtype=bool)
        if chosen:
            last = chosen[-1]
            nearer = _difference(costs[rest, 0], costs[last, 0], COST_STEP)
            if (accuracy > 0).all():
                nearer += _difference(accuracy[rest], accuracy[last], ACCURACY_STEP)
            score = np.where(score > 0, score + nearer, score)
            fits = _undominated(accuracy[rest], costs[rest], accuracy[chosen], costs[chosen])
        found = np.flatnonzero(fits & (score >= enough))
        if not len(found):
            break
        at = int(rest[found[0]])
        chosen.append(at)
        counts = [count + kind[at] for count, kind in zip(counts, kinds, strict=True)]
        start += int(found[0]) + 1
    return np.array(chosen, dtype=np.int64)


def _scores(kinds: list[npt.NDArray[np.int64]], counts: list[Array]) -> Array:
    """The scores ``(B,)`` of cells that use underused elements so often."""
    totals = [count.sum() for count in counts]
    score = np.zeros(len(kinds[0]))
    for kind, count, own, other in zip(kinds, counts, totals, totals[::-1], strict=True):
        if len(count):
            worth = 1.0 + RARE * ((own == 0) | (count <= own / len(count))) + BONUS * (own <= other)
            score += kind @ worth
    return score


def _difference(values: Array, last: float, step: float) -> Array:
    """By how many steps values lie below the last one, relative to it."""
    return (last - values) / (step * max(abs(last), 1e-12))


def _undominated(
    accuracy: Array, costs: Array, other_accuracy: Array, other_costs: Array
) -> npt.NDArray[np.bool_]:
    """Which candidates cost less than the last of the chosen; or are dominated by none of them."""
    if costs.shape[1] == 1:
        return np.asarray(costs[:, 0] < other_costs[-1, 0])
    dominated = np.zeros(len(costs), dtype=bool)
    for worth, cost in zip(other_accuracy, other_costs, strict=True):
        dominated |= (worth >= accuracy) & (cost <= costs).all(axis=1)
    return ~dominated
