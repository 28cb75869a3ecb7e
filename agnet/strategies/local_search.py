"""Local search from the best of a few random architectures, with restarts.

White, Nolen and Savani, "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch

from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy, check_single_objective
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["LocalSearch"]


@final
class LocalSearch(Strategy):
    """Evaluates the neighbours of the best architecture since the last restart, in random order.

    It moves as soon as a batch holds something better, without waiting for the rest of the
    neighbourhood. When all neighbours of the best are known, it is a local optimum: the search
    restarts from a batch of random architectures and forgets what came before.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        """Starts with nothing evaluated.

        Raises:
            InvalidInput: If there are several objectives.
        """
        check_single_objective(problem, "local_search")
        self._archive = Archive(problem)
        self._rng = rng
        self._start = 0  # where the archive stood at the last restart
        self._centre = -1  # the row of the archive whose neighbours are waiting
        self._waiting = problem.space.batch([])

    def ask(self, n: int) -> Architectures:
        """Proposes neighbours, or random ones at a restart; see :meth:`Strategy.ask`."""
        best = self._best()
        if best >= 0 and best != self._centre:
            near = self._archive.allowed(
                self._archive.problem.space.neighbours(self._archive.archs[best])
            )
            self._waiting = near[self._rng.permutation(len(near))]
            self._centre = best
        elif not len(self._waiting):
            self._start, self._centre = len(self._archive), -1
        return fill_up(self._waiting[:n], n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)
        self._waiting = self._archive.fresh(self._waiting)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated, where the search stands, and the random stream."""
        return make_state(
            "local_search",
            self._archive,
            self._rng,
            start=self._start,
            centre=self._centre,
            waiting=torch.from_numpy(self._waiting.choices.copy()),
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("local_search", self._archive, self._rng, state) as found:
            self._start, self._centre = int(found["start"]), int(found["centre"])
            space = self._archive.problem.space
            self._waiting = space.from_choices(found["waiting"].numpy())

    def _best(self) -> int:
        """The row of the best since the last restart, the earliest of equals; or -1."""
        ranks = self._archive.outcomes.ranks()[self._start :]
        return self._start + int(ranks.argmin()) if len(ranks) else -1
