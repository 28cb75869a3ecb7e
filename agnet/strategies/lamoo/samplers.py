"""Where candidates come from, block after block, and how those of a region are picked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.pareto import dominance_numbers, non_dominated_ranks
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.candidates import LISTED, mutants
from agnet.strategies.lamoo.inputs import Encoding
from agnet.strategies.lamoo.points import Points
from agnet.strategies.lamoo.region import Region
from agnet.strategies.latent_draws import LatentDraws

__all__ = ["choose_parents", "codes", "gather", "offspring", "uniform"]

BLOCK: Final = 1_000  # candidates of the first block; each is twice as large as the one before
BLOCKS: Final = 5
PARENTS: Final = 20
BROOD: Final = 250  # offspring of the first block,
BROODS: Final = 3  # of so many: where these do not find the region, more of them hardly will


def uniform(archive: Archive, rng: np.random.Generator) -> Iterator[Architectures]:
    """All of a small space in random order, uniform draws of a large one."""
    space = archive.problem.space
    if space.size <= LISTED:
        everything = space.enumerate()
        order, start, size = rng.permutation(len(everything)), 0, BLOCK
        while start < len(order):
            yield everything[order[start : start + size]]
            start, size = start + size, 2 * size
        return
    for at in range(BLOCKS):
        yield space.sample(BLOCK << at, rng)


def offspring(parents: Architectures, rng: np.random.Generator) -> Iterator[Architectures]:
    """Mutants of parents, then mutants of what crossing two of them gives, as many.

    Those with the most changes come first: the region vouches for them, and near ones are known.
    """
    space = parents.space
    for at in range(BROODS):
        first, second = rng.integers(len(parents), size=(2, min(BROOD << at, space.size)))
        children = space.crossover(parents[first], parents[second], rng)
        alone = rng.random(len(children)) < 0.5
        yield mutants(parents[first[alone]] + children[~alone], len(children), rng)


def codes(
    latent: LatentDraws, parents: Architectures, rng: np.random.Generator
) -> Iterator[Architectures]:
    """Draws around the codes of parents, and a quarter as many from the prior, mixed."""
    for at in range(BROODS):
        size = BROOD << at
        drawn = latent.around(parents, size) + latent.prior(size // 4, uniform=False)
        yield drawn[rng.permutation(len(drawn))]


def choose_parents(
    points: Points, inside: npt.NDArray[np.bool_], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Returns the rows of the least dominated of ``(B, M)`` points, those inside a region first."""
    numbers, ranks = dominance_numbers(points), non_dominated_ranks(points)
    order = np.lexsort((rng.random(len(points)), ranks, numbers, ~inside))
    return order[:PARENTS]


def gather(
    blocks: Iterable[Architectures], region: Region, encode: Encoding, n: int, archive: Archive
) -> tuple[Architectures, npt.NDArray[np.int64]]:
    """Takes blocks until ``n`` fresh candidates lie in a region, and returns these.

    If they never do, those follow that lie in the region without its deepest split, then without
    its two deepest ones, and so on.

    Returns:
        Up to ``n`` architectures, and to what depth of the region each lies inside.
    """
    pool = archive.problem.space.batch([])
    levels = np.empty(0, dtype=np.int64)
    for block in blocks:
        joined = archive.fresh(pool + block)
        new = region.levels(encode(joined[len(pool) :])) if len(joined) > len(pool) else levels[:0]
        pool, levels = joined, np.concatenate([levels, new])
        if (levels == region.depth).sum() >= n:
            break
    order = np.argsort(-levels, kind="stable")[:n]
    return pool[order], levels[order]
