"""What an operation is made of: convolutions and poolings, as values that can be counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf
from typing import Final, Literal, TypeAlias, final

import torch
import torch.nn.functional as F
from torch import nn

from agnet.errors import InvalidInput

__all__ = ["Convolution", "Layer", "Pooling", "module_of", "operation_layers", "pointwise"]

POOLING: Final = re.compile(r"(max|avg)_pool_([1-9]\d*)x([1-9]\d*)")
CONVOLUTION: Final = re.compile(r"(sep_)?conv_([1-9]\d*)x([1-9]\d*)(?:_([1-9]\d*)x([1-9]\d*))?")


@final
@dataclass(frozen=True)
class Convolution:
    """A convolution without bias; then, unless ``bare``, batch normalisation and SiLU.

    Attributes:
        inputs: Channels that it reads.
        outputs: Channels that it makes.
        kernel: Height and width, both odd.
        stride: In both directions; a side of ``n`` becomes one of ``ceil(n / stride)``.
        groups: How many parts the channels fall into, each convolved alone.
        bare: Whether nothing follows.
    """

    inputs: int
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    groups: int = 1
    bare: bool = False

    @property
    def weights(self) -> int:
        """Its own, which are also the multiply-adds of one pixel of its output."""
        return self.outputs * (self.inputs // self.groups) * self.kernel[0] * self.kernel[1]

    @property
    def parameters(self) -> int:
        """With the two a channel of the normalisation."""
        return self.weights + (0 if self.bare else 2 * self.outputs)

    def modules(self) -> list[nn.Module]:
        """Returns the convolution, its weights not yet set, and what follows it."""
        # Made without numbers, so that none are drawn from torch's own generator.
        convolution = nn.Conv2d(
            self.inputs,
            self.outputs,
            self.kernel,
            stride=self.stride,
            padding=(self.kernel[0] // 2, self.kernel[1] // 2),
            groups=self.groups,
            bias=False,
            device="meta",
        ).to_empty(device="cpu")
        if self.bare:
            return [convolution]
        return [convolution, nn.BatchNorm2d(self.outputs), nn.SiLU()]


@final
@dataclass(frozen=True)
class Pooling:
    """The largest or the mean of each window; what lies outside the image does not count.

    Attributes:
        kind: ``max`` or ``avg``.
        kernel: Height and width.
        stride: In both directions; a side of ``n`` becomes one of ``ceil(n / stride)``.
    """

    kind: Literal["max", "avg"]
    kernel: tuple[int, int]
    stride: int = 1

    def modules(self) -> list[nn.Module]:
        """Returns one module."""
        return [_Pool(self)]


Layer: TypeAlias = Convolution | Pooling


@final
class _Pool(nn.Module):
    """Pools ``(B, C, H, W)``."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self._pooling = pooling

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        kernel, stride = self._pooling.kernel, self._pooling.stride
        height, width = (int(side) for side in images.shape[-2:])
        edges = [*_edges(width, kernel[1], stride), *_edges(height, kernel[0], stride)]
        if self._pooling.kind == "max":
            return F.max_pool2d(F.pad(images, edges, value=-inf), kernel, stride)
        pooled = F.avg_pool2d(F.pad(images, edges), kernel, stride)
        if not any(edges):
            return pooled
        inside = F.pad(images.new_ones(1, 1, height, width), edges)
        return pooled / F.avg_pool2d(inside, kernel, stride)

    def extra_repr(self) -> str:
        return f"{self._pooling.kind}, kernel={self._pooling.kernel}, stride={self._pooling.stride}"


def _edges(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """How many pixels are missing before and after a side, for windows to cover all of it."""
    windows = -(-side // stride)
    missing = max((windows - 1) * stride + kernel - side, 0)
    return missing // 2, missing - missing // 2


def pointwise(inputs: int, outputs: int, stride: int = 1) -> Convolution:
    """Returns a 1x1 convolution, normalised and activated."""
    return Convolution(inputs, outputs, stride=stride)


@lru_cache(maxsize=4096)  # the cells of a network share them, and so do networks
def operation_layers(name: str, inputs: int, outputs: int, stride: int = 1) -> tuple[Layer, ...]:
    """Returns what an operation of block cells is made of.

    An identity that changes the resolution or the channels is a 1x1 convolution, and a pooling that
    changes the channels has one behind it. A separable convolution is one a channel and a 1x1
    convolution; one of two kernels goes along each direction in turn.

    Args:
        name: ``identity``, ``sep_conv_3x3``, ``conv_1x3_3x1``, ``conv_1x1``, ``max_pool_2x2``,
            ``avg_pool_2x2``, or one of these with other kernels.
        inputs: Channels that it reads.
        outputs: Channels that it makes.
        stride: 2 halves the resolution.

    Raises:
        InvalidInput: If there is no such operation.
    """
    if name == "identity":
        plain = stride == 1 and inputs == outputs
        return () if plain else (pointwise(inputs, outputs, stride),)
    if (match := POOLING.fullmatch(name)) is not None:
        kind: Literal["max", "avg"] = "max" if match[1] == "max" else "avg"
        pooling = Pooling(kind, (int(match[2]), int(match[3])), stride)
        return (pooling,) if inputs == outputs else (pooling, pointwise(inputs, outputs))
    match = CONVOLUTION.fullmatch(name)
    sides = [int(side) for side in match.groups()[1:] if side] if match else []
    if match is None or (match[1] and len(sides) > 2) or any(side % 2 == 0 for side in sides):
        raise InvalidInput(
            f"got the operation {name!r}, of which no network can be built; expected identity, "
            "sep_conv_3x3, conv_3x3, conv_1x3_3x1, max_pool_2x2 or avg_pool_2x2, or one of these "
            "with other kernels, odd ones for convolutions"
        )
    first = Convolution(inputs, outputs, (sides[0], sides[1]), stride)
    if match[1]:
        by_channel = replace(first, outputs=inputs, groups=inputs, bare=True)
        return (by_channel, pointwise(inputs, outputs))
    if len(sides) == 2:
        return (first,)
    return (first, Convolution(outputs, outputs, (sides[2], sides[3])))


def module_of(layers: Sequence[Layer]) -> nn.Sequential:
    """Builds layers, their weights not yet set; of none, it hands on what it is given."""
    return nn.Sequential(*(module for layer in layers for module in layer.modules()))
