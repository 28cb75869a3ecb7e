"""Files that are whole at any time, and states in them that are read without running code."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from agnet.errors import CheckpointError, StorageError

__all__ = ["read_state", "replace_file", "state_bytes", "write_state"]


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


def write_state(path: Path, state: Mapping[str, Any], what: str, advice: str = "") -> None:
    """Writes a state, in place of what was there; the folder is made if it is not there.

    Args:
        path: The file.
        state: As :func:`read_state` returns it.
        what: What it holds, such as ``the training``, for the message.
        advice: What to add to the message.

    Raises:
        StorageError: If it cannot be written; what was there is intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, state_bytes(state))
    except OSError as error:
        raise StorageError(f"cannot write {what} {path}: {error}{advice}") from error


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of pickles that are none of torch's
            state = torch.load(path, weights_only=True, map_location="cpu")
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read as {what} ({error}){advice}") from error
    except Exception as error:
        # Damaged bytes make torch's reader raise nearly anything, and what it says of others is how
        # to run the code in them.
        raise CheckpointError(
            f"{path} cannot be read as {what}: it is damaged, or holds more than numbers, texts "
            f"and tensors{advice}"
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds a {type(state).__name__}, not {what}")
    return state
