"""Random changes of training images that keep their class."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from agnet.benchmarks.training.data import ImageData
from agnet.benchmarks.training.recipe import Recipe

__all__ = ["changed", "cut_out", "mirrored", "translated"]


def changed(
    images: torch.Tensor, recipe: Recipe, data: ImageData, generator: torch.Generator
) -> torch.Tensor:
    """Changes images ``(B, C, H, W)`` as a recipe says; it blanks with the mean of the data."""
    if recipe.flip:
        images = mirrored(images, generator)
    if recipe.translation:
        images = translated(images, recipe.translation, generator)
    return cut_out(images, recipe.cutout, data.moments[0], generator) if recipe.cutout else images


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


def cut_out(
    images: torch.Tensor, share: float, blank: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Blanks a rectangle of each of the images ``(B, C, H, W)``; it may lie partly outside.

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
    arXiv 1708.04552.

    Args:
        images: The images.
        share: Its sides, as a part of the image's, rounded down.
        blank: ``(C,)``, the pixel that it is filled with.
        generator: Draws where its middle lies, every pixel equally likely.
    """
    inside = torch.ones(len(images), 1, *images.shape[2:], dtype=torch.bool)
    for dim, side in ((2, images.shape[2]), (3, images.shape[3])):
        length = int(share * side)
        middle = torch.randint(side, (len(images), 1, 1, 1), generator=generator)
        place = torch.arange(side).view([-1 if at == dim else 1 for at in range(4)])
        first = middle - length // 2
        inside = inside & (place >= first) & (place < first + length)
    return torch.where(inside, blank.view(-1, 1, 1), images)
