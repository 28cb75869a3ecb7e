"""Surrogates: performance predictors with uncertainty."""

from agnet.surrogates.base import Surrogate
from agnet.surrogates.boosting import BoostedTrees
from agnet.surrogates.gnn import GraphEnsemble
from agnet.surrogates.gp import GaussianProcess
from agnet.surrogates.radial import RadialBasis
from agnet.surrogates.trees import ExtraTrees

__all__ = [
    "BoostedTrees",
    "ExtraTrees",
    "GaussianProcess",
    "GraphEnsemble",
    "RadialBasis",
    "Surrogate",
]
