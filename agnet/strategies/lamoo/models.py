"""Samplers that learn what was evaluated, and choose by it among many candidates of a region."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np

from agnet.strategies.base import Problem
from agnet.strategies.bayesian import POOL, BayesianModel
from agnet.strategies.judge import Judge
from agnet.strategies.presets import PRESETS
from agnet.surrogates import GraphEnsemble
from agnet.surrogates.acquisitions import upper_bound

__all__ = ["Model", "make_model", "shown"]

Model: TypeAlias = BayesianModel | Judge

SHOWN: Final = 2_000  # candidates that a graph ensemble, which is cheap, chooses among


def make_model(sampler: str, problem: Problem, rng: np.random.Generator) -> Model:
    """Makes the model of a sampler: AG-Net's, or Gaussian processes with an acquisition.

    Args:
        sampler: ``surrogate``, or the acquisition.
        problem: What is searched.
        rng: The random stream.

    Raises:
        MissingExtra: If the package of the acquisition is not installed.
    """
    if sampler != "surrogate":
        return BayesianModel(problem, rng, sampler)
    turns = [upper_bound(bold) for bold in PRESETS["default"].boldness]
    return Judge(problem, GraphEnsemble(problem.space, rng), turns, joint=False)


def shown(model: Model) -> int:
    """Returns how many candidates a model is to choose among."""
    return SHOWN if isinstance(model, Judge) else POOL
