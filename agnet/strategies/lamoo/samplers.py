"""Where candidates come from, block after block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.pareto import dominance_numbers, non_dominated_ranks
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.candidates import LISTED, mutants
from agnet.strategies.lamoo.points import Points
from agnet.strategies.latent_draws import LatentDraws

__all__ = ["PARENTS", "choose_parents", "codes", "offspring", "uniform"]

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
    points: Points, inside: npt.NDArray[np.bool_], rng: np.random.Generator, number: int
) -> npt.NDArray[np.int64]:
    """Returns rows of the ``number`` least dominated of ``(B, M)`` points, first those inside."""
    numbers, ranks = dominance_numbers(points), non_dominated_ranks(points)
    order = np.lexsort((rng.random(len(points)), ranks, numbers, ~inside))
    return order[:number]
