"""Reads a file of plain arrays that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from agnet.benchmarks.store import DAMAGE, load_arrays
from agnet.errors import StorageError, TableError

__all__ = ["read_arrays"]


def read_arrays(source: Path, needed: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """Reads all arrays of an ``.npz`` file.

    Raises:
        TableError: If it is truncated, holds objects or lacks one of the needed arrays.
        StorageError: If it cannot be read.
    """
    try:
        arrays = load_arrays(source)
    except DAMAGE as error:
        raise TableError(f"{source} is truncated or is no .npz of numbers ({error})") from error
    except OSError as error:
        raise StorageError(f"cannot read {source}: {error}") from error
    lacking = [name for name in needed if name not in arrays]
    if lacking:
        raise TableError(
            f"{source} lacks the array(s) {', '.join(lacking)}; it has {', '.join(arrays)}"
        )
    return arrays
