"""Random search without repeats: the baseline below which nothing counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["RandomSearch"]


@final
class RandomSearch(Strategy):
    """Draws uniformly among the architectures that have not been evaluated.

    What breaks a limit that can be computed is left out. It takes any number of objectives, and
    looks at none.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        """Starts with nothing evaluated."""
        self._archive = Archive(problem)
        self._rng = rng

    def ask(self, n: int) -> Architectures:
        """Draws up to ``n``; see :meth:`Strategy.ask`."""
        nothing = self._archive.problem.space.batch([])
        return fill_up(nothing, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream."""
        return make_state("random", self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("random", self._archive, self._rng, state):
            pass
