"""Neural Architecture Transfer: a super-network and an archive of its networks adapt to each other.

Lu et al., "Neural Architecture Transfer", TPAMI 2021; Sarti, Lomurno and Matteucci, "Neural
Architecture Transfer 2: A Paradigm for Improving Efficiency in Multi-Objective Neural Architecture
Search", arXiv 2307.00960.
"""

from agnet.transfer.aims import aim_of
from agnet.transfer.finishing import TUNING, Finished, check_tuning, finish
from agnet.transfer.growing import RECIPE, grow, growth
from agnet.transfer.loop import Round, Transferred, transfer
from agnet.transfer.policy import POLICIES, Policy
from agnet.transfer.proposals import check_proposer
from agnet.transfer.records import Aim, Records

__all__ = [
    "POLICIES",
    "RECIPE",
    "TUNING",
    "Aim",
    "Finished",
    "Policy",
    "Records",
    "Round",
    "Transferred",
    "aim_of",
    "check_proposer",
    "check_tuning",
    "finish",
    "grow",
    "growth",
    "transfer",
]
