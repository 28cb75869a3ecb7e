"""Bayesian optimisation by a Gaussian process on the paths of a cell: the baseline to beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces import Architectures
from agnet.strategies.base import Problem
from agnet.strategies.model_based import ModelBased
from agnet.surrogates import GaussianProcess
from agnet.surrogates.acquisitions import Acquisition, expected_improvement, upper_bound

__all__ = ["make_gp"]


def make_gp(
    problem: Problem,
    rng: np.random.Generator,
    *,
    acquisition: str = "ucb",
    boldness: float = 2.0,
    candidates: int = 4000,
) -> ModelBased:
    """Makes a search by a Gaussian process.

    Args:
        problem: What is searched.
        rng: The random stream.
        acquisition: ``ucb``, an upper confidence bound, or ``ei``, the expected improvement on the
            best posterior mean. The bound needs fewer queries on NAS-Bench-201.
        boldness: How many standard deviations a bound lies above the mean, at least 0.
        candidates: How many are drawn where the space is too large to list.

    Raises:
        InvalidInput: If a setting cannot be used, or there are several objectives.
    """
    if not boldness >= 0:
        raise InvalidInput(f"got boldness {boldness}; expected at least 0")
    choices: dict[str, Acquisition] = {"ucb": upper_bound(boldness), "ei": expected_improvement}
    if acquisition not in choices:
        raise InvalidInput(f"got acquisition {acquisition!r}; expected {' or '.join(choices)}")
    surrogate = GaussianProcess(problem.space)

    def choose(archs: Architectures, n: int) -> npt.NDArray[np.int64]:
        return surrogate.choose(archs, n, choices[acquisition])

    return ModelBased("gp", problem, rng, surrogate, choose, candidates)
