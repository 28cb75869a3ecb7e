"""The network behind an OFA MobileNetV3 architecture: its shapes, parameters and multiply-adds.

Howard et al., "Searching for MobileNetV3", ICCV 2019; Cai et al., "Once-for-All", ICLR 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CODES",
    "DEPTHS",
    "EXPANSIONS",
    "KERNELS",
    "LAYERS",
    "RESOLUTIONS",
    "STAGES",
    "Skeleton",
    "Slot",
    "conv",
    "eighths",
    "layer_macs",
    "layer_params",
    "macs_tables",
    "params_tables",
    "side",
    "skeleton",
]

RESOLUTIONS: Final = (128, 160, 192, 224)
DEPTHS: Final = (2, 3, 4)
KERNELS: Final = (3, 5, 7)
EXPANSIONS: Final = (3, 4, 6)
STAGES: Final = 5
LAYERS: Final = 4  # slots of a stage

# What a layer code means: (kernel, expansion), or nothing for code 0, the absent layer.
CODES: Final = (None, *[(kernel, expand) for expand, kernel in product(EXPANSIONS, KERNELS)])

# Output channels, stride, squeeze-and-excitation of the stages (MobileNetV3-Large).
STAGE_SHAPES: Final = ((24, 2, 0), (40, 2, 1), (80, 2, 0), (112, 1, 1), (160, 2, 1))


@dataclass(frozen=True)
class Slot:
    """One elastic layer.

    Attributes:
        inputs: Input channels.
        outputs: Output channels.
        stride: 1 or 2.
        squeeze: Whether it has squeeze-and-excitation, 0 or 1.
        halvings: How often the image was halved before it.
    """

    inputs: int
    outputs: int
    stride: int
    squeeze: int
    halvings: int

    @property
    def shortcut(self) -> int:
        """Whether its input is added to its output, 0 or 1."""
        return int(self.stride == 1 and self.inputs == self.outputs)


@dataclass(frozen=True)
class Skeleton:
    """What all architectures share.

    Attributes:
        stem: Channels of the first convolution and of the fixed block after it.
        slots: The 20 elastic layers.
        expanded: Channels of the 1x1 convolution before pooling.
        features: Channels of the 1x1 convolution after pooling.
    """

    stem: int
    slots: tuple[Slot, ...]
    expanded: int
    features: int


def eighths(channels: float) -> int:
    """Rounds to a multiple of 8, at least 8, and not below nine tenths."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def side(resolution: int, halvings: int) -> int:
    """The side of the image after padded convolutions of stride 2."""
    return -(-resolution // (1 << halvings))


@cache
def skeleton(width: float) -> Skeleton:
    """The layers at a width multiplier."""
    slots: list[Slot] = []
    inputs, halvings = eighths(16 * width), 1
    for channels, stride, squeeze in STAGE_SHAPES:
        outputs = eighths(channels * width)
        slots.append(Slot(inputs, outputs, stride, squeeze, halvings))
        inputs, halvings = outputs, halvings + (stride == 2)
        slots += [Slot(outputs, outputs, 1, squeeze, halvings)] * (LAYERS - 1)
    return Skeleton(eighths(16 * width), tuple(slots), eighths(960 * width), eighths(1280 * width))


def conv(inputs: int, outputs: int, kernel: int = 1, groups: int = 1) -> int:
    """Weights of a convolution, which are its multiply-adds at one position as well."""
    return inputs // groups * outputs * kernel * kernel


def _squeezed(channels: int) -> int:
    return eighths(channels // 4)


def layer_params(slot: Slot, kernel: int, expand: int) -> int:
    """Trainable parameters of a layer, biases and norms included."""
    middle = eighths(slot.inputs * expand)
    weights = conv(slot.inputs, middle) + conv(middle, middle, kernel, middle)
    weights += conv(middle, slot.outputs) + 2 * (middle + middle + slot.outputs)  # with norms
    inner = _squeezed(middle)
    return weights + slot.squeeze * (2 * middle * inner + inner + middle)


def layer_macs(slot: Slot, kernel: int, expand: int, resolution: int) -> int:
    """Multiply-adds of a layer, for an image of this side."""
    middle = eighths(slot.inputs * expand)
    before = side(resolution, slot.halvings) ** 2
    after = side(resolution, slot.halvings + slot.stride - 1) ** 2
    squeeze = slot.squeeze * 2 * middle * _squeezed(middle)
    return (
        before * conv(slot.inputs, middle)
        + after * (conv(middle, middle, kernel, middle) + conv(middle, slot.outputs))
        + squeeze
    )


@cache
def params_tables(width: float, classes: int) -> tuple[int, npt.NDArray[np.int64]]:
    """Trainable parameters, biases and norms included.

    Returns:
        Those of the fixed layers, and ``(20, 10)`` those of each slot by layer code.
    """
    net = skeleton(width)
    last = net.slots[-1].outputs
    stem = conv(3, net.stem, 3) + conv(net.stem, net.stem, 3, net.stem) + net.stem**2
    fixed = stem + 3 * 2 * net.stem + conv(last, net.expanded) + 2 * net.expanded
    fixed += conv(net.expanded, net.features) + (net.features + 1) * classes
    table = [[layer_params(slot, *code) if code else 0 for code in CODES] for slot in net.slots]
    return fixed, np.array(table, dtype=np.int64)


@cache
def macs_tables(width: float, classes: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Multiply-adds of convolutions and of the classifier; norms, biases and activations are free.

    Returns:
        ``(4,)`` those of the fixed layers by resolution, and ``(4, 20, 10)`` those of each slot by
        resolution and layer code.
    """
    net = skeleton(width)
    stem = conv(3, net.stem, 3) + conv(net.stem, net.stem, 3, net.stem) + net.stem**2
    head = conv(net.slots[-1].outputs, net.expanded)
    pooled = conv(net.expanded, net.features) + net.features * classes
    fixed = [side(r, 1) ** 2 * stem + side(r, 5) ** 2 * head + pooled for r in RESOLUTIONS]
    table = [
        [[layer_macs(slot, *code, r) if code else 0 for code in CODES] for slot in net.slots]
        for r in RESOLUTIONS
    ]
    return np.array(fixed, dtype=np.int64), np.array(table, dtype=np.int64)
