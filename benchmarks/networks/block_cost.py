"""Parameters and multiply-adds of block networks, counted without building one."""

from __future__ import annotations

from collections.abc import Sequence

from agnet.benchmarks.networks.block_layout import BlockMacro, CellLayout, lay_out
from agnet.benchmarks.networks.cost import NetworkCost
from agnet.benchmarks.networks.layers import Convolution, Layer
from agnet.spaces import Architecture

__all__ = ["block_cost"]


def block_cost(
    arch: Architecture, macro: BlockMacro, image: tuple[int, int, int], num_classes: int
) -> NetworkCost:
    """Counts the network of a cell for an image of so many channels, height and width.

    Raises:
        InvalidInput: If no network can be built of the architecture.
    """
    channels, height, width = image
    layout = lay_out(arch, macro, channels)
    features = layout[-1].filters if layout else channels
    parameters, macs = (features + 1) * num_classes, features * num_classes
    for cell in layout:
        for layers, level in _by_level(cell):
            convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
            pixels = -(-height // 2**level) * -(-width // 2**level)
            parameters += sum(layer.parameters for layer in convolutions)
            macs += pixels * sum(layer.weights for layer in convolutions)
    return NetworkCost(parameters, macs)


def _by_level(cell: CellLayout) -> list[tuple[Sequence[Layer], int]]:
    """The layers of a cell, each group with how often the resolution of what it makes is halved."""
    made = cell.level + (cell.stride == 2)
    halves = [(layers, made) for block in cell.blocks for _, layers in block]
    fixed = [(source.layers, cell.level) for source in cell.sources]
    return [*fixed, *halves, (cell.joined, made)]
