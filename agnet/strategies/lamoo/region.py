"""A part of the space: what lies on the right side of every boundary from the root of a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import numpy.typing as npt

__all__ = ["Boundary", "Inputs", "Region"]

Inputs = npt.NDArray[np.float64]


class Boundary(Protocol):
    """A fitted classifier of two classes: the good side is 1."""

    def predict(self, inputs: Inputs) -> npt.NDArray[np.int64]:
        """Returns the sides ``(B,)`` of ``B >= 1`` inputs."""


@final
@dataclass(frozen=True)
class Region:
    """The intersection of sides; without any, the whole space.

    Attributes:
        sides: Boundaries and which side of them is meant, 1 or 0, from the root down.
    """

    sides: tuple[tuple[Boundary, int], ...] = ()

    @property
    def depth(self) -> int:
        """How many boundaries there are."""
        return len(self.sides)

    def levels(self, inputs: Inputs) -> npt.NDArray[np.int64]:
        """Counts for ``(B, F)`` inputs how many sides they keep before the first that they do not.

        What counts ``k`` lies in this region relaxed to depth ``k``.
        """
        levels = np.zeros(len(inputs), dtype=np.int64)
        left = np.arange(len(inputs))
        for boundary, side in self.sides:
            if not len(left):
                break
            left = left[boundary.predict(inputs[left]) == side]
            levels[left] += 1
        return levels

    def contains(self, inputs: Inputs) -> npt.NDArray[np.bool_]:
        """Says which of ``(B, F)`` inputs lie inside, ``(B,)``."""
        return np.asarray(self.levels(inputs) == self.depth)
