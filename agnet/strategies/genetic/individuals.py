"""What pymoo's algorithms have in common here: how they are set up, and what they are told."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnet.extras import needs
from agnet.spaces import SearchSpace
from agnet.strategies.genetic.engine import Points

with needs("evolution", "an evolutionary strategy"):
    from pymoo.config import Config
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.core.termination import NoTermination

__all__ = ["individuals", "resume", "set_up"]


def set_up(
    algorithm: Any, space: SearchSpace, objectives: int, limited: bool, rng: np.random.Generator
) -> None:
    """Readies an algorithm for a space; everything random comes from ``rng`` from now on."""
    Config.warnings["not_compiled"] = False  # it would print advice
    upper = np.array(space.choice_sizes) - 1
    problem = Problem(
        n_var=len(upper), n_obj=objectives, n_ieq_constr=int(limited), xl=0, xu=upper, vtype=int
    )
    algorithm.setup(problem, termination=NoTermination())
    algorithm.random_state = rng


def individuals(points: Points) -> Any:
    """Returns a population of what was evaluated."""
    return Population.new(
        "X", points.choices, "F", points.values, "G", points.violation[:, None], "row", points.rows
    )


def resume(algorithm: Any, population: Any) -> None:
    """Gives an algorithm the population with which it had been started."""
    algorithm.pop, algorithm.is_initialized, algorithm.n_iter = population, True, 2
