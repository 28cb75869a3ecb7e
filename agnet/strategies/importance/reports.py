"""What a search with several prices tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from agnet.spaces import Architecture

__all__ = ["Mode"]


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
