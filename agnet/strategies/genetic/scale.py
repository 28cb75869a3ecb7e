"""Outcomes as pymoo takes them: objectives on a fixed scale, and one number for broken limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Outcomes

__all__ = ["Scale"]

Numbers = npt.NDArray[np.float64]

FAILED: Final = 1e9  # the violation of what failed: more than limits are ever broken by


@dataclass(frozen=True)
class Scale:
    """What the initial outcomes say of the size of the numbers to come.

    Decomposition adds objectives up, and a sum of excesses adds limits up: both need a scale. It
    stays what it was at first, as points from many generations are compared.

    Attributes:
        low: ``(M,)``, the least of each objective.
        spread: ``(M,)``, how far it ranges.
        bound: ``(L,)``, the largest distance from each limit.
    """

    low: Numbers
    spread: Numbers
    bound: Numbers

    @classmethod
    def of(cls, outcomes: Outcomes) -> Scale:
        """Measures outcomes of which at least one is known."""
        rows = outcomes.finite
        values, excess = outcomes.objectives[rows], np.abs(outcomes.excess[rows])
        low, spread = values.min(axis=0), np.ptp(values, axis=0)
        largest = excess.max(axis=0, initial=0.0)
        return cls(low, np.where(spread > 0, spread, 1.0), np.where(largest > 0, largest, 1.0))

    def points(self, outcomes: Outcomes) -> tuple[Numbers, Numbers]:
        """Returns objectives ``(B, M)`` and violations ``(B,)``.

        The violation is 0 where all limits are kept, else the sum of what they are broken by; that
        of a failed evaluation, whose objectives say nothing, is more than any other.
        """
        good = outcomes.finite
        values = np.where(good[:, None], (outcomes.objectives - self.low) / self.spread, 0.0)
        over = (np.maximum(outcomes.excess, 0.0) / self.bound).sum(axis=1)
        return values, np.where(good, np.minimum(over, FAILED / 2), FAILED)
