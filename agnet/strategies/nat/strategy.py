"""Proposals of Neural Architecture Transfer.

Lu et al., "Neural Architecture Transfer", TPAMI 2021; Sarti, Lomurno and Matteucci, "Neural
Architecture Transfer 2", arXiv 2307.00960.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

import numpy as np

from agnet.errors import InvalidInput
from agnet.extras import needs
from agnet.objectives import Outcomes
from agnet.pareto import non_dominated
from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up, mutants
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.nat.beginning import DRAWS, beginning
from agnet.strategies.nat.evolving import evolved, solver_of
from agnet.strategies.nat.forecast import Forecast
from agnet.strategies.nat.spread import evenly_spread
from agnet.surrogates import BoostedTrees, RadialBasis, Surrogate

__all__ = ["NAT", "PREDICTORS"]

PREDICTORS: Final[Mapping[str, Callable[[SearchSpace, np.random.Generator], Surrogate]]] = {
    "boosting": BoostedTrees,
    "radial": RadialBasis,
}
TRIES: Final = 3  # mutants of the front for each proposal that is still missing


@final
class NAT(Strategy):
    """Evolves a population by a predictor, and proposes what fills the front evenly.

    The predictor learns whatever has been told; costs that can be computed are computed. Of the
    last population, those go into a batch that make the gaps between neighbours on the front most
    alike in each objective that is computed, or in each but the first if none is; with one
    objective, those that are predicted best. Where the population has too little that is new,
    mutants of the front join it, and at last random ones.

    Attributes:
        forecast: What predicted the last proposals; None before that.
    """

    initial: int = 0

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        first: int = 60,
        draw: str = "filled",
        predictor: str = "boosting",
        solver: str = "auto",
        population: int = 100,
        generations: int = 20,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched.
            rng: The random stream.
            first: How many are to be evaluated before the predictor is asked.
            draw: How those are drawn, see :func:`beginning`.
            predictor: ``boosting``, as in NATv2, or ``radial``, as in NAT.
            solver: ``auto``, ``nsga2`` or ``nsga3``, see :func:`solver_of`.
            population: Of the search inside.
            generations: Of the search inside.

        Raises:
            InvalidInput: If a setting cannot be used.
            MissingExtra: If pymoo, or what the predictor needs, is not installed.
        """
        for name, value, words in (("draw", draw, DRAWS), ("predictor", predictor, PREDICTORS)):
            if value not in words:
                raise InvalidInput(f"got {name} = {value!r}; expected one of {', '.join(words)}")
        least = max(2, len(problem.objectives))
        if first < 1 or population < least or generations < 1:
            raise InvalidInput(
                f"got first = {first}, population = {population} and generations = {generations}; "
                f"expected at least 1, {least} and 1"
            )
        self._solver = solver_of(solver, len(problem.objectives))
        with needs("evolution", "nat"):
            import pymoo  # noqa: F401  # what is missing is said before anything is evaluated
        self._archive, self._rng = Archive(problem), rng
        self._first, self._draw = first, draw
        self._population, self._generations = population, generations
        self._make = PREDICTORS[predictor]
        self._avoided = problem.space.batch([])
        self.forecast: Forecast | None = None
        self._make(problem.space, np.random.default_rng(0))

    def ask(self, n: int) -> Architectures:
        """Proposes the first draws, then what the predictor expects most of."""
        archive, told = self._archive, len(self._archive)
        if told < self._first or not archive.outcomes.finite.any():
            drawn = beginning(archive.problem.space, told + n, self._rng, self._draw)
            return fill_up(archive.allowed(drawn), n, archive, self._rng)
        forecast = Forecast(archive, lambda: self._make(archive.problem.space, self._rng))
        self.forecast = forecast
        population = self._new(self._evolved(forecast))
        if len(population) < n:
            near = mutants(self._front(), TRIES * n, self._rng)
            population = self._new(population + near)
        chosen = population[self._chosen(forecast, population, n)]
        return fill_up(chosen, n, archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def avoid(self, archs: Architectures) -> None:
        """Names what is not to be proposed by prediction, though no outcome of it counts any more.

        It is no part of the state.
        """
        self._avoided = archs

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream; the predictor follows from them."""
        return make_state("nat", self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("nat", self._archive, self._rng, state):
            pass

    def _new(self, archs: Architectures) -> Architectures:
        return self._archive.allowed(archs).distinct(unlike=self._avoided)

    def _front(self) -> Architectures:
        """What nothing that keeps the limits dominates; all, if nothing keeps them."""
        found = non_dominated(self._archive.outcomes.feasible_objectives)
        return self._archive.archs[np.flatnonzero(found)] if found.any() else self._archive.archs

    def _evolved(self, forecast: Forecast) -> Architectures:
        """The last population of the search inside, which begins with the front and others."""
        space = self._archive.problem.space
        first = self._front()[: self._population]
        drawn = beginning(space, self._population, self._rng, self._draw)
        return evolved(
            forecast,
            first + drawn[: self._population - len(first)],
            self._rng,
            solver=self._solver,
            population=self._population,
            generations=self._generations,
        )

    def _chosen(self, forecast: Forecast, archs: Architectures, n: int) -> Any:
        """The rows of those that are proposed."""
        values, violation = forecast.points(archs)
        if values.shape[1] == 1:
            return np.lexsort((values[:, 0], violation))[:n]
        keeps = np.flatnonzero(violation <= 0)
        if len(keeps) <= n:
            return np.lexsort((values[:, 0], violation))[:n]
        there, _ = forecast.scale.points(self._archive.outcomes)
        front = there[non_dominated(self._archive.outcomes.feasible_objectives)]
        cheap = self._cheap()
        return keeps[evenly_spread(front[:, cheap], values[keeps][:, cheap], n)]

    def _cheap(self) -> list[int]:
        """The objectives that are computed; all but the first if none is."""
        problem = self._archive.problem
        metrics = [one.metric for one in problem.objectives]
        computed = [at for at, name in enumerate(metrics) if name in problem.known]
        return computed or list(range(1, len(metrics)))
