"""What can be set of a one-shot search."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal, final

from agnet.errors import InvalidInput

__all__ = ["OneShot"]

COSTS: Final = ("params", "macs")
KINDS: Final = ("balance", "own")


@final
@dataclass(frozen=True)
class OneShot:
    """How the training of shared weights and the search by them alternate.

    Attributes:
        prices: What the whole range of the cost is worth, in units of the loss, one for each
            distribution; none for a grid around the exchange rate of what is drawn first.
        distributions: How many prices that grid has.
        trained: Networks that make an update of the weights, drawn from a random distribution each.
        own: Samples of each distribution in an iteration, on validation images.
        delta: The length of the first steps of a distribution.
        wait: The part of all iterations in which the weights alone are trained, by uniform draws:
            with less, and longer steps, all distributions come to small networks, which learn
            first.
        weights: ``balance`` if each distribution learns from the samples of all by importance
            ratios; ``own`` if from its own alone, to compare with.
        truncation: The most that a sample counts by ``balance``, also one of the distribution
            itself; from the number of distributions on, or infinite, none is cut.
        cost: ``params`` or ``macs``.
        calibration: On how many training images the norms of networks that are evaluated are.
    """

    prices: tuple[float, ...] = ()
    distributions: int = 5
    trained: int = 2
    own: int = 2
    delta: float = 0.25
    wait: float = 0.3
    weights: Literal["balance", "own"] = "balance"
    truncation: float = 1.0
    cost: Literal["params", "macs"] = "params"
    calibration: int = 500

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is out of range.
        """
        for name, words in (("weights", KINDS), ("cost", COSTS)):
            if getattr(self, name) not in words:
                raise InvalidInput(
                    f"got {name} = {getattr(self, name)!r}; expected {' or '.join(words)}"
                )
        for name, least in (("distributions", 1), ("trained", 1), ("own", 2), ("calibration", 2)):
            if getattr(self, name) < least:
                raise InvalidInput(f"got {name} = {getattr(self, name)}; expected at least {least}")
        if not (isfinite(self.delta) and self.delta > 0):
            raise InvalidInput(f"got delta = {self.delta}; expected a finite number above 0")
        if not self.truncation > 0:  # so that NaN is found too
            raise InvalidInput(
                f"got truncation = {self.truncation}; expected a number above 0, or inf to cut none"
            )
        if not 0 <= self.wait < 1:
            raise InvalidInput(f"got wait = {self.wait}; expected a part, from 0 and below 1")
        rising = all(a < b for a, b in zip((-1.0, *self.prices), self.prices, strict=False))
        if not rising or not all(isfinite(price) and price >= 0 for price in self.prices):
            raise InvalidInput(
                f"got the prices {self.prices}; expected finite numbers that rise from 0 or more"
            )

    @property
    def count(self) -> int:
        """How many distributions there are."""
        return len(self.prices) or self.distributions
