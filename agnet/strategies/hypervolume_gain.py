"""Choosing a batch by the hypervolume that it is expected to add.

The hypervolume of points ``y`` above a reference is, up to a factor, the mean over directions ``d``
on the positive part of the unit sphere of ``max_y s_d(y)^M``, with the scalarisation ``s_d(y) =
min_m max(y_m - r_m, 0) / d_m`` (Zhang and Golovin, "Random Hypervolume Scalarizations for Provable
Multi-Objective Black Box Optimization", ICML 2020, lemma 5). So the expected gain of a candidate is
a mean over directions and draws of what it exceeds the best of the front by: the same few lines for
any number of objectives, batched over candidates.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import qmc

__all__ = ["LEAST", "choose_by_gain", "directions", "expected_gains", "worths"]

Array: TypeAlias = npt.NDArray[np.float64]

DIRECTIONS: Final = 128
DRAWS: Final = 16  # of each candidate, at the quantiles of a normal distribution
SHORTLIST: Final = 512  # candidates of the highest gain, among which a batch is chosen
LEAST: Final = 1e-12  # so that what adds nothing can still be ordered by its feasibility
CHUNK: Final = 1_024


def directions(objectives: int) -> Array:
    """Returns unit vectors ``(D, M)`` spread evenly over the positive part of the sphere."""
    if objectives == 2:
        angle = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS * np.pi / 2
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = qmc.Sobol(objectives, scramble=False).random(2 * DIRECTIONS)[1 : DIRECTIONS + 1]
    vectors = np.abs(ndtri(0.5 + 0.5 * np.clip(points, 1e-3, 1 - 1e-3)))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def worths(points: Array, reference: Array, spread: Array) -> Array:
    """Returns ``s_d(y)^M``, ``(..., D)``, of points ``(..., M)`` for ``(D, M)`` directions."""
    above = np.maximum(points - reference, 0.0)
    worth = np.full((*above.shape[:-1], len(spread)), np.inf)
    for m in range(above.shape[-1]):
        np.minimum(worth, above[..., m, None] / spread[:, m], out=worth)
    return np.asarray(worth ** above.shape[-1])


def expected_gains(mean: Array, std: Array, best: Array, reference: Array, spread: Array) -> Array:
    """The expected gain ``(B,)`` of candidates, up to a factor.

    Args:
        mean: ``(B, M)``, all to be maximised.
        std: ``(B, M)``, zero where a metric is known; objectives are taken to be independent.
        best: ``(D,)``, the worth of the front in each direction.
        reference: ``(M,)``.
        spread: ``(D, M)`` directions.
    """
    draws = _draws(mean.shape[1], uncertain=np.asarray((std > 0).any(axis=0)))
    gains = np.empty(len(mean))
    for start in range(0, len(mean), CHUNK):
        part = slice(start, start + CHUNK)
        points = mean[part, None] + std[part, None] * draws
        exceeded = worths(points, reference, spread) - best
        gains[part] = np.maximum(exceeded, 0.0).mean(axis=(1, 2))
    return gains


def choose_by_gain(
    mean: Array, std: Array, front: Array, reference: Array, n: int, log_weight: Array
) -> npt.NDArray[np.int64]:
    """Chooses up to ``n`` candidates, one after the other, the first choice first.

    Each is then taken to have been evaluated at its mean, so that the next one adds something else.

    Args:
        mean: ``(B, M)``, all to be maximised.
        std: ``(B, M)``, zero where a metric is known.
        front: ``(F, M)``, of what is known.
        reference: ``(M,)``.
        n: How many.
        log_weight: ``(B,)``, added to the logarithm of the gain: a log-probability.
    """
    spread = directions(mean.shape[1])
    best = worths(front, reference, spread).max(axis=0, initial=0.0)
    first = np.log(expected_gains(mean, std, best, reference, spread) + LEAST) + log_weight
    rows = np.argsort(-first, kind="stable")[: max(SHORTLIST, 4 * n)]
    chosen: list[int] = []
    for _ in range(min(n, len(rows))):
        gains = expected_gains(mean[rows], std[rows], best, reference, spread)
        scores = np.log(gains + LEAST) + log_weight[rows]
        scores[np.isin(rows, chosen)] = -np.inf
        at = int(rows[scores.argmax()])
        chosen.append(at)
        best = np.maximum(best, worths(mean[at], reference, spread))
    return np.array(chosen, dtype=np.int64)


def _draws(objectives: int, uncertain: npt.NDArray[np.bool_]) -> Array:
    """Evenly spread draws ``(S, M)`` of normal numbers; a single one if nothing is uncertain."""
    draws = np.zeros((DRAWS if uncertain.any() else 1, objectives))
    at = np.flatnonzero(uncertain)
    if len(at) == 1:
        draws[:, at[0]] = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    elif len(at):
        points = qmc.Sobol(len(at), scramble=False).random(2 * DRAWS)[1 : DRAWS + 1]
        draws[:, at] = ndtri(np.clip(points, 1e-3, 1 - 1e-3))
    return draws
