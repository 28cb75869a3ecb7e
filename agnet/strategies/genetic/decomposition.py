"""MOEA/D: one member of the population for each direction, bred and replaced among neighbours.

Zhang and Li, "MOEA/D: A Multiobjective Evolutionary Algorithm Based on Decomposition", IEEE TEC
2007.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.extras import needs
from agnet.spaces import SearchSpace
from agnet.spaces.architectures import Choices
from agnet.strategies.genetic.engine import Engine, Points
from agnet.strategies.genetic.individuals import individuals, resume, set_up
from agnet.strategies.genetic.operators import SpaceCrossover, SpaceMutation

with needs("evolution", "moead"):
    from pymoo.algorithms.moo.moead import ParallelMOEAD
    from pymoo.util.reference_direction import (
        UniformReferenceDirectionFactory,
        get_partition_closest_to_points,
    )

__all__ = ["Decomposition", "directions"]

WORSE: Final = 1e3  # on the scale of the first outcomes: worse than whatever keeps the limits


def directions(objectives: int, most: int) -> npt.NDArray[np.float64]:
    """Returns evenly spread directions ``(D, M)``, as many as an even grid has up to ``most``.

    Das and Dennis, "Normal-boundary intersection", SIAM Journal on Optimization 1998. For two
    objectives that is exactly ``most``; for three 3, 6, 10, 15, 21, 28, ...; for four 4, 10, 20,
    35, ...

    Raises:
        ValueError: If there are more objectives than that.
    """
    parts = get_partition_closest_to_points(most, objectives)
    if parts < 1:
        raise ValueError(f"{most} directions for {objectives} objectives")
    return np.asarray(UniformReferenceDirectionFactory(objectives, n_partitions=parts)())


@final
class Decomposition(Engine):
    """pymoo's parallel MOEA/D, which has no limits: what breaks one is given a bad value instead.

    Initially the member of each direction is the best along it of what was evaluated, however much
    that is.
    """

    def __init__(
        self,
        space: SearchSpace,
        along: npt.NDArray[np.float64],
        rng: np.random.Generator,
        neighbours: int,
    ) -> None:
        """Sets MOEA/D up.

        Args:
            space: What it varies.
            along: ``(D, M)``, the directions.
            rng: The random stream.
            neighbours: How many directions, the own one included, breed and are replaced together.
        """
        self._algorithm = ParallelMOEAD(
            ref_dirs=along,
            n_neighbors=neighbours,
            crossover=SpaceCrossover(space),
            mutation=SpaceMutation(space),
        )
        set_up(self._algorithm, space, along.shape[1], False, rng)

    @property
    def generation(self) -> int:
        """One: a child takes its place as soon as it is evaluated."""
        return 1

    @property
    def places(self) -> int:
        """As many as directions."""
        return int(self._algorithm.pop_size)

    def start(self, points: Points) -> None:
        """Gives each direction the best along it."""
        population = individuals(_penalised(points))
        values = population.get("F")
        ideal = values.min(axis=0)
        worth = self._algorithm.decomposition.do(
            values, self._algorithm.ref_dirs, _type="many_to_many", ideal_point=ideal
        )
        self._algorithm.initialization.sampling = population[worth.argmin(axis=0)]
        self._algorithm.tell(infills=self._algorithm.ask())
        self._algorithm.ideal = ideal

    def breed(self, n: int) -> tuple[Choices, npt.NDArray[np.int64]]:
        """Breeds one child for each of up to ``n`` directions drawn without repeats."""
        self._algorithm.n_offsprings = min(n, self.places)
        children = self._algorithm.ask()
        return children.get("X"), self._algorithm.indices

    def advance(self, points: Points, places: npt.NDArray[np.int64]) -> None:
        """Replaces those neighbours along whose directions a child is better."""
        self._algorithm.indices = places
        self._algorithm.tell(infills=individuals(_penalised(points)))

    def rows(self) -> npt.NDArray[np.int64]:
        """Where the members of the population are in the archive."""
        return np.asarray(self._algorithm.pop.get("row"))

    def state_dict(self) -> dict[str, Any]:
        """Returns the best value of each objective so far."""
        return {"ideal": torch.from_numpy(self._algorithm.ideal.copy())}

    def load_state_dict(self, points: Points, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Engine.load_state_dict`."""
        ideal = state["ideal"].numpy().copy()
        if len(points.rows) != self.places or ideal.shape != points.values.shape[1:]:
            raise ValueError(f"{len(points.rows)} members for {self.places} directions")
        resume(self._algorithm, individuals(_penalised(points)))
        self._algorithm.ideal = ideal


def _penalised(points: Points) -> Points:
    """The same, where what breaks limits is worse in everything than whatever keeps them."""
    broken = points.violation[:, None] > 0
    values = np.where(broken, WORSE + points.violation[:, None], points.values)
    return replace(points, values=values)
