"""Tables on disk: one compact file each, with schema version and checksum, and no code in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import platformdirs

from agnet.errors import StorageError, TableError
from agnet.files import replace_file

__all__ = ["DAMAGE", "data_folder", "load_arrays", "read_table", "read_table_once", "write_table"]

SCHEMA: Final = 1
HEADER: Final = "header"
# What a damaged or foreign file makes numpy and zipfile raise.
DAMAGE: Final = (
    AttributeError,
    EOFError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def data_folder() -> Path:
    """Returns the folder of imported tables: ``AGNET_DATA``, or the user's data folder."""
    chosen = os.environ.get("AGNET_DATA")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("agnet"))


def write_table(
    path: Path, kind: str, arrays: Mapping[str, npt.NDArray[Any]], provenance: str
) -> Path:
    """Writes arrays as one table file, replacing it atomically.

    Args:
        path: The file, ending in ``.npz``; its folder is made.
        kind: What the table is, checked when it is read.
        arrays: Numeric or text arrays by name; no objects.
        provenance: Where the numbers come from and their licence, in one line.

    Returns:
        The path.

    Raises:
        StorageError: If the file cannot be written.
    """
    header = {
        "kind": kind,
        "schema": SCHEMA,
        "provenance": provenance,
        "sha256": _checksum(arrays),
    }
    coded = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **{HEADER: coded}, **arrays)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content.getvalue())
    except OSError as error:
        raise StorageError(f"cannot write the table {path}: {error}") from error
    return path


def load_arrays(path: Path, names: Iterable[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """Reads arrays of an ``.npz`` file: those of the names, or all.

    Raises:
        OSError: If it cannot be opened.
        Exception: One of ``DAMAGE``, if it is truncated, foreign or holds objects, or lacks a name.
    """
    # Opened here, because numpy leaves the file open when it turns out to be damaged.
    with path.open("rb") as opened:
        # Anything else numpy takes for a pickle, and says how to run what is in it.
        if not zipfile.is_zipfile(opened):
            raise zipfile.BadZipFile("it is not a zip file")
        opened.seek(0)
        with np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in (file.files if names is None else names)}


def read_table(path: Path, kind: str) -> tuple[dict[str, npt.NDArray[Any]], str]:
    """Reads a table file and checks it.

    Returns:
        The arrays by name, and the provenance.

    Raises:
        TableError: If the file is not a table, is truncated or altered, or is of another kind or
        schema.
        StorageError: If it cannot be opened.
    """
    advice = "import the official file again with: agnet import"
    try:
        arrays = load_arrays(path)
        header = json.loads(arrays.pop(HEADER).tobytes())
        found = (header["kind"], header["schema"])
        checksum, provenance = header["sha256"], str(header["provenance"])
    except DAMAGE as error:
        raise TableError(f"{path} is truncated or is no agnet table ({error}); {advice}") from error
    except OSError as error:
        raise StorageError(f"cannot read the table {path}: {error}") from error
    if found != (kind, SCHEMA):
        raise TableError(
            f"{path} holds the kind {found[0]!r}, schema {found[1]}; "
            f"expected {kind!r}, schema {SCHEMA}; {advice}"
        )
    if _checksum(arrays) != checksum:
        raise TableError(f"the checksum of {path} does not match its content; {advice}")
    return arrays, provenance


def read_table_once(path: Path, kind: str) -> tuple[dict[str, npt.NDArray[Any]], str] | None:
    """Reads a table once a process for each version of its file, so that a new import is seen.

    Returns:
        As :func:`read_table`, or None if there is no file; the arrays are shared and must not be
        written to.

    Raises:
        TableError: As :func:`read_table`.
        StorageError: As :func:`read_table`.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"cannot read the table {path}: {error}") from error
    return _read_version(path, kind, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=8)
def _read_version(
    path: Path, kind: str, version: tuple[int, int]
) -> tuple[dict[str, npt.NDArray[Any]], str]:
    return read_table(path, kind)


def _checksum(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
