"""The contract of a surrogate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architecture

__all__ = ["Surrogate"]


class Surrogate(ABC):
    """Learns metrics from evaluated architectures and predicts them, with uncertainty, for others.

    ``M`` is the number of outputs. Random numbers come from the generator passed at construction.
    :class:`agnet.testing.SurrogateContract` checks an implementation.
    """

    @abstractmethod
    def fit(self, archs: Sequence[Architecture], values: npt.NDArray[np.float64]) -> None:
        """Learns from ``B`` architectures and their values ``(B, M)``, replacing what it knew.

        Raises:
            InvalidInput: If the shapes do not fit, a value is not finite, or there are no rows.
        """

    @abstractmethod
    def predict(
        self, archs: Sequence[Architecture]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Predicts mean and standard deviation, each ``(B, M)``.

        Raises:
            InvalidInput: If it has not been fitted.
        """

    @property
    def noise(self) -> npt.NDArray[np.float64] | float:
        """By what deviation ``(M,)`` an evaluation differs from the value; 0 if it is not known.

        Those of :meth:`predict` are of the value alone.
        """
        return 0.0

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Returns the state: containers of numbers, strings and tensors, safe to load."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state.

        Raises:
            CheckpointError: If it is not a state of this surrogate.
        """
