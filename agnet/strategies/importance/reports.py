"""What a search with several prices tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from agnet.spaces import Architecture, SearchSpace
from agnet.strategies.importance.categorical import Array, Integers
from agnet.strategies.importance.decoding import decoded

__all__ = ["Mode", "modes_of"]


@final
@dataclass(frozen=True)
class Mode:
    """Where one distribution has come to.

    Attributes:
        coefficient: Its price of complexity.
        arch: The architecture that its likeliest choices stand for; None if they stand for none.
        effective: The effective share of the samples that it last learnt from; NaN before.
        delta: How long its next step is.
        entropy: In nats.
    """

    coefficient: float
    arch: Architecture | None
    effective: float
    delta: float
    entropy: float


def modes_of(
    space: SearchSpace,
    choices: Integers,
    coefficients: Array,
    effective: Array,
    delta: Array,
    entropy: Array,
) -> tuple[Mode, ...]:
    """Says where ``K`` distributions have come to, of which the likeliest choices are ``(K, D)``.

    The other arguments are those of :class:`Mode`, ``(K,)`` each.
    """
    archs, good = decoded(space, choices)
    place = good.cumsum() - 1
    return tuple(
        Mode(
            float(price),
            archs[int(place[k])] if good[k] else None,
            float(effective[k]),
            float(delta[k]),
            float(entropy[k]),
        )
        for k, price in enumerate(coefficients)
    )
