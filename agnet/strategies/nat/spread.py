"""Choosing a few of many so that a front becomes evenly filled.

After Lu, Deb, Goodman, Banzhaf and Boddeti, "NSGANetV2: Evolutionary Multi-objective Surrogate-
assisted Neural Architecture Search", ECCV 2020, which solves the same problem by a genetic
algorithm over bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["evenly_spread", "unevenness"]

Array = npt.NDArray[np.float64]

PASSES: Final = 20  # of exchanges; few are ever needed


def evenly_spread(front: Array, candidates: Array, n: int) -> npt.NDArray[np.int64]:
    """Returns ``n`` rows of the candidates that make the costs of a front most even.

    They are picked one by one, each the best beside those before it, and then exchanged as long as
    an exchange is better.

    Args:
        front: ``(F, C)``, costs of what is there already.
        candidates: ``(B, C)``, costs of what can be chosen.
        n: How many; all, if there are no more.
    """
    if len(candidates) <= n:
        return np.arange(len(candidates))
    every = np.concatenate([front, candidates])
    low, span = every.min(axis=0), np.ptp(every, axis=0)
    unit = np.where(span > 0, span, 1.0)
    fixed, offered = (front - low) / unit, (candidates - low) / unit
    chosen: list[int] = []
    for _ in range(n):
        chosen.append(_best(fixed, offered, chosen)[0])
    for _ in range(PASSES):
        before = list(chosen)
        for at in range(n):
            others = chosen[:at] + chosen[at + 1 :]
            row, value = _best(fixed, offered, others)
            if value < unevenness(np.concatenate([fixed, offered[chosen]])[None])[0]:
                chosen[at] = row
        if chosen == before:
            break
    return np.array(chosen, dtype=np.int64)


def unevenness(points: Array) -> Array:
    """Returns for sets ``(S, P, C)`` the largest deviation of gaps between neighbours, ``(S,)``.

    Neighbours are so in the order of one cost; the largest is over the costs.
    """
    gaps = np.diff(np.sort(points, axis=1), axis=1)
    found: Array = gaps.std(axis=1).max(axis=1) if gaps.shape[1] else np.zeros(len(points))
    return found


def _best(fixed: Array, offered: Array, chosen: list[int]) -> tuple[int, float]:
    """The candidate that is best beside those chosen, and how uneven the front is with it."""
    free = np.setdiff1d(np.arange(len(offered)), chosen)
    there = np.concatenate([fixed, offered[chosen]])
    sets = np.concatenate(
        [np.broadcast_to(there, (len(free), *there.shape)), offered[free][:, None]], axis=1
    )
    values = unevenness(sets)
    at = int(values.argmin())
    return int(free[at]), float(values[at])
