"""The choices of a space as slots of a sequence, in the order in which they are made."""

from __future__ import annotations

from functools import cached_property
from typing import final

import numpy as np
import torch

from agnet.spaces import Architectures, SearchSpace

__all__ = ["Slots"]


@final
class Slots:
    """``S`` slots, one a choice, each padded to the ``K`` options of the largest choice."""

    def __init__(self, space: SearchSpace) -> None:
        """Reads order and sizes off a space."""
        self.space = space
        self.order: tuple[int, ...] = space.choice_order
        self.sizes: tuple[int, ...] = tuple(space.choice_sizes[at] for at in self.order)
        self.width: int = max(self.sizes)

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def exist(self) -> torch.Tensor:
        """``(S, K)`` bool, which options are no padding."""
        return torch.arange(self.width) < torch.tensor(self.sizes)[:, None]

    def values(self, archs: Architectures) -> torch.Tensor:
        """Returns the option taken in each slot, ``(B, S)`` int64."""
        return torch.from_numpy(archs.choices[:, list(self.order)].astype(np.int64))

    def allowed(self, archs: Architectures) -> torch.Tensor:
        """Returns which options each slot had, given the choices before it, ``(B, S, K)`` bool."""
        allowed = self.exist.expand(len(archs), -1, -1).clone()
        for step, size in enumerate(self.sizes):
            allowed[:, step, :size] = torch.from_numpy(self.space.allowed(archs.choices, step))
        return allowed
