"""Imports HW-NAS-Bench: latency and energy of the NAS-Bench-201 networks on six devices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.importers._accuracies import MALFORMED, official_rows
from agnet.benchmarks.importers._arrays import read_arrays
from agnet.benchmarks.nasbench201 import DATASETS
from agnet.benchmarks.store import write_table
from agnet.benchmarks.unpickling import read_pickle
from agnet.errors import StorageError, TableError
from agnet.spaces import NASBench201

__all__ = ["import_hwnasbench"]

METRICS: Final = (
    *("edgegpu_latency", "edgegpu_energy", "raspi4_latency", "edgetpu_latency", "pixel3_latency"),
    *("eyeriss_latency", "eyeriss_energy", "eyeriss_arithmetic_intensity"),
    *("fpga_latency", "fpga_energy"),
)
PROVENANCE: Final = "HW-NAS-Bench (C. Li et al., ICLR 2021, MIT), imported from {}"


def import_hwnasbench(source: Path, folder: Path) -> Path:
    """Turns an HW-NAS-Bench file into a compact table.

    Latencies are in milliseconds, energies in millijoules, as published. The file writes -1 for
    networks that the Edge TPU does not support; they become NaN.

    Args:
        source: ``HW-NAS-Bench-v1_0.pickle``, of which only the NAS-Bench-201 part is kept; or an
            ``.npz`` of the arrays ``values (15625, 3, K)``, ``metrics (K,)`` and ``datasets (3,)``.
        folder: Where to write the table.

    Returns:
        The path of the table.

    Raises:
        TableError: If the file is truncated or of another layout.
        StorageError: If it cannot be read, or the table cannot be written.
    """
    columns = _from_arrays(source) if source.suffix == ".npz" else _from_official(source)
    arrays: dict[str, npt.NDArray[Any]] = {
        # No quantity is below zero: what is stands for "not supported".
        name: np.where(values < 0, np.nan, values).astype(np.float32)
        for name, values in columns.items()
    }
    arrays["datasets"] = np.array(DATASETS)
    return write_table(
        folder / "hwnasbench.npz", "hwnasbench", arrays, PROVENANCE.format(source.name)
    )


def _from_official(source: Path) -> dict[str, npt.NDArray[np.float64]]:
    try:
        with source.open("rb") as file:
            content = read_pickle(file, str(source))
    except OSError as error:
        raise StorageError(f"cannot read {source}: {error}") from error
    try:
        tables = [content["nasbench201"][dataset] for dataset in DATASETS]
        order = _order(tables[0], str(source))
        names = [name for name in METRICS if name in tables[0]]
        columns = {
            name: np.stack([_column(table, name, source) for table in tables], axis=1)[order]
            for name in names
        }
    except MALFORMED as error:
        raise TableError(
            f"{source} is of another layout ({error!r}); expected HW-NAS-Bench-v1_0.pickle"
        ) from error
    if not columns:
        raise TableError(f"{source} holds none of {', '.join(METRICS)}")
    return columns


def _order(table: Mapping[str, Any], name: str) -> npt.NDArray[np.int64]:
    """Returns which entry of the lists belongs to each row of ours.

    The lists are in official order; where the file names the architecture of each entry, it is
    that name which counts.
    """
    configurations = table.get("config")
    if configurations is None:
        return np.arange(NASBench201().size)
    rows = official_rows([entry["arch_str"] for entry in configurations], name)
    return np.argsort(rows)


def _column(table: Mapping[str, Any], name: str, source: Path) -> npt.NDArray[np.float64]:
    values = np.asarray(table[name], dtype=np.float64)
    size = NASBench201().size
    if values.shape != (size,):
        raise TableError(f"{name} of {source} has the shape {values.shape}; expected ({size},)")
    return values


def _from_arrays(source: Path) -> dict[str, npt.NDArray[np.float64]]:
    arrays = read_arrays(source, ("values", "metrics", "datasets"))
    values, names = arrays["values"], arrays["metrics"].tolist()
    expected = (NASBench201().size, len(DATASETS), len(names))
    if values.shape != expected or tuple(arrays["datasets"].tolist()) != DATASETS:
        raise TableError(
            f"{source} has values {values.shape} of {arrays['datasets'].tolist()}; "
            f"expected {expected} of {list(DATASETS)}"
        )
    kept = {name: k for k, name in enumerate(names) if name in METRICS}
    if not kept:
        raise TableError(f"{source} holds none of {', '.join(METRICS)}")
    return {name: values[:, :, k].astype(np.float64) for name, k in kept.items()}
