"""Files that are whole at any time, and states in them that are read without running code."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from agnet.errors import CheckpointError

__all__ = ["read_state", "replace_file", "state_bytes"]


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file in place of what was there: whoever is killed, one of the two is there.

    Raises:
        OSError: If it cannot be written; what was there is intact.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def state_bytes(state: Mapping[str, Any]) -> bytes:
    """Returns containers of numbers, texts and tensors as :func:`read_state` reads them."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()


def read_state(path: Path, what: str, advice: str = "") -> dict[str, Any]:
    """Reads a state, on the CPU, with nothing in it that can make code run.

    Args:
        path: The file.
        what: What it should hold, such as ``a generator``, for the message.
        advice: What to do if it cannot be read, for the message.

    Raises:
        CheckpointError: If there is no such file, or it is damaged or holds something else.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # damaged bytes make torch's reader raise nearly anything
        reason = str(error).strip().split("\n")[0] or "it is empty"
        raise CheckpointError(f"{path} cannot be read as {what} ({reason}){advice}") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds a {type(state).__name__}, not {what}")
    return state
