"""Search by any surrogate: fit it to all outcomes, then evaluate what it thinks highest of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy, check_single_objective
from agnet.strategies.candidates import LISTED, fill_up, mutants
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.targets import rank_scores
from agnet.surrogates import Surrogate

__all__ = ["Chooser", "ModelBased", "highest"]

Chooser: TypeAlias = Callable[[Architectures, int], npt.NDArray[np.int64]]
"""Says which rows of the candidates to evaluate, given how many; asked of a fitted surrogate."""

PARENTS: Final = 10  # otherwise half of the candidates are mutants of so many of the best,
CLIMBS: Final = 5  # and so many times mutants of the chosen join those that were chosen
KEPT: Final = 20


def highest(
    surrogate: Surrogate, archs: Architectures, n: int, boldness: float
) -> npt.NDArray[np.int64]:
    """Returns the rows of the ``n`` highest ``mean + boldness * std`` of the first output."""
    mean, std = surrogate.predict(archs)
    bound = mean[:, 0] + boldness * std[:, 0]
    return np.argsort(-bound, kind="stable")[:n]


@final
class ModelBased(Strategy):
    """Refits a surrogate to the ranks of all outcomes, and evaluates the candidates it chooses.

    Candidates are all architectures of a small space. In a large one they are random ones and
    mutants of the best in equal parts; then, a few times, what the surrogate chooses among them and
    mutants of those, so that a batch can be many changes away from all that is known. Of
    architectures that compute the same function (the coarsest level of ``space.keys``) only one is
    a candidate, and none if one has been evaluated.
    """

    def __init__(
        self,
        name: str,
        problem: Problem,
        rng: np.random.Generator,
        surrogate: Surrogate,
        choose: Chooser,
        candidates: int,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            name: Of the strategy, for its checkpoints.
            problem: What is searched.
            rng: The random stream.
            surrogate: What is refitted.
            choose: Chooses among candidates by means of the surrogate.
            candidates: How many are drawn where the space is too large to list.

        Raises:
            InvalidInput: If there are several objectives or no candidates.
        """
        check_single_objective(problem, name)
        if candidates < 1:
            raise InvalidInput(f"got {candidates} candidates; expected at least 1")
        self._name = name
        self._archive = Archive(problem)
        self._rng = rng
        self._surrogate, self._choose, self._number = surrogate, choose, candidates
        self._everything: Architectures | None = None

    @property
    def surrogate(self) -> Surrogate:
        """What predicts, as it was fitted for the last proposals."""
        return self._surrogate

    def ask(self, n: int) -> Architectures:
        """Proposes what the surrogate thinks highest of; see :meth:`Strategy.ask`."""
        proposed = self._archive.problem.space.batch([])
        if len(self._archive):
            self._surrogate.fit(self._archive.archs, rank_scores(self._archive.outcomes))
            candidates = self._candidates()
            proposed = candidates[self._choose(candidates, n)]
        return fill_up(proposed, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream; the surrogate follows from them."""
        return make_state(self._name, self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring(self._name, self._archive, self._rng, state):
            pass

    def _candidates(self) -> Architectures:
        """What the fitted surrogate is to choose from."""
        space = self._archive.problem.space
        if space.size <= LISTED:
            self._everything = self._everything or space.enumerate()
            return self._new_functions(self._everything)
        best = np.argsort(self._archive.outcomes.ranks(), kind="stable")[:PARENTS]
        number = self._number // 2
        pool = space.sample(self._number - number, self._rng)
        pool = self._new_functions(pool + mutants(self._archive.archs[best], number, self._rng))
        for _ in range(CLIMBS):
            chosen = pool[self._choose(pool, KEPT)]
            near = mutants(chosen, self._number // CLIMBS, self._rng) if len(chosen) else chosen
            pool = self._new_functions(chosen + near)
        return pool

    def _new_functions(self, archs: Architectures) -> Architectures:
        """The first of each function of which no architecture is known, if it can be feasible."""
        return self._archive.allowed(archs, self._archive.problem.space.key_levels[-1])
