"""Multi-objective Bayesian optimisation over random candidates: the baselines to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.bayesian.model import POOL, BayesianModel
from agnet.strategies.candidates import LISTED, fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["Bayesian", "make_qehvi", "make_qnehvi", "make_qparego"]


@final
class Bayesian(Strategy):
    """Refits Gaussian processes to all outcomes, and evaluates the best of a random pool.

    The pool is drawn anew for each batch, uniformly among what has not been evaluated.
    """

    def __init__(self, acquisition: str, problem: Problem, rng: np.random.Generator) -> None:
        """Starts with nothing evaluated.

        Args:
            acquisition: As :class:`BayesianModel` takes it, and the name in checkpoints.
            problem: What is searched, for any number of objectives.
            rng: The random stream.

        Raises:
            InvalidInput: If there is no such acquisition.
            MissingExtra: If BoTorch is not installed.
        """
        self._name, self._rng = acquisition, rng
        self._archive = Archive(problem)
        self._model = BayesianModel(problem, rng, acquisition)

    def ask(self, n: int) -> Architectures:
        """Proposes what improves the front most; see :meth:`Strategy.ask`."""
        pool = self._pool()
        proposed = pool[:0]
        if len(self._archive):
            self._model.learn(self._archive)
            proposed = pool[self._model.choose(pool, n)]
        return fill_up(proposed, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream; the model follows from them."""
        return make_state(self._name, self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring(self._name, self._archive, self._rng, state):
            pass

    def _pool(self) -> Architectures:
        """Random architectures that have not been evaluated, of a small space rows of its list."""
        space = self._archive.problem.space
        if space.size > LISTED:
            return fill_up(space.batch([]), POOL, self._archive, self._rng)
        everything = space.enumerate()
        some = self._rng.permutation(len(everything))[: POOL + len(self._archive)]
        return self._archive.fresh(everything[some])[:POOL]


def make_qnehvi(problem: Problem, rng: np.random.Generator) -> Bayesian:
    """Makes a search by noisy expected hypervolume improvement."""
    return Bayesian("qnehvi", problem, rng)


def make_qehvi(problem: Problem, rng: np.random.Generator) -> Bayesian:
    """Makes a search by expected hypervolume improvement on the outcomes as they were told."""
    return Bayesian("qehvi", problem, rng)


def make_qparego(problem: Problem, rng: np.random.Generator) -> Bayesian:
    """Makes a search by expected improvement of random scalarisations."""
    return Bayesian("qparego", problem, rng)
