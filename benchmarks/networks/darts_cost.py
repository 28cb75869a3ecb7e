"""Parameters and multiply-adds of the networks of DARTS genotypes, counted without building any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.networks.darts import check_settings, reduction_cells
from agnet.benchmarks.networks.ends import check_ends
from agnet.spaces import DARTS, Architecture
from agnet.spaces.darts import CELLS, NODES, OPERATIONS, PAIRS

__all__ = ["darts_costs"]

Counts = npt.NDArray[np.int64]
"""Parameters and multiply-adds, the last axis ``(2,)``."""

# Of each operation: sides of the kernels that go over each channel alone, each of which a 1x1
# convolution and a normalisation follow.
KERNELS: Final = {
    "sep_conv_3x3": (3, 3),
    "sep_conv_5x5": (5, 5),
    "dil_conv_3x3": (3,),
    "dil_conv_5x5": (5,),
}
SKIP: Final = OPERATIONS.index("skip_connect")


def darts_costs(
    archs: Sequence[Architecture],
    image: tuple[int, int, int],
    num_classes: int,
    *,
    channels: int,
    layers: int,
    stem: str,
    auxiliary: bool,
) -> Counts:
    """Counts what :func:`network_cost` would count of each network, had it been built.

    Args:
        archs: ``B`` genotypes.
        image: Channels, height and width.
        num_classes: Outputs.
        channels: As :class:`DARTSNetwork` takes it,
        layers: this too,
        stem: and this.
        auxiliary: Whether there is a second classifier, which has parameters and, being for
            training alone, no multiply-adds.

    Returns:
        ``(B, 2)``, parameters and multiply-adds.

    Raises:
        InvalidInput: If one is of another space, or a setting is impossible.
    """
    check_ends(image[0], num_classes)
    check_settings(channels, layers, stem)
    fixed, (older, newer), sides = _stem(image, channels, stem)
    # Of an operation in all cells of a kind together: (kind, whether it halves, operation, 2).
    each = np.zeros((len(CELLS), 2, len(OPERATIONS), 2), dtype=np.int64)
    for at in range(layers):
        reduces = at in reduction_cells(layers)
        channels *= 2 if reduces else 1
        # The older one, if it is larger, is halved to the newer, by halves of one convolution.
        fixed += _convolved(older + newer, channels, _area(sides)) + _normed(channels)
        sides = _halved(sides) if reduces else sides
        each[int(reduces)] += _operations(channels, _area(sides))
        older, newer = newer, NODES * channels
    if auxiliary:
        fixed += np.array([_auxiliary(newer, num_classes, stem), 0])
    fixed += np.array([(newer + 1) * num_classes, newer * num_classes])
    return np.asarray(fixed + _of_operations(archs, each))


def _of_operations(archs: Sequence[Architecture], each: Counts) -> Counts:
    """Sums over the operations of ``B`` genotypes what each costs in all cells of its kind."""
    rows = DARTS().to_choices(archs).reshape(-1, len(CELLS), NODES, 3)
    operations, sources = rows[..., 1:], PAIRS[rows[..., 0]]  # (B, kind, node, 2)
    kind = np.arange(len(CELLS))[:, None, None]
    halves = ((kind == 1) & (sources < 2)).astype(np.int64)
    return np.asarray(each[kind, halves, operations].sum(axis=(1, 2, 3)))


def _operations(channels: int, area: int) -> Counts:
    """What each operation costs that makes so many pixels: plain, and halving, ``(2, 7, 2)``."""
    found = np.zeros((2, len(OPERATIONS), 2), dtype=np.int64)
    for at, name in enumerate(OPERATIONS):
        for side in KERNELS.get(name, ()):
            found[:, at] += _convolved(channels, channels, area) + side**2 * channels * _both(area)
    # A skip that halves makes two halves of the channels, which together are one convolution.
    found[1, SKIP] = _convolved(channels, channels, area)
    return found


def _stem(
    image: tuple[int, int, int], channels: int, kind: str
) -> tuple[Counts, tuple[int, int], tuple[int, int]]:
    """What a stem costs, the channels that the first cell reads, and the sides of these."""
    inputs, height, width = image
    sides = (height, width)
    if kind == "cifar":
        made = 3 * channels
        return _convolved(inputs, made, _area(sides), 9), (made, made), sides
    counted = np.zeros(2, dtype=np.int64)
    for reads, makes in ((inputs, channels // 2), (channels // 2, channels), (channels, channels)):
        sides = _halved(sides)
        counted += _convolved(reads, makes, _area(sides), 9)
    return counted, (channels, channels), sides


def _auxiliary(inputs: int, num_classes: int, stem: str) -> int:
    """Parameters of the second classifier: two convolutions, one or two norms, a linear layer."""
    normalised = 128 + (768 if stem == "cifar" else 0)
    return inputs * 128 + 4 * 128 * 768 + 2 * normalised + (768 + 1) * num_classes


def _convolved(inputs: int, outputs: int, area: int, taps: int = 1) -> Counts:
    """A convolution that makes so many pixels, and the normalisation behind it."""
    return np.asarray(taps * inputs * outputs * _both(area) + _normed(outputs))


def _normed(channels: int) -> Counts:
    """A normalisation, which has two weights a channel and counts no multiply-adds."""
    return np.array([2 * channels, 0], dtype=np.int64)


def _both(area: int) -> Counts:
    """What one weight costs that is used for so many pixels."""
    return np.array([1, area], dtype=np.int64)


def _area(sides: tuple[int, int]) -> int:
    return sides[0] * sides[1]


def _halved(sides: tuple[int, int]) -> tuple[int, int]:
    return -(-sides[0] // 2), -(-sides[1] // 2)
