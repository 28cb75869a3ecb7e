"""How a transfer searches: archive, proposals and adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, final

from agnet.errors import InvalidInput
from agnet.strategies.nat.beginning import DRAWS

__all__ = ["POLICIES", "Policy"]

ADAPTS: Final = ("archive", "uniform")


@final
@dataclass(frozen=True)
class Policy:
    """Settings of a transfer; by default those of NATv2, at a size for a small super-network.

    Attributes:
        archive: How many networks it holds.
        factor: How many times as many are drawn and evaluated first, of which the best stay.
        grows: Whether newcomers join the archive, or compete with those that are in it.
        draw: How the first are drawn, see :func:`agnet.strategies.nat.beginning`.
        proposer: The strategy that proposes, by name: ``nat``, or any other, such as ``agnet``.
        predictor: Of ``nat``: ``boosting`` or ``radial``.
        iterations: How often it proposes.
        newcomers: How many each time.
        adaptation: Epochs of the super-network after each time; with 0 its weights stay as they
            are.
        adapts: What networks are trained then: by the frequencies of the best of the ``archive``,
            or ``uniform``, to compare with.
        best: How many of the archive those frequencies are of.
        sampled: How many networks make an update.
        rate: The learning rate of the adaptation where it is highest: its cosine goes over all
            iterations.
        warmup: Epochs of adaptation in which it rises first; they may be of several iterations.
    """

    archive: int = 30
    factor: int = 2
    grows: bool = False
    draw: str = "filled"
    proposer: str = "nat"
    predictor: str = "boosting"
    iterations: int = 5
    newcomers: int = 8
    adaptation: int = 1
    adapts: Literal["archive", "uniform"] = "archive"
    best: int = 15
    sampled: int = 4
    rate: float = 0.05
    warmup: int = 0

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is out of range; the message says which.
        """
        least = {
            "archive": 3,
            "factor": 1,
            "iterations": 0,
            "newcomers": 1,
            "adaptation": 0,
            "best": 1,
            "sampled": 1,
            "warmup": 0,
        }
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise InvalidInput(
                    f"got {name} = {getattr(self, name)}; expected at least {lowest}"
                )
        if self.adapts not in ADAPTS or self.draw not in DRAWS:
            raise InvalidInput(
                f"got adapts = {self.adapts!r} and draw = {self.draw!r}; expected one of "
                f"{', '.join(ADAPTS)}, and one of {', '.join(DRAWS)}"
            )
        if not self.rate > 0:
            raise InvalidInput(f"got rate = {self.rate}; expected a number above 0")


NATV2: Final = Policy()
POLICIES: Final[Mapping[str, Policy]] = {
    "natv2": NATV2,
    # The first draws are all kept, genes are drawn uniformly, and nobody leaves the archive.
    "nat": replace(NATV2, archive=60, factor=1, grows=True, draw="genes", predictor="radial"),
    "natv2-published": replace(
        NATV2,
        archive=300,
        factor=10,
        iterations=30,
        newcomers=25,
        adaptation=5,
        best=150,
        rate=0.0025,
        warmup=5,
    ),
    "nat-published": replace(
        NATV2,
        archive=100,
        factor=1,
        grows=True,
        draw="genes",
        predictor="radial",
        iterations=30,
        newcomers=8,
        adaptation=5,
        best=150,
        rate=0.0025,
        warmup=5,
    ),
}
"""Policies by name: NATv2 and NAT for a minutes' job, and with the numbers that were published.

Batch (256) and weight decay (3e-4) are no part of a policy; the radial predictor has fewer members
than the 500 published.
"""
