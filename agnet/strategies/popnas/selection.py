"""Which of the candidates of a step are kept: the front of the predictions."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.pareto import non_dominated

__all__ = ["kept_front", "layers", "most_accurate"]

Array: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]


def most_accurate(accuracy: Array, n: int) -> Rows:
    """The rows of the ``n`` of highest accuracy, in order; of equals the first come first."""
    return np.argsort(-accuracy, kind="stable")[:n]


def kept_front(accuracy: Array, costs: Array, n: int) -> Rows:
    """The front of high accuracies ``(B,)`` and low costs ``(B, C)``, cut to the ``n`` best.

    Of candidates with the same predictions the first is kept.

    Returns:
        Up to ``n`` rows, the most accurate first.
    """
    front = _front(accuracy, costs)
    return front[:n]


def layers(accuracy: Array, costs: Array, n: int) -> Rows:
    """The rows of the first front, then of that of the rest, and so on: ``n`` if there are as many.

    The last layer is cut to its most accurate.
    """
    left = np.arange(len(accuracy))
    found = np.empty(0, dtype=np.int64)
    while len(found) < n and len(left):
        layer = left[_front(accuracy[left], costs[left])]
        found = np.concatenate([found, layer[: n - len(found)]])
        left = np.setdiff1d(left, layer, assume_unique=True)
    return found


def _front(accuracy: Array, costs: Array) -> Rows:
    order = np.lexsort((*costs.T[::-1], -accuracy))
    points = np.column_stack([-accuracy, costs])[order]
    new = np.ones(len(order), dtype=bool)
    if costs.shape[1] == 1:  # in this order a point is on the front if none before it is as cheap
        cheapest = np.minimum.accumulate(points[:, 1])
        new[1:] = points[1:, 1] < cheapest[:-1]
        return np.asarray(order[new])
    new[1:] = (points[1:] != points[:-1]).any(axis=1)
    distinct = order[new]
    return np.asarray(distinct[non_dominated(points[new])])
