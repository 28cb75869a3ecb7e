"""Imports NAS-Bench-201: the official ``.pth`` file, or plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.importers._accuracies import MALFORMED, AccuracyTable, official_rows
from agnet.benchmarks.importers._arrays import read_arrays
from agnet.benchmarks.importers._pth import read_pth
from agnet.benchmarks.nasbench201 import DATASETS
from agnet.errors import InvalidArchitecture, TableError
from agnet.spaces import NASBench201

__all__ = ["import_nasbench201"]

BLOCK: Final = 128  # cells handed to the official package at a time, because it copies them
PROVENANCE: Final = "NAS-Bench-201 (X. Dong and Y. Yang, ICLR 2020, MIT), imported from {}"
# Name in a file of plain arrays -> name in the table.
ARRAYS: Final = {
    "test_acc_200": "test_200",
    "val_acc_12": "val_12",
    "test_acc_12": "test_12",
    "train_time_200_s": "train_seconds",
    "latency_s": "latency_s",
    "params": "params_m",
    "flops": "flops_m",
}
SEEDS: Final = (777, 888, 999)


def import_nasbench201(source: Path, folder: Path) -> Path:
    """Turns a NAS-Bench-201 file into a compact table.

    Args:
        source: ``NAS-Bench-201-v1_1-096897.pth`` or another file of that layout, which is read with
            the official package and takes several times its size in memory (the archive of
            NATS-Bench is read cell by cell); or an ``.npz`` of plain arrays ``ops (N, 6)``,
            ``datasets``, ``val_acc_200_seeds (N, 3, 3)`` and ``(N, 3)`` of other quantities.
        folder: Where to write the table.

    Returns:
        The path of the table. Cells and quantities that the file lacks are NaN in it.

    Raises:
        TableError: If the file is truncated or of another layout.
        StorageError: If it cannot be read, or the table cannot be written.
    """
    table = AccuracyTable()
    if source.suffix == ".npz":
        _add_arrays(table, source)
    else:
        _add_official(table, source)
    return table.write(folder, PROVENANCE.format(source.name), str(source))


def _add_official(table: AccuracyTable, source: Path) -> None:
    content, name = read_pth(source), str(source)
    if not isinstance(content, dict):
        raise TableError(f"{name} holds a {type(content).__name__}; expected a dictionary")
    lacking = {"meta_archs", "arch2infos", "evaluated_indexes"} - set(content)
    if lacking:
        raise TableError(
            f"{name} lacks {', '.join(sorted(lacking))}; expected the layout of "
            "NAS-Bench-201-v1_1-096897.pth"
        )
    rows = official_rows(content["meta_archs"], name)
    try:
        for api in _official_apis(content):
            for index, results in api.arch2infos_dict.items():
                table.add(int(rows[index]), results["12"], results["200"], name)
    except MALFORMED as error:
        raise TableError(f"{name} is not of the official layout: {error!r}") from error


def _official_apis(content: dict[str, Any]) -> Iterator[Any]:
    """Opens the file's content with the official package, some cells at a time."""
    from nas_201_api import NASBench201API

    infos = content["arch2infos"]
    indices = sorted(infos)
    for start in range(0, len(indices), BLOCK):
        block = {index: infos.pop(index) for index in indices[start : start + BLOCK]}
        part = {
            "meta_archs": content["meta_archs"],
            "arch2infos": block,
            "evaluated_indexes": list(block),
        }
        yield NASBench201API(part, verbose=False)


def _add_arrays(table: AccuracyTable, source: Path) -> None:
    arrays = read_arrays(source, ("ops", "datasets", "val_acc_200_seeds", "test_acc_200"))
    if tuple(arrays["datasets"].tolist()) != DATASETS:
        raise TableError(
            f"{source} is of the data sets {arrays['datasets'].tolist()}; expected {list(DATASETS)}"
        )
    rows = _rows(arrays["ops"], source)
    for name, column in ARRAYS.items():
        if name in arrays:
            values = _shaped(arrays[name], (len(rows), len(DATASETS)), name, source)
            table.columns[column][rows] = values / 1e6 if name in ("params", "flops") else values
    shape = (len(rows), len(DATASETS), len(SEEDS))
    runs = _shaped(arrays["val_acc_200_seeds"], shape, "val_acc_200_seeds", source)
    for place, seed in enumerate(SEEDS):
        full = np.full((NASBench201().size, len(DATASETS)), np.nan)
        full[rows] = runs[:, :, place]
        table.runs[seed] = full


def _rows(ops: npt.NDArray[Any], source: Path) -> npt.NDArray[np.int64]:
    space = NASBench201()
    try:
        rows = space.index(space.from_choices(ops))
    except InvalidArchitecture as error:
        raise TableError(f"ops of {source} are no NAS-Bench-201 cells: {error}") from error
    if len(np.unique(rows)) != len(rows):
        raise TableError(f"ops of {source} list a cell twice")
    return rows


def _shaped(
    values: npt.NDArray[Any], shape: tuple[int, ...], name: str, source: Path
) -> npt.NDArray[np.float64]:
    if values.shape != shape or values.dtype.kind not in "fiu":
        raise TableError(
            f"{name} of {source} is {values.dtype} of shape {values.shape}; "
            f"expected numbers of shape {shape}"
        )
    return values.astype(np.float64)
