"""POPNASv2: cells grow step by step, and a front of predictions says which ones."""

from agnet.strategies.popnas.block_growth import BlockGrowth
from agnet.strategies.popnas.plan import Plan
from agnet.strategies.popnas.strategy import POPNAS

__all__ = ["POPNAS", "BlockGrowth", "Plan"]
