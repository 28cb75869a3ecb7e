"""Random changes of training images that keep their class."""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["mirrored", "translated"]


def mirrored(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirrors each of the images ``(B, C, H, W)``, left to right, with probability 1/2."""
    chosen = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(chosen[:, None, None, None], images.flip(3), images)


def translated(images: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Shifts each of the images ``(B, C, H, W)`` by whole pixels; what comes in is black.

    Args:
        images: The images.
        share: The longest shift along a side, as a part of it, rounded down.
        generator: Draws the shifts, every one equally likely.
    """
    count, channels, height, width = images.shape
    far = (int(share * height), int(share * width))
    down, right = (
        torch.randint(2 * most + 1, (count, 1, 1, 1), generator=generator) for most in far
    )
    padded = F.pad(images, (far[1], far[1], far[0], far[0]))
    return padded[
        torch.arange(count)[:, None, None, None],
        torch.arange(channels)[:, None, None],
        torch.arange(height)[:, None] + down,
        torch.arange(width) + right,
    ]
