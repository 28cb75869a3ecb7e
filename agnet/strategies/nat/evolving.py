"""The search inside: a population that evolves by what is predicted of it."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.spaces import Architectures
from agnet.strategies.genetic.engine import Engine, Points
from agnet.strategies.nat.forecast import Forecast

__all__ = ["SOLVERS", "evolved", "solver_of"]

SOLVERS: Final = ("auto", "nsga2", "nsga3")


def solver_of(solver: str, objectives: int) -> str:
    """Returns what ``auto`` stands for: NSGA-II for one or two objectives, else NSGA-III.

    With one objective NSGA-II is a genetic algorithm whose best parents stay.

    Raises:
        InvalidInput: If there is no such solver, or it takes more objectives.
    """
    if solver not in SOLVERS or (solver == "nsga3" and objectives < 2):
        raise InvalidInput(
            f"got the solver {solver!r} for {objectives} objectives; expected one of "
            f"{', '.join(SOLVERS)}, and nsga3 for several objectives only"
        )
    return solver if solver != "auto" else "nsga2" if objectives <= 2 else "nsga3"


def evolved(
    forecast: Forecast,
    first: Architectures,
    rng: np.random.Generator,
    *,
    solver: str,
    population: int,
    generations: int,
) -> Architectures:
    """Returns the last population.

    Args:
        forecast: What is predicted.
        first: What it begins with, as many as the population or more.
        rng: The random stream.
        solver: ``nsga2`` or ``nsga3``.
        population: How many are parents of a generation, and how many children it has.
        generations: How many follow the first.
    """
    engine, everything = _engine(forecast, first, rng, solver, population), first
    engine.start(_points(forecast, first, 0))
    for _ in range(generations):
        choices, places = engine.breed(population)
        if not len(choices):  # nothing that the population does not have is left near it
            break
        children = Architectures(first.space, choices)
        engine.advance(_points(forecast, children, len(everything)), places)
        everything = everything + children
    return everything[engine.rows()]


def _points(forecast: Forecast, archs: Architectures, start: int) -> Points:
    values, violation = forecast.points(archs)
    return Points(start + np.arange(len(archs)), archs.choices, values, violation)


def _engine(
    forecast: Forecast,
    first: Architectures,
    rng: np.random.Generator,
    solver: str,
    population: int,
) -> Engine:
    from agnet.strategies.genetic.decomposition import directions
    from agnet.strategies.genetic.generations import nsga2, nsga3

    objectives = len(forecast.scale.low)
    if solver == "nsga2":
        return nsga2(first.space, objectives, rng, population)
    return nsga3(first.space, directions(objectives, population), rng, population)
