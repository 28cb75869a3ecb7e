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
    """Learns a latent space of ``Z`` dimensions from architectures and draws new ones from it.

    Codes follow a standard normal distribution, the prior. :class:`agnet.testing.GeneratorContract`
    checks an implementation.
    """

    @property
    @abstractmethod
    def latent_size(self) -> int:
        """``Z``."""

    @abstractmethod
    def fit(self, archs: Sequence[Architecture]) -> None:
        """Pretrains on ``B`` unlabelled architectures."""

    @abstractmethod
    def retrain(
        self,
        archs: Sequence[Architecture],
        weights: npt.NDArray[np.float64],
        *,
        updates: int | None = None,
    ) -> None:
        """Continues training on ``B`` evaluated architectures with weights ``(B,)``, used once.

        Args:
            archs: What was evaluated.
            weights: How much each is worth.
            updates: How many updates are made, whatever ``B`` is; the generator's own number by
                default.
        """

    @abstractmethod
    def encode(self, archs: Sequence[Architecture]) -> torch.Tensor:
        """Returns latent codes ``(B, Z)``."""

    @abstractmethod
    def decode(
        self, z: torch.Tensor, rng: np.random.Generator, *, temperature: float = 1.0
    ) -> Architectures:
        """Draws one architecture for each latent code ``(B, Z)``; always valid.

        Args:
            z: The codes.
            rng: What draws are made with.
            temperature: Below 1 for likelier architectures, 0 for the likeliest at every choice.
        """

    @abstractmethod
    def sample(
        self, n: int, rng: np.random.Generator, *, temperature: float = 1.0
    ) -> Architectures:
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
