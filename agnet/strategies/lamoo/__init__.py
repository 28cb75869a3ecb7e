"""LaMOO: search for several objectives in a part of the space that was learnt to be good."""

from __future__ import annotations

from agnet.strategies.lamoo.strategy import LaMOO

__all__ = ["LaMOO"]
