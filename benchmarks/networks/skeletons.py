"""The skeletons of the spaces whose networks can be built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import torch

from agnet.benchmarks.networks.block_cells import BlockNetwork
from agnet.benchmarks.networks.block_cost import block_cost
from agnet.benchmarks.networks.block_layout import BlockMacro
from agnet.benchmarks.networks.cost import NetworkCost
from agnet.benchmarks.networks.skeleton import Skeleton
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, BlockCells, SearchSpace

__all__ = ["BlockSkeleton", "skeleton_of"]


@final
@dataclass(frozen=True)
class BlockSkeleton(Skeleton):
    """Of cells of blocks.

    Attributes:
        macro: How they are stacked.
    """

    macro: BlockMacro = field(default_factory=BlockMacro)

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> BlockNetwork:
        """Builds a network; see :meth:`Skeleton.build`."""
        return BlockNetwork(arch, self.macro, image[0], num_classes, generator)

    def cost(
        self, arch: Architecture, image: tuple[int, int, int], num_classes: int
    ) -> NetworkCost:
        """Counts without building; see :meth:`Skeleton.cost`."""
        return block_cost(arch, self.macro, image, num_classes)


def skeleton_of(space: SearchSpace) -> Skeleton:
    """Returns the skeleton that the space was published with.

    Raises:
        InvalidInput: If there is none.
    """
    if isinstance(space, BlockCells):
        return BlockSkeleton()
    raise InvalidInput(
        f"got the space {space.name}, of which no networks can be built; expected block cells"
    )
