"""Which members of an archive stay in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.extras import needs
from agnet.objectives import Outcomes
from agnet.strategies.genetic.scale import Scale

__all__ = ["survivors"]


def survivors(outcomes: Outcomes, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Returns the rows of the ``n`` that stay, in rising order.

    With one or two objectives the best by non-dominated rank, of the last rank those that are
    farthest from their neighbours (Deb et al., "A fast and elitist multiobjective genetic
    algorithm: NSGA-II", IEEE TEC 2002); with more the last rank is filled along evenly spread
    directions (Deb and Jain, NSGA-III, IEEE TEC 2014). What breaks limits comes behind what keeps
    them, what failed last.

    Args:
        outcomes: Of ``B`` architectures.
        n: How many stay; all, if there are no more.
        rng: Draws among equals.

    Raises:
        MissingExtra: If pymoo is not installed.
    """
    if len(outcomes) <= n:
        return np.arange(len(outcomes))
    if not outcomes.finite.any():
        return np.arange(n)
    with needs("evolution", "choosing survivors"):
        from pymoo.core.problem import Problem

        from agnet.strategies.genetic.engine import Points
        from agnet.strategies.genetic.individuals import individuals
    values, violation = Scale.of(outcomes).points(outcomes)
    rows = np.arange(len(outcomes))
    population = individuals(Points(rows, rows[:, None].astype(np.int16), values, violation))
    problem = Problem(n_var=1, n_obj=values.shape[1], n_ieq_constr=1)
    kept = _survival(values.shape[1], n).do(problem, population, n_survive=n, random_state=rng)
    return np.sort(np.asarray(kept.get("row"), dtype=np.int64))


def _survival(objectives: int, n: int) -> Any:
    from pymoo.algorithms.moo.nsga3 import ReferenceDirectionSurvival
    from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

    from agnet.strategies.genetic.decomposition import directions

    if objectives <= 2:
        return RankAndCrowding()
    return ReferenceDirectionSurvival(directions(objectives, max(n, objectives)))
