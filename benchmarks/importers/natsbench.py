"""Imports the topology space of NATS-Bench, which has the architectures of NAS-Bench-201."""

from __future__ import annotations

import bz2
import os
import tarfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, cast

from agnet.benchmarks.importers._accuracies import MALFORMED, AccuracyTable, official_rows
from agnet.benchmarks.unpickling import read_pickle
from agnet.errors import StorageError, TableError

__all__ = ["import_natsbench"]

ENDING: Final = ".pickle.pbz2"
TAR_END: Final = bytes(1024)
META: Final = "meta" + ENDING
EXPECTED: Final = (
    "expected NATS-tss-v1_0-3ffb9-simple, its .tar, or NATS-tss-v1_0-3ffb9.pickle.pbz2"
)
PROVENANCE: Final = "NATS-Bench topology space (X. Dong et al., TPAMI 2021, MIT), imported from {}"


def import_natsbench(source: Path, folder: Path) -> Path:
    """Turns the topology archive of NATS-Bench into the compact table of NAS-Bench-201.

    Args:
        source: The folder ``NATS-tss-v1_0-3ffb9-simple``, the ``.tar`` of it (read in place), or
            the single file ``NATS-tss-v1_0-3ffb9.pickle.pbz2``, which has to fit in memory.
        folder: Where to write the table.

    Returns:
        The path of the table. Cells that the archive lacks are NaN in it.

    Raises:
        TableError: If the archive is truncated or of another layout.
        StorageError: If it cannot be read, or the table cannot be written.
    """
    from nas_201_api import ArchResults

    table = AccuracyTable()
    name = str(source)
    try:
        for row, results in _cells(source):
            short, full = (ArchResults.create_from_state_dict(results[hp]) for hp in ("12", "200"))
            table.add(row, short, full, name)
    except tarfile.TarError as error:
        raise TableError(f"{name} is a truncated archive ({error}); download it again") from error
    except OSError as error:
        raise StorageError(f"cannot read {name}: {error}") from error
    except MALFORMED as error:
        raise TableError(f"{name} is of another layout ({error!r}); {EXPECTED}") from error
    return table.write(folder, PROVENANCE.format(source.name), name)


def _cells(source: Path) -> Iterator[tuple[int, Any]]:
    """Yields the official index of each cell and its results by schedule."""
    name = str(source)
    if source.is_dir():
        names = {path.name for path in source.iterdir()}
        yield from _cells_of_files(names, lambda file: (source / file).open("rb"), name)
    elif tarfile.is_tarfile(source):
        _check_end(source)
        with tarfile.open(source, "r:") as archive:
            members = {PurePosixPath(item.name).name: item for item in archive if item.isfile()}
            yield from _cells_of_files(
                members, lambda file: cast(BinaryIO, archive.extractfile(members[file])), name
            )
    else:
        with source.open("rb") as file:
            content = _read(file, name)
        rows = official_rows(content["meta_archs"], name)
        for index in sorted(content["arch2infos"]):
            yield int(rows[index]), content["arch2infos"].pop(index)


def _cells_of_files(
    files: Collection[str], open_file: Callable[[str], BinaryIO], name: str
) -> Iterator[tuple[int, Any]]:
    """Reads an archive of one file a cell, named by its number, and one file of all texts."""
    if META not in files:
        raise TableError(f"{name} lacks {META}; {EXPECTED}")
    with open_file(META) as file:
        rows = official_rows(_read(file, f"{META} of {name}")["meta_archs"], name)
    for path in sorted(files):
        number = path.removesuffix(ENDING)
        if path.endswith(ENDING) and number.isdecimal():
            with open_file(path) as file:
                yield int(rows[int(number)]), _read(file, f"{path} of {name}")


def _check_end(source: Path) -> None:
    """Checks for the two empty blocks that end a tar: without them, tarfile takes it for whole."""
    with source.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(TAR_END), 0))
        if file.read() != TAR_END:
            raise TableError(f"{source} is truncated: its end is missing; download it again")


def _read(file: BinaryIO, name: str) -> Any:
    with bz2.open(file, "rb") as plain:
        return read_pickle(cast(BinaryIO, plain), name)
