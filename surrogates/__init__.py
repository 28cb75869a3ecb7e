"""Surrogates: performance predictors with uncertainty."""

from agnet.surrogates.base import Surrogate

__all__ = ["Surrogate"]
