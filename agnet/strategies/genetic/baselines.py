"""The evolutionary baselines by name: NSGA-II, NSGA-III and MOEA/D.

What needs pymoo is imported when one of them is made.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.strategies.base import Problem
from agnet.strategies.genetic.strategy import Genetic

__all__ = ["make_moead", "make_nsga2", "make_nsga3"]

LEAST: Final = 2  # a child has two parents


def make_nsga2(problem: Problem, rng: np.random.Generator, *, population: int = 20) -> Genetic:
    """Makes a search by NSGA-II.

    Args:
        problem: What is searched, for any number of objectives.
        rng: The random stream.
        population: How many are parents of a generation, and how many children it has.

    Raises:
        InvalidInput: If the population is too small.
        MissingExtra: If pymoo is not installed.
    """
    _check_population(population, LEAST)
    from agnet.strategies.genetic.generations import nsga2

    objectives = len(problem.objectives)
    return Genetic("nsga2", problem, rng, lambda: nsga2(problem.space, objectives, rng, population))


def make_nsga3(problem: Problem, rng: np.random.Generator, *, population: int = 20) -> Genetic:
    """Makes a search by NSGA-III.

    Args:
        problem: What is searched, for two objectives or more.
        rng: The random stream.
        population: How many are parents of a generation, and how many children it has. There are
            as many directions as an even grid has up to that.

    Raises:
        InvalidInput: If the population is too small, or there is one objective.
        MissingExtra: If pymoo is not installed.
    """
    _check_several(problem, "nsga3")
    _check_population(population, len(problem.objectives))
    from agnet.strategies.genetic.decomposition import directions
    from agnet.strategies.genetic.generations import nsga3

    along = directions(len(problem.objectives), population)
    return Genetic("nsga3", problem, rng, lambda: nsga3(problem.space, along, rng, population))


def make_moead(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population: int = 20,
    neighbours: int = 20,
) -> Genetic:
    """Makes a search by MOEA/D.

    Args:
        problem: What is searched, for two objectives or more.
        rng: The random stream.
        population: How many directions there are at most, each with one member; of three or more
            objectives, as many as an even grid has up to that.
        neighbours: How many directions, the own one included, breed and are replaced together; all
            of them if there are no more.

    Raises:
        InvalidInput: If a setting cannot be used, or there is one objective.
        MissingExtra: If pymoo is not installed.
    """
    _check_several(problem, "moead")
    _check_population(population, len(problem.objectives))
    if neighbours < LEAST:
        raise InvalidInput(f"got {neighbours} neighbours; expected at least {LEAST}")
    from agnet.strategies.genetic.decomposition import Decomposition, directions

    along = directions(len(problem.objectives), population)
    return Genetic(
        "moead", problem, rng, lambda: Decomposition(problem.space, along, rng, neighbours)
    )


def _check_population(population: int, least: int) -> None:
    if population < least:
        raise InvalidInput(f"got a population of {population}; expected at least {least}")


def _check_several(problem: Problem, name: str) -> None:
    if len(problem.objectives) < 2:
        raise InvalidInput(
            f"got one objective; {name} takes several. Use nsga2, or evolution, for one"
        )
