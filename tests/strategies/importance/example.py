"""A worked case: two distributions over two variables, four samples, every number by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agnet.strategies.importance.asng import Pace, State, start
from agnet.strategies.importance.categorical import Array, Variables
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.shared_step import Rules
from agnet.strategies.importance.weights import Weighting

VARIABLES = Variables((2, 3))
THETA = np.array([[[0.5, 0.5, 0], [0.2, 0.3, 0.5]], [[0.8, 0.2, 0], [0.6, 0.3, 0.1]]])
CHOICES = np.array([[0, 2], [1, 1], [0, 0], [1, 0]])
LOSS, COST = np.array([0.10, 0.30, 0.25, 0.40]), np.array([0.9, 0.5, 0.2, 0.1])
VALUES = LOSS + np.array([[0.0], [0.5]]) * COST
ORIGIN = np.array([0, 0, 1, 1])
WEIGHTS = np.array(
    [[1.515152, 1.428571, 0.344828, 0.909091], [0.484848, 0.571429, 1.655172, 1.090909]]
)
UTILITY = np.array([[0.692611, -0.098224, 0, -1], [-0.899943, -0.899943, 0.574315, 0]])


def rules(
    variables: Variables = VARIABLES,
    weighting: Weighting | None = None,
    pace: Pace | None = None,
    utility: str = "quantile",
) -> Rules:
    """By default nothing is truncated, and steps are short."""
    return Rules(
        variables,
        floors(variables, "catcma", 0.0),
        weighting or Weighting(truncation=np.inf),
        utility,
        pace or Pace(0.25),
    )


def state(theta: Array = THETA) -> State:
    variables = Variables(tuple((theta[0] > 0).sum(axis=1).tolist()))
    return replace(start(variables, len(theta)), theta=theta)


def random_theta(k: int, sizes: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Distributions with nothing near 0."""
    mask = Variables(sizes).mask
    found = np.where(mask, rng.uniform(0.5, 2.0, size=(k, *mask.shape)), 0.0)
    return np.asarray(found / found.sum(axis=-1, keepdims=True))
