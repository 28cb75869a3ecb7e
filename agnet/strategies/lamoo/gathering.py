"""How candidates of a region are picked out of those that a sampler draws."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.lamoo.inputs import Encoding
from agnet.strategies.lamoo.region import Region

__all__ = ["gather"]


def gather(
    blocks: Iterable[Architectures],
    region: Region,
    encode: Encoding,
    n: int,
    archive: Archive,
    least: int | None = None,
) -> Architectures:
    """Takes blocks until ``n`` fresh candidates lie in a region, and returns these.

    If they never do, those follow that lie in the region without its deepest split, then without
    its two deepest ones, and so on. What is known to break a limit comes after everything else.

    Args:
        blocks: Candidates.
        region: Where they are to lie.
        encode: Gives the inputs of the region.
        n: How many are wanted.
        archive: What is known.
        least: With how many inside one is content, so that none from elsewhere follow; ``n`` by
            default.
    """
    pool = archive.problem.space.batch([])
    levels, broken = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    inside = 0
    for block in blocks:
        known = len(pool)
        pool = archive.fresh(pool + block)
        if len(pool) > known:
            new = pool[known:]
            levels = np.concatenate([levels, region.levels(encode(new))])
            broken = np.concatenate([broken, ~archive.problem.keeps_known_limits(new)])
        inside = int(((levels == region.depth) & ~broken).sum())
        if inside >= n:
            break
    order = np.lexsort((-levels, broken))
    return pool[order[: min(max(inside, n if least is None else least), n)]]
