"""How cells of a space grow, step by step, and what a search by growth needs to know of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architecture, Architectures

__all__ = ["Growth", "Usage"]

Array: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


@final
@dataclass(frozen=True)
class Usage:
    """How often each of ``B`` cells uses each element that a cell can be made of.

    Attributes:
        inputs: ``(B, I)``, of what is read.
        operations: ``(B, O)``.
    """

    inputs: Integers
    operations: Integers

    def __getitem__(self, rows: npt.NDArray[np.integer] | slice) -> Usage:
        return Usage(self.inputs[rows], self.operations[rows])


class Growth(ABC):
    """The steps in which the cells of one space grow. An operation is a number from 0 to ``O``."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """How often the cells of :meth:`start` can grow."""

    @abstractmethod
    def start(self) -> Architectures:
        """The smallest cells, all of which are evaluated first."""

    @abstractmethod
    def step(self, archs: Sequence[Architecture]) -> Integers:
        """How often each of ``B`` cells has grown, ``(B,)``; 0 for those of :meth:`start`."""

    @abstractmethod
    def grown(self, archs: Architectures) -> Architectures:
        """All distinct cells that come of one of ``B`` cells in one step, in a fixed order."""

    @abstractmethod
    def probes(self) -> tuple[Architectures, Architectures]:
        """The emptiest cell, and for each operation a cell of :meth:`start` that has it alone."""

    @abstractmethod
    def features(self, archs: Sequence[Architecture], scores: Array) -> Array:
        """Numbers ``(B, F)`` that what cells cost is predicted from.

        Args:
            archs: ``B`` cells.
            scores: ``(O,)``, what each operation costs, from 0 to 1.
        """

    @abstractmethod
    def usage(self, archs: Sequence[Architecture]) -> Usage:
        """What the cells are made of; inputs that no cell of their step could have are left out."""
