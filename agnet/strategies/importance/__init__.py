"""Importance sampling: several distributions, one for each price of complexity, share all draws."""

from __future__ import annotations

from agnet.strategies.importance.strategy import Importance

__all__ = ["Importance"]
