"""Bayesian optimisation of several objectives by BoTorch: the baselines of the field."""

from __future__ import annotations

from agnet.strategies.bayesian.model import POOL, BayesianModel
from agnet.strategies.bayesian.strategy import Bayesian, make_qehvi, make_qnehvi, make_qparego

__all__ = ["POOL", "Bayesian", "BayesianModel", "make_qehvi", "make_qnehvi", "make_qparego"]
