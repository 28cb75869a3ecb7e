"""Imports NAS-Bench-101: accuracies and training times of its cells on CIFAR-10."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.importers._arrays import read_arrays
from agnet.benchmarks.importers._nasbench101_runs import TrainingRuns, numbered
from agnet.benchmarks.importers.tfrecord import read_records
from agnet.benchmarks.nasbench101 import FILES, KIND
from agnet.benchmarks.store import write_table
from agnet.errors import TableError

__all__ = ["import_nasbench101"]

OFFICIAL: Final = "NAS-Bench-101 (C. Ying et al., ICML 2019, Apache-2.0), imported from {}"


class _Layout(NamedTuple):
    """A file of plain arrays: the array of each quantity, and the factor to our unit."""

    table: str
    edges: str
    vertices: int
    epochs: int
    quantities: Mapping[str, tuple[str, float]]
    provenance: str


LAYOUTS: Final = (
    _Layout(
        "5v",
        "adj_triu5",
        5,
        4,
        {
            "val_accuracy": ("val_acc", 100.0),
            "test_accuracy": ("test_acc", 100.0),
            "train_seconds": ("train_time_s", 1.0),
            "train_energy_kwh": ("energy_kwh", 1.0),
        },
        "EC-NAS-Bench (P. Bakhtiarifard et al., MIT), imported from {}",
    ),
    _Layout("subset", "adj_triu", 7, 108, {"test_accuracy": ("test_acc_108", 100.0)}, OFFICIAL),
)


def import_nasbench101(source: Path, folder: Path) -> Path:
    """Turns a NAS-Bench-101 file into a compact table.

    The table holds, for ``R`` cells in the order of their numbers in
    :class:`agnet.spaces.NASBench101`: ``cells (R,)``, ``params (R,)``, ``epochs (E,)``, and for
    each quantity an array ``(R, E, repeats)``, where NaN follows the repeats that were recorded.
    Accuracies are in percent. Tables of different sources lie side by side in the folder.

    Args:
        source: ``nasbench_full.tfrecord`` or ``nasbench_only108.tfrecord``. Or an ``.npz`` of plain
            arrays over ``R`` cells: ``n_vertices (R,)``; ``adj_triu (R, 21)``, the upper triangle
            of the adjacency matrix of 7 vertices row by row; ``ops (R, 5)`` into ``OPERATIONS``, -1
            where there is none; ``params (R,)``; ``test_acc_108 (R,)``, a fraction. If it has
            ``adj_triu5 (R, 10)``, it is the 4-epoch table of EC-NAS-Bench: ``ops (R, 3)``, and
            ``val_acc``, ``test_acc``, ``train_time_s`` and ``energy_kwh``, each ``(R,)``. Of
            official hashes, ``hash (R, 16)``, some are checked if they are there.
        folder: Where to write the table.

    Returns:
        The path of the table.

    Raises:
        TableError: If the file is truncated, damaged or of another layout.
        StorageError: If it cannot be read, or the table cannot be written.
    """
    if source.suffix == ".npz":
        layout, arrays = _from_arrays(source)
        table, provenance = layout.table, layout.provenance
    else:
        runs = TrainingRuns(source)
        for records in read_records(source):
            runs.add(records)
        arrays = runs.arrays()
        table = "108" if arrays["epochs"].tolist() == [108] else "full"
        provenance = OFFICIAL
    return write_table(folder / FILES[table], KIND, arrays, provenance.format(source.name))


def _from_arrays(source: Path) -> tuple[_Layout, dict[str, npt.NDArray[Any]]]:
    given = read_arrays(source, ("n_vertices", "ops", "params"))
    layout = LAYOUTS[0] if LAYOUTS[0].edges in given else LAYOUTS[1]
    needed = (layout.edges, *(name for name, _ in layout.quantities.values()))
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise TableError(
            f"{source} lacks the array(s) {', '.join(lacking)}; it has {', '.join(given)}"
        )
    _check_shapes(source, given, layout)
    cells = _numbers(source, given, layout)
    order = np.argsort(cells)
    if not len(cells) or (np.diff(cells[order]) == 0).any():
        raise TableError(f"{source} holds {'a cell twice' if len(cells) else 'no cell'}")
    arrays: dict[str, npt.NDArray[Any]] = {
        "cells": cells[order].astype(np.int32),
        "params": given["params"][order].astype(np.int32),
        "epochs": np.array([layout.epochs], dtype=np.int16),
    }
    for quantity, (name, factor) in layout.quantities.items():
        values = factor * given[name][order].astype(np.float64)
        arrays[quantity] = values.astype(np.float32)[:, None, None]
    if "hash" in given:
        arrays["hash"] = given["hash"][order]
    return layout, arrays


def _check_shapes(source: Path, given: Mapping[str, npt.NDArray[Any]], layout: _Layout) -> None:
    rows, n = len(np.atleast_1d(given["n_vertices"])), layout.vertices
    shapes = {
        "n_vertices": (rows,),
        "params": (rows,),
        layout.edges: (rows, n * (n - 1) // 2),
        "ops": (rows, n - 2),
        **{name: (rows,) for name, _ in layout.quantities.values()},
        **({"hash": (rows, 16)} if "hash" in given else {}),
    }
    for name, shape in shapes.items():
        if given[name].shape != shape or given[name].dtype.kind not in "iuf":
            raise TableError(
                f"{name} of {source} has the shape {given[name].shape} and type "
                f"{given[name].dtype}; expected numbers {shape}"
            )


def _numbers(
    source: Path, given: Mapping[str, npt.NDArray[Any]], layout: _Layout
) -> npt.NDArray[np.int64]:
    rows, columns = np.triu_indices(layout.vertices, 1)
    matrices = np.zeros((len(given["ops"]), layout.vertices, layout.vertices), dtype=np.int64)
    matrices[:, rows, columns] = given[layout.edges]
    numbers = np.empty(len(matrices), dtype=np.int64)
    for size in np.unique(given["n_vertices"]).tolist():
        at = np.flatnonzero(given["n_vertices"] == size)
        hashes = [row.tobytes().hex() for row in given["hash"][at]] if "hash" in given else []
        cut = matrices[at, : int(size), : int(size)]
        ops = given["ops"][at, : int(size) - 2].astype(np.int64) + 1
        numbers[at] = numbered(source, hashes, cut, ops)
    return numbers
