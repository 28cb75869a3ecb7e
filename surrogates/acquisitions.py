"""What makes a candidate worth evaluating, given what a surrogate predicts of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

__all__ = ["Acquisition", "Acquisitions", "expected_improvement", "upper_bound"]

Array: TypeAlias = npt.NDArray[np.float64]

Acquisition: TypeAlias = Callable[[Array, Array, float], Array]
"""Scores means and deviations ``(B,)``, given the best known mean; higher is better."""

Acquisitions: TypeAlias = Acquisition | Sequence[Acquisition]
"""One for all choices of a batch, or several that choose in turn."""


def upper_bound(boldness: float) -> Acquisition:
    """The upper confidence bound ``mean + boldness * std`` (Srinivas et al., ICML 2010, eq. 6)."""
    return lambda mean, std, best: mean + boldness * std


def expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """``E[max(f - best, 0)]`` for a normal ``f`` (Jones, Schonlau and Welch, 1998, eq. 15)."""
    gain = mean - best
    z = gain / std
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(gain * ndtr(z) + std * density)
