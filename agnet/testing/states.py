"""States on their way through a file, as a checkpoint takes them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import torch

__all__ = ["saved", "through_a_file"]


def saved(state: Mapping[str, Any]) -> bytes:
    """Returns what a file with a state would hold."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def through_a_file(state: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a state and reads it back, executing nothing."""
    loaded: dict[str, Any] = torch.load(io.BytesIO(saved(state)), weights_only=True)
    return loaded
