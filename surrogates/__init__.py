"""Surrogates: performance predictors with uncertainty."""

from agnet.surrogates.base import Surrogate
from agnet.surrogates.gnn import GraphEnsemble
from agnet.surrogates.gp import GaussianProcess
from agnet.surrogates.trees import ExtraTrees

__all__ = ["ExtraTrees", "GaussianProcess", "GraphEnsemble", "Surrogate"]
