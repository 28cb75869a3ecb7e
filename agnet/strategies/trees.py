"""Search by extra-trees: a cheap surrogate of another kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces import Architectures
from agnet.strategies.base import Problem
from agnet.strategies.model_based import ModelBased, highest
from agnet.surrogates import ExtraTrees

__all__ = ["make_trees"]


def make_trees(
    problem: Problem,
    rng: np.random.Generator,
    *,
    trees: int = 100,
    boldness: float = 0.0,
    candidates: int = 4000,
) -> ModelBased:
    """Makes a search by extra-trees and the spread of their predictions.

    Args:
        problem: What is searched.
        rng: The random stream.
        trees: How many trees are grown.
        boldness: How many standard deviations are added to the mean, at least 0.
        candidates: How many are drawn where the space is too large to list.

    Raises:
        InvalidInput: If a setting cannot be used, or there are several objectives.
    """
    if not boldness >= 0:
        raise InvalidInput(f"got boldness {boldness}; expected at least 0")
    surrogate = ExtraTrees(problem.space, rng, trees=trees)

    def choose(archs: Architectures, n: int) -> npt.NDArray[np.int64]:
        return highest(surrogate, archs, n, boldness)

    return ModelBased("trees", problem, rng, surrogate, choose, candidates)
