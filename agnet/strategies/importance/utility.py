"""What a value is worth among the others that were drawn, high for a low value."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.strategies.importance.categorical import Array

__all__ = ["UTILITIES", "quantile_utility", "standardised_utility", "utility"]

UTILITIES: Final = ("quantile", "standardised")
TAIL: Final = 0.25  # share of the best, which are worth 1, and of the worst, which are worth -1


def utility(kind: str, values: Array, weights: Array) -> Array:
    """The utility of one of the kinds above, ``(..., n)``."""
    chosen = quantile_utility if kind == "quantile" else standardised_utility
    return chosen(values, weights)


def quantile_utility(values: Array, weights: Array) -> Array:
    """What quantiles are worth: +1 in the best quarter, -1 in the worst one, 0 between.

    A sample has the mean over the interval of quantiles that its weight takes; equals share theirs.
    With equal weights, and 2 or a multiple of 4 samples, it is the ranking of Akimoto et al., ICML
    2019, but for a factor. The sum of weight times utility is 0.

    Args:
        values: ``(..., n)``, to be minimised; infinite ones are the last, NaN is not allowed.
        weights: ``(..., n)``, at least 0.

    Returns:
        ``(..., n)``; 0 where the weight is.
    """
    total = weights.sum(axis=-1, keepdims=True)
    share = weights / np.where(total > 0, total, 1.0)
    worse = values[..., :, None] > values[..., None, :]
    equal = values[..., :, None] == values[..., None, :]
    low = (worse @ share[..., None])[..., 0]
    width = (equal @ share[..., None])[..., 0]
    mean = (_area(low + width) - _area(low)) / np.where(width > 0, width, 1.0)
    return np.asarray(np.where(weights > 0, mean, 0.0))


def standardised_utility(values: Array, weights: Array) -> Array:
    """How many deviations a value ``(..., n)`` is below the mean; 0 where all are equal.

    Mean and deviation are weighted. Values have to be finite.
    """
    total = weights.sum(axis=-1, keepdims=True)
    share = weights / np.where(total > 0, total, 1.0)
    below = (share * values).sum(axis=-1, keepdims=True) - values
    deviation = np.sqrt((share * below**2).sum(axis=-1, keepdims=True))
    same = deviation <= 1e-12 * np.abs(values).max(axis=-1, keepdims=True)
    return np.asarray(np.where(same, 0.0, below) / np.where(same, 1.0, deviation))


def _area(quantile: Array) -> Array:
    """The integral of what quantiles are worth, from 0 on."""
    return np.asarray(np.minimum(quantile, TAIL) - np.maximum(quantile - (1 - TAIL), 0.0))
