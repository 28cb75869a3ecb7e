"""Choosing a batch by the hypervolume that it is expected to add.

The hypervolume of points ``y`` above a reference is, up to a factor, the mean over directions ``d``
on the positive part of the unit sphere of ``max_y s_d(y)^M``, with the scalarisation ``s_d(y) =
min_m max(y_m - r_m, 0) / d_m`` (Zhang and Golovin, "Random Hypervolume Scalarizations for Provable
Multi-Objective Black Box Optimization", ICML 2020, lemma 5). So the expected gain of a candidate is
a mean over directions and draws of what it exceeds the best of the front by: the same few lines for
any number of objectives, batched over candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import qmc

__all__ = [
    "LEAST",
    "Aim",
    "choose_by_gain",
    "directions",
    "expected_gains",
    "log_gains",
    "part",
    "whole",
    "worths",
]

Array: TypeAlias = npt.NDArray[np.float64]

DIRECTIONS: Final = 128
FEW: Final = 8  # of them, which lead to a part of the front
BOLD: Final = 3.0  # times the deviations, where only a part is looked for
DRAWS: Final = 16  # of each candidate, at the quantiles of a normal distribution
SHORTLIST: Final = 512  # candidates of the highest gain, among which a batch is chosen
LEAST: Final = 1e-12  # so that what adds nothing can still be ordered by its feasibility
CHUNK: Final = 64  # candidates at a time: their draws in all directions stay in the cache


@final
@dataclass(frozen=True)
class Aim:
    """What is looked for.

    Attributes:
        spread: ``(D, M)``, the directions in which hypervolume counts.
        boldness: How many times the deviations of predictions count.
    """

    spread: Array
    boldness: float = 1.0


def whole(objectives: int) -> Aim:
    """Returns the aim at a whole front."""
    return Aim(directions(objectives))


def part(objectives: int, rng: np.random.Generator) -> Aim:
    """Returns the bold aim at a part of a front, wherever that is.

    A batch that is spread along the whole front climbs the nearest hill everywhere. All of it in a
    few neighbouring directions, and taken for as good as it may be, gets over to the next one.
    """
    spread = directions(objectives)
    near = spread @ spread[rng.integers(len(spread))]
    return Aim(spread[np.argsort(-near, kind="stable")[:FEW]], BOLD)


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
    draws = _draws(std)
    gains = np.empty(len(mean))
    for start in range(0, len(mean), CHUNK):
        part = slice(start, start + CHUNK)
        points = mean[part, None] + std[part, None] * draws
        gains[part] = _exceeded(worths(points, reference, spread), best)
    return gains


def log_gains(mean: Array, std: Array, front: Array, reference: Array, aim: Aim) -> Array:
    """The logarithm of the expected gain ``(B,)``; see :func:`choose_by_gain`."""
    best = _best(front, reference, aim.spread)
    gains = expected_gains(mean, aim.boldness * std, best, reference, aim.spread)
    return np.asarray(np.log(gains + LEAST))


def choose_by_gain(
    mean: Array,
    std: Array,
    front: Array,
    reference: Array,
    aim: Aim,
    n: int,
    log_weight: Array,
) -> npt.NDArray[np.int64]:
    """Chooses up to ``n`` candidates, one after the other, the first choice first.

    Each is then taken to have been evaluated at its mean, so that the next one adds something else.

    Args:
        mean: ``(B, M)``, all to be maximised.
        std: ``(B, M)``, zero where a metric is known.
        front: ``(F, M)``, of what is known.
        reference: ``(M,)``.
        aim: At the whole front, or at a part of it.
        n: How many.
        log_weight: ``(B,)``, added to the logarithm of the gain: a log-probability.
    """
    first = log_gains(mean, std, front, reference, aim) + log_weight
    rows = np.argsort(-first, kind="stable")[: max(SHORTLIST, 4 * n)]
    spread = aim.spread
    best = _best(front, reference, spread)
    points = mean[rows, None] + aim.boldness * std[rows, None] * _draws(std[rows])
    worth = worths(points, reference, spread)  # what is drawn stays, while the best rises
    chosen: list[int] = []
    for _ in range(min(n, len(rows))):
        scores = np.log(_exceeded(worth, best) + LEAST) + log_weight[rows]
        scores[np.isin(rows, chosen)] = -np.inf
        at = int(rows[scores.argmax()])
        chosen.append(at)
        best = np.maximum(best, worths(mean[at], reference, spread))
    return np.array(chosen, dtype=np.int64)


def _best(front: Array, reference: Array, spread: Array) -> Array:
    """The worth of a front ``(F, M)`` in each direction, ``(D,)``."""
    return np.asarray(worths(front, reference, spread).max(axis=0, initial=0.0))


def _exceeded(worth: Array, best: Array) -> Array:
    """By how much the worths ``(B, S, D)`` of draws exceed the best on average, ``(B,)``."""
    return np.asarray(np.maximum(worth - best, 0.0).mean(axis=(1, 2)))


def _draws(std: Array) -> Array:
    """Evenly spread draws ``(S, M)`` of normal numbers; a single one if nothing is uncertain."""
    uncertain = (std > 0).any(axis=0)
    draws = np.zeros((DRAWS if uncertain.any() else 1, std.shape[1]))
    at = np.flatnonzero(uncertain)
    if len(at) == 1:
        draws[:, at[0]] = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    elif len(at):
        points = qmc.Sobol(len(at), scramble=False).random(2 * DRAWS)[1 : DRAWS + 1]
        draws[:, at] = ndtri(np.clip(points, 1e-3, 1 - 1e-3))
    return draws
