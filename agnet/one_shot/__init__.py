"""One-shot search: distributions of networks move while the weights that all share are trained."""

from __future__ import annotations

from agnet.one_shot.search import OneShotResult, one_shot
from agnet.one_shot.settings import OneShot

__all__ = ["OneShot", "OneShotResult", "one_shot"]
