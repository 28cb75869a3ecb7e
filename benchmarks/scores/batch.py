"""What scores look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch

__all__ = ["Batch"]


@final
@dataclass(frozen=True, eq=False)
class Batch:
    """Images as a network takes them, and their classes.

    Attributes:
        images: ``(B, C, H, W)``.
        labels: ``(B,)``.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)
