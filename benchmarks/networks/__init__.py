"""Networks: what an architecture is as a module, and what it costs."""

from agnet.benchmarks.networks.block_cells import BlockNetwork
from agnet.benchmarks.networks.block_cost import NetworkCost, block_cost
from agnet.benchmarks.networks.block_layout import BlockMacro

__all__ = ["BlockMacro", "BlockNetwork", "NetworkCost", "block_cost"]
