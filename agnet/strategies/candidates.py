"""Where proposals come from: mutants of what is good, and others when they are too few."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.spaces import LISTABLE, Architectures
from agnet.strategies.archive import Archive

__all__ = ["LISTED", "fill_up", "mutants"]

LISTED: Final = 20_000  # in spaces up to this size everything can be a candidate
ATTEMPTS: Final = 32
CHANGES: Final = 3  # by which a mutant differs from its parent at most


def fill_up(
    proposed: Architectures, n: int, archive: Archive, rng: np.random.Generator
) -> Architectures:
    """Returns the first ``n`` fresh ones of ``proposed``, then random ones.

    Random ones break no limit that can be computed, unless such are hard to find. Fewer come back
    only if the space has no more.
    """
    space = archive.problem.space
    found = archive.fresh(proposed)
    for attempt in range(2 * ATTEMPTS):
        if len(found) >= n:
            return found[:n]
        choose = archive.allowed if attempt < ATTEMPTS else archive.fresh
        found = archive.fresh(found + choose(space.sample(2 * n, rng)))
    if len(found) < n and space.size <= LISTABLE:  # nearly everything is known: list the rest
        rest = archive.fresh(space.enumerate())
        found = archive.fresh(found + rest[rng.permutation(len(rest))])
    return found[:n]


def mutants(parents: Architectures, n: int, rng: np.random.Generator) -> Architectures:
    """``n`` mutants of parents in turn, one to three changes away."""
    space = parents.space
    found = parents[np.arange(n) % len(parents)]
    changes = np.sort(rng.integers(1, CHANGES + 1, size=n))[::-1]
    for change in range(CHANGES):
        more = int((changes > change).sum())
        found = space.mutate(found[:more], rng) + found[more:]
    return found
