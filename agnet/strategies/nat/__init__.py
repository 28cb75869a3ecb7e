"""Neural Architecture Transfer: proposals by a predictor inside an evolutionary algorithm.

Lu et al., "Neural Architecture Transfer", TPAMI 2021; Sarti, Lomurno and Matteucci, "Neural
Architecture Transfer 2", arXiv 2307.00960. What adapts a super-network meanwhile is
:mod:`agnet.transfer`.
"""

from agnet.strategies.nat.beginning import beginning
from agnet.strategies.nat.strategy import NAT
from agnet.strategies.nat.survival import survivors

__all__ = ["NAT", "beginning", "survivors"]
