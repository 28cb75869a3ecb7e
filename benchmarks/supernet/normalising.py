"""Normalisation without memory: by the statistics of the batch, or by those of one network.

The mean and variance of a channel depend on what comes before it, and so on the network that a
super-network is run as: averages over whatever ran last are those of no network at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, final

import torch
import torch.nn.functional as F
from torch import nn

from agnet.errors import InvalidInput

__all__ = ["Moments", "Normaliser", "without_buffers"]

Moments: TypeAlias = tuple[tuple[torch.Tensor, torch.Tensor], ...]
"""Mean and variance ``(channels,)`` of each normalisation of a network, in its order."""


@final
class Normaliser:
    """Normalises one pass through a network: its norms have to come in their order."""

    def __init__(self, moments: Sequence[tuple[torch.Tensor, torch.Tensor]] | None) -> None:
        """Takes the moments of the network; without, each batch has its own."""
        self._moments = None if moments is None else iter(moments)

    def __call__(self, images: torch.Tensor, norm: nn.BatchNorm2d) -> torch.Tensor:
        """Normalises ``(B, C, H, W)`` with the scales and shifts of the first ``C`` channels.

        Raises:
            InvalidInput: If the moments are those of another network.
        """
        channels = images.shape[1]
        weight, bias = norm.weight[:channels], norm.bias[:channels]
        if self._moments is None:
            return F.batch_norm(images, None, None, weight, bias, training=True, eps=norm.eps)
        mean, variance = next(self._moments, (images.new_empty(0), images.new_empty(0)))
        if mean.shape != (channels,):
            raise InvalidInput(
                f"got moments of {len(mean)} channels where the network has {channels}; expected "
                "those that calibrate() found for the same architecture"
            )
        return F.batch_norm(images, mean, variance, weight, bias, eps=norm.eps)


def without_buffers(network: nn.Module) -> None:
    """Takes the running statistics from the norms of a network: shared weights have none."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.track_running_stats = False
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                setattr(module, name, None)
