"""Parameters and multiply-adds of NAS-Bench-201 networks in closed form."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["macs", "parameters"]

CLASSES: Final = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
RESOLUTION: Final = {"cifar10": 32, "cifar100": 32, "ImageNet16-120": 16}
CHANNELS: Final = (16, 32, 64)
CELLS: Final = 5  # a stage
TAPS: Final = np.array([0, 0, 1, 9, 0])  # kernel size squared of each operation's convolution


def parameters(choices: npt.NDArray[np.integer], dataset: str) -> npt.NDArray[np.int64]:
    """Counts the weights ``(B,)`` of networks made of cells ``(B, 6)``.

    The network is a 3x3 convolution to 16 channels, three stages of five cells at 16, 32 and 64
    channels with a residual block of stride 2 before the second and the third, batch normalisation,
    global pooling and a linear classifier. Convolutions have no bias; each is followed by a
    normalisation with two weights a channel, except the 1x1 shortcut of a residual block.
    """
    fixed = 3 * 9 * CHANNELS[0] + 2 * CHANNELS[0]
    for narrow, wide in zip(CHANNELS, CHANNELS[1:], strict=False):
        fixed += 9 * narrow * wide + 2 * wide + 9 * wide * wide + 2 * wide + narrow * wide
    fixed += 2 * CHANNELS[-1] + _classifier(dataset)
    edge = [CELLS * (TAPS * c * c + 2 * c * (TAPS > 0)) for c in CHANNELS]
    return _sum(fixed, edge, choices)


def macs(choices: npt.NDArray[np.integer], dataset: str) -> npt.NDArray[np.int64]:
    """Counts multiply-adds ``(B,)`` of one image as upstream does: convolutions and classifier.

    A stage works at half the resolution of the one before it, in twice the channels, so that a cell
    costs the same in each. The classifier counts its bias; pooling and normalisation count nothing.
    """
    areas = [(RESOLUTION[dataset] >> stage) ** 2 for stage in range(len(CHANNELS))]
    fixed = areas[0] * 3 * 9 * CHANNELS[0]
    for narrow, wide, area in zip(CHANNELS, CHANNELS[1:], areas[1:], strict=False):
        fixed += area * (9 * narrow * wide + 9 * wide * wide + narrow * wide)
    fixed += _classifier(dataset)
    edge = [CELLS * area * TAPS * c * c for c, area in zip(CHANNELS, areas, strict=True)]
    return _sum(fixed, edge, choices)


def _classifier(dataset: str) -> int:
    """Weights of the linear layer, bias included; as many as its multiply-adds."""
    return (CHANNELS[-1] + 1) * CLASSES[dataset]


def _sum(
    fixed: int, stages: list[npt.NDArray[np.int64]], choices: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """Adds to what every network has the cost ``(5,)`` of each stage's operation, edge by edge."""
    cost: npt.NDArray[np.int64] = np.sum(stages, axis=0)[choices].sum(axis=1)
    return fixed + cost
