"""A network that takes images as they are, 0 to 1, and learns from standardised ones."""

from __future__ import annotations

from typing import final

import torch
from torch import nn

__all__ = ["standardised"]


@final
class _Standardise(nn.Module):
    """Puts pixels ``(B, C, H, W)`` into deviations from a mean, each channel apart."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.view(-1, 1, 1).clone())
        self.register_buffer("deviation", deviation.view(-1, 1, 1).clone())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.mean) / self.deviation


def standardised(network: nn.Module, mean: torch.Tensor, deviation: torch.Tensor) -> nn.Sequential:
    """Puts the standardisation in front of a network, so that it is saved and exported with it.

    Args:
        network: Maps standardised images ``(B, C, H, W)``.
        mean: ``(C,)``, of the training images.
        deviation: ``(C,)``, of the same.
    """
    return nn.Sequential(_Standardise(mean, deviation), network)
