"""What an algorithm is to the strategy: a population of rows of an archive that is bred from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.spaces.architectures import Choices

__all__ = ["Engine", "Points"]


@dataclass(frozen=True)
class Points:
    """Evaluated architectures, as an algorithm sees them.

    Attributes:
        rows: ``(B,)``, where they are in the archive.
        choices: ``(B, C)``.
        values: ``(B, M)``, objectives to be minimised.
        violation: ``(B,)``, by how much limits are broken; 0 where all are kept.
    """

    rows: npt.NDArray[np.int64]
    choices: Choices
    values: npt.NDArray[np.float64]
    violation: npt.NDArray[np.float64]


class Engine(ABC):
    """An algorithm of pymoo's that is bred from in pieces, and saved without pickles.

    Its individuals are rows of an archive, so that all it has to remember is a few numbers.
    """

    @property
    @abstractmethod
    def generation(self) -> int:
        """How many children it waits for before it takes any into its population."""

    @property
    @abstractmethod
    def places(self) -> int:
        """How many places of the population a child can be bred for."""

    @abstractmethod
    def start(self, points: Points) -> None:
        """Makes the population of what was evaluated first."""

    @abstractmethod
    def breed(self, n: int) -> tuple[Choices, npt.NDArray[np.int64]]:
        """Returns up to ``n`` children of the population, and the place that each was bred for."""

    @abstractmethod
    def advance(self, points: Points, places: npt.NDArray[np.int64]) -> None:
        """Takes children that were bred for those places, as far as they are good enough."""

    @abstractmethod
    def rows(self) -> npt.NDArray[np.int64]:
        """Where the members of the population are in the archive."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Returns what it remembers beside its population."""

    @abstractmethod
    def load_state_dict(self, points: Points, state: Mapping[str, Any]) -> None:
        """Restores a population and what was remembered.

        Raises:
            ValueError: If they are not of this algorithm.
        """
