"""Estimation of distribution: independent marginals of the choices, fitted to the best.

Univariate marginals as in Muehlenbein, "The Equation for Response to Selection", 1997, with the
rank weights of Tripp, Daxberger and Hernandez-Lobato, "Sample-Efficient Optimization in the Latent
Space of Deep Generative Models via Weighted Retraining", NeurIPS 2020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy, check_single_objective
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["EDA", "rank_weights"]

ATTEMPTS: Final = 32


def rank_weights(ranks: npt.NDArray[np.int64], k: float) -> npt.NDArray[np.float64]:
    """Returns weights ``(B,)`` of sum 1, proportional to ``1 / (k B + rank)`` (Tripp et al.)."""
    weights = 1.0 / (k * len(ranks) + ranks)
    return np.asarray(weights / weights.sum())


@final
class EDA(Strategy):
    """Draws every choice on its own, from its frequency among the evaluated, weighted by rank.

    Some of the probability is always uniform. Of ``candidates`` fresh draws, the batch is a random
    part: nothing predicts which of them is good.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        k: float = 0.01,
        uniform: float = 0.15,
        candidates: int = 100,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched.
            rng: The random stream.
            k: Flatness of the rank weights.
            uniform: Share of the uniform distribution, from 0 to 1.
            candidates: Draws from which a batch is taken.

        Raises:
            InvalidInput: If a setting cannot be used, or there are several objectives.
        """
        check_single_objective(problem, "eda")
        if not (0 < k < np.inf and 0 <= uniform <= 1 and candidates >= 1):
            raise InvalidInput(
                f"got k {k}, uniform {uniform} and candidates {candidates}; expected k > 0, "
                "uniform from 0 to 1, and candidates >= 1"
            )
        self._archive = Archive(problem)
        self._rng = rng
        self._k, self._uniform, self._candidates = k, uniform, candidates

    def ask(self, n: int) -> Architectures:
        """Draws from the marginals; see :meth:`Strategy.ask`."""
        space = self._archive.problem.space
        found = space.batch([])
        wanted = max(n, self._candidates)
        for _ in range(ATTEMPTS if len(self._archive) else 0):
            if len(found) >= wanted:
                break
            drawn = self._draw(wanted)
            drawn = drawn[space.is_valid(drawn)]
            found = self._archive.allowed(found + space.from_choices(drawn))
        found = found[:wanted]
        return fill_up(found[self._rng.permutation(len(found))], n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream."""
        return make_state("eda", self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("eda", self._archive, self._rng, state):
            pass

    def _draw(self, n: int) -> npt.NDArray[np.int16]:
        """Draws ``n`` choice vectors, valid or not, by inverting the cumulated marginals."""
        sizes = np.array(self._archive.problem.space.choice_sizes)
        weights = rank_weights(self._archive.outcomes.ranks(), self._k)
        choices = self._archive.archs.choices
        options = np.arange(sizes.max())
        frequency = np.einsum("b,bck->ck", weights, choices[:, :, None] == options)
        flat = (options < sizes[:, None]) / sizes[:, None]
        cumulated = ((1 - self._uniform) * frequency + self._uniform * flat).cumsum(axis=1)
        drawn = (self._rng.random((n, len(sizes), 1)) > cumulated).sum(axis=2)
        return np.asarray(np.minimum(drawn, sizes - 1), dtype=np.int16)
