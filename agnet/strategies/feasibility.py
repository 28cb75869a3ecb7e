"""What is known of hard limits, and what a surrogate is to learn of them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from agnet.objectives import Limit

__all__ = ["log_feasibility", "margins"]

LEAST: Final = 1e-9  # deviations below this are taken for it


def margins(
    over: npt.NDArray[np.float64], limits: tuple[Limit, ...]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns what to learn of ``(B, L)`` excesses, and where that number meets the limit.

    It is the logarithm of the metric where bound and values are positive (costs multiply), else the
    excess. Rows without a number are given the worst that was seen.

    Returns:
        Targets ``(B, L)``, of which smaller is safer, and bounds ``(L,)``.
    """
    targets = np.empty_like(over)
    bounds = np.zeros(len(limits))
    for at, limit in enumerate(limits):
        turn = 1.0 if limit.sign == "<=" else -1.0
        excess = over[:, at]
        known = excess[~np.isnan(excess)]
        filled = np.where(np.isnan(excess), known.max() if len(known) else 0.0, excess)
        value = limit.bound + turn * filled
        if limit.bound > 0 and (value > 0).all():
            targets[:, at] = turn * np.log(value)
            bounds[at] = turn * np.log(limit.bound)
        else:
            targets[:, at] = filled
    return targets, bounds


def log_feasibility(
    mean: npt.NDArray[np.float64], std: npt.NDArray[np.float64], bounds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The log-probability ``(B,)`` that all limits are kept (Gardner et al., ICML 2014, eq. 5).

    Args:
        mean: ``(B, L)``, predicted targets of :func:`margins`.
        std: ``(B, L)``, their deviations.
        bounds: ``(L,)``.
    """
    return np.asarray(log_ndtr((bounds - mean) / np.maximum(std, LEAST)).sum(axis=1))
