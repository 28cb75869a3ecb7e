"""Numbers of AG-Net that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

__all__ = ["PRESETS", "Preset"]


@final
@dataclass(frozen=True)
class Preset:
    """How many candidates are drawn where, and when the generator is retrained.

    Attributes:
        first: Codes drawn from the prior in the first round of a small space, which fill the pool.
        draws: Codes drawn from the prior in each other round.
        uniform: Draw them from U(-3, 3) in each dimension instead of the prior.
        parents: How many of the best draws are made around.
        nearby: Draws around the best a round, and around what a climb starts from.
        guided: Codes moved up the gradient of the surrogate after each retraining.
        pooled: In a space that draws can cover, keep all candidates for later rounds.
        seen: How many candidates the gradient is learnt from.
        climbs: How often the search moves on to what lies around the most promising candidates, in
            a space that is too large to be covered by draws.
        boldness: Of the acquisition,
        climbing: and in a space where the search climbs, of the choices of a batch in turn. With 2
            alone, or with 2 and 4, some searches end on the nearest hill; with 3 alone they end
            short of the top.
        parts: Share of the rounds, in such a space, that look for a part of the front only, where
            there are several objectives.
        k: Flatness of the rank weights.
        retrain_every: Queries between retrainings of the generator.
        updates: Of each retraining.
        joint: Turn several objectives into the sum of their ranks, instead of looking for a front.
    """

    first: int = 16384
    draws: int = 1024
    uniform: bool = False
    parents: int = 10
    nearby: int = 800
    guided: int = 64
    pooled: bool = True
    seen: int = 2048
    climbs: int = 5
    boldness: tuple[float, ...] = (2.0,)
    climbing: tuple[float, ...] = (3.0, 3.0, 3.0, 1.0)
    parts: float = 0.5
    k: float = 0.01
    retrain_every: int = 16
    updates: int = 10
    joint: bool = False


PRESETS: Final = {
    "default": Preset(),
    "paper": Preset(
        first=100,
        draws=100,
        uniform=True,
        nearby=0,
        guided=0,
        pooled=False,
        climbs=0,
        boldness=(0.0,),
        climbing=(0.0,),
        updates=40,
        joint=True,
    ),
}
