"""What a surrogate is to learn of an objective: numbers of a known scale, the best the highest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from agnet.objectives import Outcomes

__all__ = ["rank_scores", "regret_scores", "search_scores"]


def rank_scores(outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Returns the normal quantiles ``(B, 1)`` of the constrained ranks, the best the highest.

    A surrogate of ranks learns an order, whatever the scale and the outliers of the objective, and
    has a place for infeasible and failed architectures. Equals have the mean of their ranks.
    """
    ranks = outcomes.ranks()
    equals = np.bincount(ranks)[ranks]
    return np.asarray(-ndtri((ranks + equals / 2) / len(ranks)))[:, None]


def regret_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns ``-log(r + s)`` of the regrets ``r`` of ``(B,)`` values to be minimised.

    The scale ``s`` is the median regret. Outliers count little, while it shows how far the best are
    apart, which ranks hide.
    """
    regrets = values - values.min()
    scale = np.median(regrets) or regrets.mean() or 1.0
    return np.asarray(-np.log(regrets + scale))


def search_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns the mean ``(B,)`` of both scores, each of unit variance, of values to be minimised.

    With it the best is found in fewer queries than with either. Values that are missing are given
    the mean score: that an evaluation failed does not say that it would have been bad.
    """
    known = ~np.isnan(values)
    scores = np.zeros(len(values))
    if known.any():
        scores[known] = _both(values[known])
    return scores


def _both(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    alone = Outcomes(values[:, None], np.empty((len(values), 0)))
    both = np.stack([rank_scores(alone)[:, 0], regret_scores(values)])
    spread = both.std(axis=1, keepdims=True)
    scaled = (both - both.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(scaled.mean(axis=0))
