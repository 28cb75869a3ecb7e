"""Gaussian processes and an acquisition: which candidates of a pool are worth their evaluation."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidInput
from agnet.extras import needs
from agnet.objectives import total_excess
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.bayesian.acquisitions import ACQUISITIONS
from agnet.strategies.bayesian.apart import apart
from agnet.strategies.bayesian.beliefs import Beliefs, believe

__all__ = ["POOL", "BayesianModel"]

POOL: Final = 500  # candidates that a choice is best made among


@final
class BayesianModel:
    """Learns outcomes by Gaussian processes on one-hot choices, and chooses by an acquisition.

    Outcomes are standardised. What the problem knows of an architecture is computed, never
    predicted: objectives enter improvements exactly, and what breaks a computed limit is chosen
    last. Other limits are learnt like objectives, and count by how likely they are kept. With one
    objective, hypervolume improvement and scalarisations are expected improvement.

    It holds nothing but what it learnt last, which follows from the archive and the random stream.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, acquisition: str) -> None:
        """Starts with nothing learnt.

        Args:
            problem: What is searched.
            rng: The random stream: seeds of samples, weights of scalarisations.
            acquisition: ``qnehvi``, ``qehvi`` or ``qparego``.

        Raises:
            InvalidInput: If there is no such acquisition.
            MissingExtra: If BoTorch is not installed.
        """
        if acquisition not in ACQUISITIONS:
            raise InvalidInput(
                f"got the acquisition {acquisition!r}; expected one of {', '.join(ACQUISITIONS)}"
            )
        with needs("bo", acquisition):
            import botorch  # noqa: F401
            import gpytorch  # noqa: F401
        self._problem, self._rng = problem, rng
        self._acquire = ACQUISITIONS[acquisition]
        self._beliefs: Beliefs | None = None

    def learn(self, archive: Archive) -> None:
        """Fits the processes to everything that was told."""
        with apart(self._rng):
            self._beliefs = believe(archive)

    def choose(self, pool: Architectures, n: int) -> npt.NDArray[np.int64]:
        """The rows of up to ``n`` candidates for a batch, greedily, the first choice first.

        While fewer than two outcomes are known these are the first rows.
        """
        excess = self._problem.known_excess(pool)
        keeps = (excess <= 0).all(axis=1)
        rows, others = np.flatnonzero(keeps), np.flatnonzero(~keeps)
        if self._beliefs is not None and len(rows):
            with apart(self._rng), torch.no_grad():
                inputs = self._beliefs.encode(pool[rows])
                rows = rows[self._acquire(self._beliefs, inputs, n, self._rng)]
        others = others[np.argsort(total_excess(excess[others]), kind="stable")]
        return np.concatenate([rows, others])[:n]
