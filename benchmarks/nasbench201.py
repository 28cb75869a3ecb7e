"""The NAS-Bench-201 benchmark: the shipped table, joined with what the user has imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks._nasbench201_cost import macs, parameters
from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.noise import pick_repeat
from agnet.benchmarks.store import data_folder, read_table, read_table_once
from agnet.errors import InvalidInput
from agnet.objectives import Metric
from agnet.spaces import Architecture, NASBench201

__all__ = [
    "DATASETS",
    "DEVICES",
    "NASBench201Benchmark",
]

DATASETS: Final = ("cifar10", "cifar100", "ImageNet16-120")
DEVICES: Final = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
WITH_ENERGY: Final = ("edgegpu", "eyeriss", "fpga")
NO_RUN: Final = np.iinfo(np.uint16).max

BUILT_IN: Final = (
    Metric("val_accuracy", "%", "maximize", description="validation, 200 epochs"),
    Metric("train_seconds", "s", "minimize", description="training, 200 epochs"),
    Metric("gpu_latency_ms", "ms", "minimize", description="GPU, batch of 256"),
    Metric("params_m", "M", "minimize", "computed", description="weights"),
    Metric("flops_m", "M", "minimize", "computed", description="multiply-adds of one image"),
)
# Each with its array in the imported table of accuracies.
ACCURACIES: Final = (
    (Metric("test_accuracy", "%", "maximize", held_out=True, description="200 epochs"), "test_200"),
    (Metric("val_accuracy_12ep", "%", "maximize", description="validation, 12 epochs"), "val_12"),
    (
        Metric("test_accuracy_12ep", "%", "maximize", held_out=True, description="12 epochs"),
        "test_12",
    ),
)
# Each with its column in the imported HW-NAS-Bench table.
HARDWARE: Final = tuple(
    (Metric(f"{device}_{quantity}_{unit.lower()}", unit, "minimize"), f"{device}_{quantity}")
    for device in DEVICES
    for quantity, unit in (("latency", "ms"), ("energy", "mJ"))
    if quantity == "latency" or device in WITH_ENERGY
)
NEED_ACCURACIES: Final = (
    "it needs NAS-Bench-201-v1_1-096897.pth or NATS-tss-v1_0-3ffb9-simple.tar "
    "(https://github.com/D-X-Y/NATS-Bench); then: agnet import nasbench201 FILE, "
    "or: agnet import natsbench FILE"
)
NEED_HARDWARE: Final = (
    "it needs HW-NAS-Bench-v1_0.pickle (https://github.com/GATECH-EIC/HW-NAS-Bench); "
    "then: agnet import hwnasbench FILE"
)

Column = npt.NDArray[np.floating]


@final
@dataclass(frozen=True)
class NASBench201Benchmark(Benchmark):
    """All 15,625 cells on one of three image data sets.

    Validation accuracy, training time, latency, parameters and multiply-adds are always there; test
    accuracy, the 12-epoch schedule and HW-NAS-Bench's devices once they have been imported. Tables
    are read when first needed, once a process; sent to another process, the benchmark is only its
    settings, and reads them there.

    Attributes:
        dataset: ``cifar10``, ``cifar100`` or ``ImageNet16-120``, in any case. CIFAR-10's validation
            accuracy is of networks trained on half of the training images, its test accuracy of
            networks trained on all of them.
        folder: Where imported tables are; :func:`agnet.benchmarks.store.data_folder` by default.
        noise: Whether ``val_accuracy`` is that of one training run of each cell, instead of the
            mean over its two or three runs.
        seed: Decides which run that is.
    """

    dataset: str = "cifar10"
    folder: Path | None = field(default=None, kw_only=True)
    noise: bool = field(default=False, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If the data set is unknown or the seed negative.
        """
        known = {name.lower(): name for name in DATASETS}
        if self.dataset.lower() not in known:
            raise InvalidInput(
                f"got the data set {self.dataset!r}; nasbench201 has {', '.join(DATASETS)}"
            )
        if self.seed < 0:
            raise InvalidInput(f"got seed {self.seed}; it must be at least 0")
        object.__setattr__(self, "dataset", known[self.dataset.lower()])

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def name(self) -> str:
        """``nasbench201``."""
        return "nasbench201"

    @property
    def space(self) -> NASBench201:
        """The NAS-Bench-201 cells."""
        return NASBench201()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of the shipped table, then those of imported ones."""
        return self._joined.metrics

    @property
    def missing(self) -> Mapping[str, str]:
        """Metrics of tables that have not been imported."""
        return self._joined.missing

    @property
    def source(self) -> str:
        """The provenance of each table."""
        return self._joined.source

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name, data set, noise and seed; where the tables are is not part of it."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "noise": self.noise,
            "seed": self.seed,
        }

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Looks up ``K`` metrics of ``B`` cells; see :meth:`Benchmark.query`."""
        for name in metrics:
            find_metric(self, name)
        rows = self.space.index(archs)
        # Columns lie in memory one after the other, as they are written.
        values: npt.NDArray[np.float64] = np.empty((len(metrics), len(rows))).T
        for k, name in enumerate(metrics):
            values[:, k] = self._joined.columns[name][rows]
        return values

    @cached_property
    def _joined(self) -> _Joined:
        """The columns of the data set, of every table at hand."""
        return _join(self)


