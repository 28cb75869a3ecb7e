"""Reads a ``.pth`` file of somebody else's without running code from it."""

from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from agnet.benchmarks.unpickling import DAMAGE, NotPlain, read_pickle
from agnet.errors import StorageError, TableError

__all__ = ["read_pth"]


def read_pth(source: Path) -> Any:
    """Reads containers, numbers, texts and tensors.

    Raises:
        TableError: If the file is truncated, is no ``.pth`` or holds anything else.
        StorageError: If it cannot be read.
    """
    try:
        with source.open("rb") as file:
            try:
                return _read_plain(file, str(source))
            except NotPlain:
                # Ten times as slow on gigabytes of numbers, but it knows tensors.
                return _read_with_torch(file, str(source))
    except OSError as error:
        raise StorageError(f"cannot read {source}: {error}") from error


def _read_plain(file: BinaryIO, name: str) -> Any:
    """Reads the pickle inside, of the zip layout or the one before it."""
    if zipfile.is_zipfile(file):
        try:
            with zipfile.ZipFile(file) as archive:
                pickles = [item for item in archive.namelist() if item.endswith("/data.pkl")]
                with archive.open("".join(pickles)) as part:
                    return read_pickle(cast(BinaryIO, part), name)
        except (zipfile.BadZipFile, KeyError, RuntimeError) as error:
            raise TableError(f"{name} is truncated or is no .pth file ({error})") from error
    file.seek(0)
    for _ in ("magic number", "version", "system"):
        read_pickle(file, name)
    return read_pickle(file, name)


def _read_with_torch(file: BinaryIO, name: str) -> Any:
    import torch

    file.seek(0)
    try:
        with torch.serialization.safe_globals(_numpy_numbers()), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of pickles that are none of torch's
            return torch.load(file, map_location="cpu", weights_only=True)
    except (*DAMAGE, RuntimeError, struct.error) as error:
        # The reason is not repeated: torch's reader says how to run the code that it refused.
        raise TableError(
            f"{name} is truncated or holds more than plain values and tensors; download the "
            "official file again"
        ) from error


def _numpy_numbers() -> list[Any]:
    """What ``torch.load`` has to know to read numpy numbers, as numpy 1 and numpy 2 write them."""
    scalar = np.float64(0).__reduce__()[0]
    types = [type(np.dtype(code)) for code in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?")]
    return [
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *types,
    ]
