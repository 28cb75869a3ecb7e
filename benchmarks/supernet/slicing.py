"""Which part of a shared tensor a network uses: leading channels, and the middle of kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["kernel_maps", "part_of", "region", "smaller_kernel"]


def region(whole: Sequence[int], part: Sequence[int]) -> tuple[slice, ...]:
    """Returns which entries of a tensor of one shape make one of another.

    The first of outputs and inputs, ``(O, I, ...)``, and the centre of a kernel.
    """
    leading = [slice(size) for size in part[:2]]
    margins = [(size - kept) // 2 for size, kept in zip(whole[2:], part[2:], strict=True)]
    centre = [slice(at, at + kept) for at, kept in zip(margins, part[2:], strict=True)]
    return (*leading, *centre)


def part_of(
    whole: torch.Tensor, part: Sequence[int], maps: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Returns the part of a shared tensor, of the shape ``part``; kernels go through their maps."""
    if len(part) == 4 and part[2] < whole.shape[2]:
        return smaller_kernel(whole[: part[0]], part[2], maps)
    return whole[region(whole.shape, part)]


def smaller_kernel(
    weight: torch.Tensor, kernel: int, maps: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Makes kernels ``(C, 1, k, k)`` from larger ones: their centre, through one map after another.

    Maps are given from large to small: ``w5 = T75 c(w7)`` and ``w3 = T53 c(w5)``, where ``c`` is
    the centre written as a vector (Cai et al., "Once-for-All", ICLR 2020).
    """
    for name, mapped in maps.items():
        side = int(name.split("to")[1])
        if side < kernel:
            break
        shape = (*weight.shape[:2], side, side)
        centre = weight[region(weight.shape, shape)].reshape(len(weight), -1)
        weight = F.linear(centre, mapped).view(shape)
    return weight


def kernel_maps(kernels: Sequence[int]) -> nn.ParameterDict:
    """Returns the maps of one layer, by names such as ``7to5``: at first kernels are centres."""
    falling = sorted(kernels, reverse=True)
    return nn.ParameterDict(
        {
            f"{large}to{small}": nn.Parameter(torch.eye(small**2))
            for large, small in zip(falling, falling[1:], strict=False)
        }
    )
