"""Where proposals come from when a strategy has too few of its own."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.spaces import LISTABLE, Architectures
from agnet.strategies.archive import Archive

__all__ = ["fill_up"]

ATTEMPTS: Final = 32


def fill_up(
    proposed: Architectures, n: int, archive: Archive, rng: np.random.Generator
) -> Architectures:
    """Returns the first ``n`` fresh ones of ``proposed``, then random ones.

    Fewer come back only if the space has no more.
    """
    space = archive.problem.space
    found = archive.fresh(proposed)
    for _ in range(ATTEMPTS):
        if len(found) >= n:
            return found[:n]
        found = archive.fresh(found + space.sample(2 * n, rng))
    if len(found) < n and space.size <= LISTABLE:  # nearly everything is known: list the rest
        rest = archive.fresh(space.enumerate())
        found = archive.fresh(found + rest[rng.permutation(len(rest))])
    return found[:n]
