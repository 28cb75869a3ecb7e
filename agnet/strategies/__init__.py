"""Strategies: how to choose the next architectures, one file a strategy."""

from agnet.strategies.base import Problem, Strategy

__all__ = ["Problem", "Strategy"]