@dataclass(frozen=True)
class _Joined:
    """What there is for one data set: a column ``(N,)`` a metric, and what is lacking."""

    metrics: tuple[Metric, ...]
    columns: Mapping[str, Column]
    missing: Mapping[str, str]
    source: str


def _join(benchmark: NASBench201Benchmark) -> _Joined:
    folder = Path(benchmark.folder or data_folder())
    at = DATASETS.index(benchmark.dataset)
    shipped, source = _shipped()
    metrics = list(BUILT_IN)
    columns = _built_in(shipped, at, benchmark)
    missing: dict[str, str] = {}
    sources = [source]
    for kind, file, wanted, advice in (
        ("nasbench201-accuracies", "nasbench201.npz", ACCURACIES, NEED_ACCURACIES),
        ("hwnasbench", "hwnasbench.npz", HARDWARE, NEED_HARDWARE),
    ):
        arrays, provenance = read_table_once(folder / file, kind) or ({}, "")
        sources += [provenance] if arrays else []
        for metric, key in wanted:
            if key in arrays and bool(np.isfinite(arrays[key][:, at]).any()):
                metrics.append(metric)
                columns[metric.name] = np.ascontiguousarray(arrays[key][:, at])
            else:
                missing[metric.name] = advice
    return _Joined(
        tuple(metrics),
        MappingProxyType(columns),
        MappingProxyType(missing),
        "; ".join(sources),
    )


def _built_in(
    table: Mapping[str, npt.NDArray[Any]], at: int, benchmark: NASBench201Benchmark
) -> dict[str, Column]:
    """The columns that are always there."""
    cells = benchmark.space.enumerate().choices
    correct = table["val_correct"][at]
    recorded = correct != NO_RUN
    runs = recorded.sum(axis=0)
    if benchmark.noise:
        chosen = pick_repeat(np.arange(len(cells)), runs, benchmark.seed)
        # The chosen-th of the runs that were recorded, wherever in the three places those are.
        places = np.argsort(~recorded, axis=0, kind="stable")
        place = np.take_along_axis(places, chosen[None], axis=0)
        right = np.take_along_axis(correct, place, axis=0)[0].astype(np.float64)
    else:
        right = np.where(recorded, correct, 0).sum(axis=0) / runs
    return {
        "val_accuracy": 100.0 * right / table["val_total"][at],
        "train_seconds": table["train_seconds"] * table["train_factor"][at],
        "gpu_latency_ms": 1e3 * table["latency_s"][at].astype(np.float64),
        "params_m": parameters(cells, benchmark.dataset) / 1e6,
        "flops_m": macs(cells, benchmark.dataset) / 1e6,
    }


@cache
def _shipped() -> tuple[dict[str, npt.NDArray[Any]], str]:
    packaged = resources.files("agnet.benchmarks.data") / "nasbench201.npz"
    with resources.as_file(packaged) as path:
        return read_table(path, "nasbench201")
