"""Which growth a space has."""

from __future__ import annotations

from agnet.errors import InvalidInput
from agnet.spaces import BlockCells, SearchSpace
from agnet.spaces.nasbench101 import NASBench101
from agnet.spaces.nasbench201 import NASBench201
from agnet.strategies.popnas.block_growth import BlockGrowth
from agnet.strategies.popnas.edge_growth import EdgeGrowth
from agnet.strategies.popnas.growth import Growth
from agnet.strategies.popnas.vertex_growth import VertexGrowth

__all__ = ["growth_of"]


def growth_of(space: SearchSpace, cells: int) -> Growth:
    """Returns how the cells of a space grow.

    Args:
        space: Cells of blocks, of NAS-Bench-101 or of NAS-Bench-201.
        cells: How many cells a network of blocks stacks.

    Raises:
        InvalidInput: If the cells of the space do not grow, or ``cells`` is too small.
    """
    if isinstance(space, BlockCells):
        return BlockGrowth(space, cells)
    if isinstance(space, NASBench101):
        return VertexGrowth(space)
    if isinstance(space, NASBench201):
        return EdgeGrowth(space)
    raise InvalidInput(
        f"got the space {space.name}; growth is known of blocks, nasbench101 and nasbench201"
    )
