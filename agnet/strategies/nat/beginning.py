"""Which architectures a transfer begins with."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.spaces import Architectures, SearchSpace
from agnet.spaces.elastic import ElasticSpace, Options, sample_filled, sample_genes

__all__ = ["DRAWS", "beginning"]

DRAWS: Final = ("filled", "genes", "uniform")
TRIES: Final = 16  # of drawing twice as many as are wanted


def beginning(space: SearchSpace, n: int, rng: np.random.Generator, draw: str) -> Architectures:
    """Draws up to ``n`` different architectures; of elastic ones also the extremes, first.

    Args:
        space: Where they come from.
        n: How many; fewer come back only if the space is about as small.
        rng: Draws them.
        draw: Of elastic networks ``filled``, each depth and exit equally likely, as in NATv2,
            ``genes``, each gene uniform, as in NAT, or ``uniform``; of others all three are that.

    Raises:
        InvalidInput: If the draw is another word.
    """
    if draw not in DRAWS:
        raise InvalidInput(f"got draw = {draw!r}; expected one of {', '.join(DRAWS)}")
    found = _extremes(space)[:n]
    for _ in range(TRIES):
        if len(found) >= n:
            break
        found = (found + _drawn(space, 2 * n, rng, draw)).distinct()
    return found[:n]


def _extremes(space: SearchSpace) -> Architectures:
    if not isinstance(space, ElasticSpace):
        return space.batch([])
    every = Options.every(space.config)
    return space.batch([every.smallest(space), every.largest(space)])


def _drawn(space: SearchSpace, n: int, rng: np.random.Generator, draw: str) -> Architectures:
    if not isinstance(space, ElasticSpace) or draw == "uniform":
        return space.sample(n, rng)
    return (sample_filled if draw == "filled" else sample_genes)(space, n, rng)
