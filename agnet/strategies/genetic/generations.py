"""NSGA-II and NSGA-III: the best of parents and children are the next parents.

Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
IEEE TEC 2002. Deb and Jain, "An evolutionary many-objective optimization algorithm using
reference-point-based nondominated sorting approach, part I", IEEE TEC 2014.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.extras import needs
from agnet.spaces import SearchSpace
from agnet.spaces.architectures import Choices
from agnet.strategies.genetic.engine import Engine, Points
from agnet.strategies.genetic.individuals import individuals, resume, set_up
from agnet.strategies.genetic.operators import SpaceCrossover, SpaceMutation, least_violation

with needs("evolution", "an evolutionary strategy"):
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.operators.selection.tournament import TournamentSelection

__all__ = ["Generations", "nsga2", "nsga3"]

TRIES: Final = 3  # how often it mates for children that the population does not have
STANDING: Final = ("rank", "crowding")  # what survival notes of an individual, for tournaments
NORMS: Final = ("ideal_point", "worst_point", "nadir_point", "extreme_points")


@final
class Generations(Engine):
    """An algorithm whose whole generation is judged at once."""

    def __init__(
        self,
        algorithm: Any,
        space: SearchSpace,
        objectives: int,
        rng: np.random.Generator,
        norm: Any = None,
    ) -> None:
        """Sets an algorithm up.

        Args:
            algorithm: One of pymoo's that has a mating and a survival.
            space: What it varies.
            objectives: ``M``.
            rng: The random stream.
            norm: The scale of objectives that its survival keeps, if it does.
        """
        set_up(algorithm, space, objectives, True, rng)
        algorithm.mating.n_max_iterations = TRIES
        self._algorithm, self._norm = algorithm, norm
        self._width = len(space.choice_sizes)

    @property
    def generation(self) -> int:
        """As many as the population."""
        return int(self._algorithm.pop_size)

    @property
    def places(self) -> int:
        """One: a child can take anybody's place."""
        return 1

    def start(self, points: Points) -> None:
        """Takes all; the next generation reduces them to the size of the population."""
        self._algorithm.initialization.sampling = individuals(points)
        self._tell(self._algorithm.ask())

    def breed(self, n: int) -> tuple[Choices, npt.NDArray[np.int64]]:
        """Mates for ``n`` distinct children that are not in the population."""
        self._algorithm.n_offsprings = n
        children = self._algorithm.ask()
        self._algorithm.termination.force_termination = False  # it would stop if there are none
        if children is None:
            return np.empty((0, self._width), dtype=np.int16), np.empty(0, dtype=np.int64)
        return children.get("X"), np.zeros(len(children), dtype=np.int64)

    def advance(self, points: Points, places: npt.NDArray[np.int64]) -> None:
        """Chooses the survivors among population and children."""
        self._tell(individuals(points))

    def rows(self) -> npt.NDArray[np.int64]:
        """Where the members of the population are in the archive."""
        return np.asarray(self._algorithm.pop.get("row"))

    def state_dict(self) -> dict[str, Any]:
        """Returns the standing of each individual, and the scale of objectives if any."""
        standing = self._algorithm.pop.get(*STANDING)
        state: dict[str, Any] = {
            name: torch.from_numpy(numbers.astype(np.float64))  # what has none has NaN
            for name, numbers in zip(STANDING, standing, strict=True)
        }
        for name in NORMS if self._norm is not None else ():
            value = getattr(self._norm, name)
            state[name] = None if value is None else torch.from_numpy(value.copy())
        return state

    def load_state_dict(self, points: Points, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Engine.load_state_dict`."""
        population = individuals(points)
        for name in STANDING:
            numbers = state[name].numpy()
            if numbers.shape != points.rows.shape:
                raise ValueError(f"{len(numbers)} numbers {name} for {len(points.rows)}")
            population.set(name, numbers)
        resume(self._algorithm, population)
        for name in NORMS if self._norm is not None else ():
            value = state[name]
            setattr(self._norm, name, None if value is None else value.numpy().copy())

    def _tell(self, population: Any) -> None:
        with warnings.catch_warnings():  # which NSGA-III silences for the whole process
            self._algorithm.tell(infills=population)


def nsga2(
    space: SearchSpace, objectives: int, rng: np.random.Generator, population: int
) -> Generations:
    """NSGA-II with the moves of a space."""
    algorithm = NSGA2(
        pop_size=population, crossover=SpaceCrossover(space), mutation=SpaceMutation(space)
    )
    return Generations(algorithm, space, objectives, rng)


def nsga3(
    space: SearchSpace,
    directions: npt.NDArray[np.float64],
    rng: np.random.Generator,
    population: int,
) -> Generations:
    """NSGA-III along directions ``(D, M)``, with the moves of a space."""
    algorithm = NSGA3(
        ref_dirs=directions,
        pop_size=population,
        selection=TournamentSelection(func_comp=least_violation),
        crossover=SpaceCrossover(space),
        mutation=SpaceMutation(space),
    )
    norm = algorithm.survival.norm
    return Generations(algorithm, space, directions.shape[1], rng, norm)
