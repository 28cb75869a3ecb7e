"""The contract of a generator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agnet.spaces import Architecture, Architectures

__all__ = ["Generator"]


class Generator(ABC):
    """Learns a latent space of ``Z`` dimensions from architectures and draws new ones from it."""

    @abstractmethod
    def fit(self, archs: Sequence[Architecture]) -> None:
        """Pretrains on ``B`` unlabelled architectures."""

    @abstractmethod
    def retrain(self, archs: Sequence[Architecture], weights: npt.NDArray[np.float64]) -> None:
        """Continues training on ``B`` evaluated architectures with weights ``(B,)``, used once."""

    @abstractmethod
    def encode(self, archs: Sequence[Architecture]) -> torch.Tensor:
        """Returns latent codes ``(B, Z)``."""

    @abstractmethod
    def decode(self, z: torch.Tensor, rng: np.random.Generator) -> Architectures:
        """Draws one architecture for each latent code ``(B, Z)``; always valid."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` architectures from the prior."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Returns the state: containers of numbers, strings and tensors, safe to load."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state.

        Raises:
            CheckpointError: If it is not a state of this generator.
        """
