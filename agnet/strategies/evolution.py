"""Regularized evolution: the oldest dies, whatever its worth.

Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture Search", AAAI
2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy, check_single_objective
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["Evolution"]

ATTEMPTS: Final = 32


@final
class Evolution(Strategy):
    """Mutates winners of tournaments among the most recent architectures.

    The population is what was told last, so that the oldest leaves as another enters.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        population: int = 30,
        tournament: int = 10,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched.
            rng: The random stream.
            population: How many of the most recent can be parents.
            tournament: How many of those are drawn for each parent; the best of them wins.

        Raises:
            InvalidInput: If a setting cannot be used, or there are several objectives.
        """
        check_single_objective(problem, "evolution")
        if not 1 <= tournament <= population:
            raise InvalidInput(
                f"got population {population} and tournament {tournament}; expected "
                "1 <= tournament <= population"
            )
        self._archive = Archive(problem)
        self._rng = rng
        self._population, self._tournament = population, tournament

    def ask(self, n: int) -> Architectures:
        """Proposes mutants of tournament winners; see :meth:`Strategy.ask`."""
        space = self._archive.problem.space
        mutants = space.batch([])
        for _ in range(ATTEMPTS if len(self._archive) else 0):
            if len(mutants) >= n:
                break
            parents = self._archive.archs[self._winners(n)]
            mutants = self._archive.allowed(mutants + space.mutate(parents, self._rng))
        return fill_up(mutants, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream."""
        return make_state("evolution", self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("evolution", self._archive, self._rng, state):
            pass

    def _winners(self, n: int) -> np.ndarray:
        """The rows ``(n,)`` of the best of each of ``n`` tournaments."""
        oldest = max(len(self._archive) - self._population, 0)
        ranks = self._archive.outcomes.ranks()[oldest:]
        drawn = self._rng.random((n, len(ranks))).argsort(axis=1)[:, : self._tournament]
        winner = ranks[drawn].argmin(axis=1)
        return oldest + np.take_along_axis(drawn, winner[:, None], axis=1)[:, 0]
