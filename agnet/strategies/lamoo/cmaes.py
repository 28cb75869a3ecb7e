"""Draws of CMA-ES, which has learnt from what was evaluated where better ones lie.

Hansen and Ostermeier, "Completely Derandomized Self-Adaptation in Evolution Strategies",
Evolutionary Computation 2001.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.extras import needs
from agnet.spaces import Architectures, SearchSpace
from agnet.strategies.lamoo.inputs import onehot
from agnet.strategies.lamoo.region import Inputs

__all__ = ["MEMORY", "check_cma", "evolved", "nearest"]

MEMORY: Final = 100  # of what was evaluated, the least dominated, is learnt from
POPULATION: Final = 20  # how many of these at a time; and around so many of the best one draws
SIGMA: Final = 0.5  # of each coordinate: of a known one, every fourth choice is then another
DRAWN: Final = 250  # of the first block,
BLOCKS: Final = 3  # of so many, each twice as large as the one before


def check_cma() -> None:
    """Imports the package.

    Raises:
        MissingExtra: If it is not installed.
    """
    with needs("evolution", "the sampler cmaes"):
        import cma  # noqa: F401


def evolved(
    archs: Architectures, numbers: npt.NDArray[np.int64], rng: np.random.Generator
) -> Iterator[Architectures]:
    """Draws from the distribution that an evolution strategy has adapted to known architectures.

    Choices are relaxed to one coordinate an option, of which the highest counts. A new strategy
    starts at the best architecture and is told all of them, the worst population first. It keeps
    the shape of the distribution that it has come to, not its width and its mean: draws lie around
    the best architectures in turn, as a front lies in many places.

    Args:
        archs: ``B`` architectures, the best first; nothing is drawn if they are no population.
        numbers: ``(B,)``, what they are to be judged by, to be minimised.
        rng: All that is random.
    """
    if len(archs) < POPULATION:
        return
    import cma

    known = onehot(archs.space)(archs)
    told = np.arange(len(known) // POPULATION * POPULATION)[::-1]
    settings: dict[str, Any] = {
        "popsize": POPULATION,
        "randn": lambda size, width: rng.standard_normal((size, width)),
        "seed": np.nan,  # leaves the global stream of numpy alone
        "verbose": -9,  # prints nothing and looks for no files
        "verb_log": 0,
    }
    strategy = cma.CMAEvolutionStrategy(known[0], SIGMA, settings)
    strategy.feed_for_resume(list(known[told]), numbers[told].astype(np.float64).tolist())
    strategy.sigma = SIGMA
    for at in range(BLOCKS):
        each = (DRAWN << at) // POPULATION
        drawn = [point for mean in known[:POPULATION] for point in strategy.ask(each, xmean=mean)]
        yield nearest(archs.space, np.array(drawn)[rng.permutation(len(drawn))])


def nearest(space: SearchSpace, inputs: Inputs) -> Architectures:
    """Takes the option of the highest coordinate in each choice, among those that are allowed.

    Args:
        space: Where architectures come from.
        inputs: ``(B, F)``, one coordinate an option of each choice.

    Returns:
        At most ``B`` architectures: what is none of the space is left out.
    """
    sizes = space.choice_sizes
    ends = np.cumsum(sizes)
    choices = np.zeros((len(inputs), len(sizes)), dtype=np.int16)
    for step, at in enumerate(space.choice_order):
        options = inputs[:, ends[at] - sizes[at] : ends[at]]
        choices[:, at] = np.where(space.allowed(choices, step), options, -np.inf).argmax(axis=1)
    return space.from_choices(choices[space.is_valid(choices)])
