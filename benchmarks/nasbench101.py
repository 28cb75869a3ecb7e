"""The NAS-Bench-101 benchmark: whatever tables of it the user has imported, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.noise import pick_repeat
from agnet.benchmarks.store import data_folder, read_table_once
from agnet.errors import InvalidInput, MissingData
from agnet.objectives import Metric, Objective
from agnet.spaces import Architecture, Architectures
from agnet.spaces.nasbench101 import NASBench101

__all__ = ["BUDGETS", "FILES", "KIND", "NASBench101Benchmark"]

KIND: Final = "nasbench101"
BUDGETS: Final = (4, 12, 36, 108)
# In order of precedence: a value comes from the first table that has it.
FILES: Final = {name: f"nasbench101-{name}.npz" for name in ("full", "108", "5v", "subset")}

HOME: Final = "(https://github.com/google-research/nasbench); then: agnet import nasbench101 FILE"
NEED_FULL: Final = f"it needs nasbench_full.tfrecord {HOME}"
NEED_108: Final = f"it needs nasbench_only108.tfrecord or nasbench_full.tfrecord {HOME}"
NEED_ENERGY: Final = (
    "it needs the 4-epoch table of EC-NAS-Bench (https://github.com/PedramBakh/EC-NAS-Bench) as an "
    ".npz file; then: agnet import nasbench101 FILE"
)

Values = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class _Column(NamedTuple):
    """A metric with the quantity and the epochs that it is of, and what it needs."""

    metric: Metric
    quantity: str
    epochs: int
    need: str


def _columns() -> tuple[_Column, ...]:
    found = []
    for epochs in reversed(BUDGETS):
        suffix = "" if epochs == BUDGETS[-1] else f"_{epochs}ep"
        need = NEED_FULL if suffix else NEED_108
        after = f"{epochs} epochs"
        for metric in (
            Metric(f"val_accuracy{suffix}", "%", "maximize", description=f"validation, {after}"),
            Metric(
                f"test_accuracy{suffix}",
                "%",
                "maximize",
                held_out=True,
                description=f"test, {after}",
            ),
            Metric(f"train_seconds{suffix}", "s", "minimize", description=f"training, {after}"),
        ):
            quantity = metric.name.removesuffix(suffix)
            found.append(_Column(metric, quantity, epochs, need))
    energy = Metric("train_energy_kwh_4ep", "kWh", "minimize", description="training, 4 epochs")
    return (*found, _Column(energy, "train_energy_kwh", 4, NEED_ENERGY))


COLUMNS: Final = {column.metric.name: column for column in _columns()}
PARAMS: Final = Metric("params_m", "M", "minimize", description="weights")


@final
@dataclass(frozen=True)
class NASBench101Benchmark(Benchmark):
    """NAS-Bench-101 on CIFAR-10: up to 423,624 cells, four training budgets, three runs of each.

    A metric without a suffix is of 108 epochs, ``_4ep`` of 4 and so on; it is the mean over the
    runs. A value that several tables have comes from the official files first. Tables are read
    when first needed; sent to another process, the benchmark is only its settings, and reads them
    there.

    Attributes:
        folder: Where imported tables are; :func:`agnet.benchmarks.store.data_folder` by default.
        noise: Whether a validation accuracy is that of one training run of each cell, instead of
            the mean over its runs. Test accuracy and times stay means.
        seed: Decides which run that is.
    """

    folder: Path | None = None
    noise: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the settings and that there is a table.

        Raises:
            InvalidInput: If the seed is negative.
            MissingData: If nothing of NAS-Bench-101 has been imported.
        """
        if self.seed < 0:
            raise InvalidInput(f"got seed {self.seed}; it must be at least 0")
        if not self._paths():
            raise MissingData(
                f"no NAS-Bench-101 table is in {self.folder or data_folder()}: {NEED_108}"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def name(self) -> str:
        """``nasbench101``."""
        return "nasbench101"

    @property
    def dataset(self) -> str:
        """``cifar10``."""
        return "cifar10"

    @property
    def space(self) -> NASBench101:
        """The largest space whose cells all have a validation accuracy of some budget.

        Where there is none it is the whole space. Cells of any size can be asked for in any case.
        """
        vertices = max(self._covered.values(), default=0)
        return NASBench101(vertices) if vertices else NASBench101()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that some imported table has."""
        there = [column.metric for column in COLUMNS.values() if self._has(column)]
        return (*there, PARAMS)

    @property
    def missing(self) -> Mapping[str, str]:
        """Those that no imported table has."""
        lacking = {name: column.need for name, column in COLUMNS.items() if not self._has(column)}
        return MappingProxyType(lacking)

    @property
    def default_objective(self) -> Objective:
        """The validation accuracy of the longest training that is known for all of the space.

        Raises:
            MissingData: If no validation accuracy is.
        """
        vertices = self.space.max_vertices
        for name, covered in self._covered.items():
            if covered >= vertices:
                return Objective(name, "maximize")
        raise MissingData(f"no validation accuracy of {self.name} is known: {NEED_108}")

    @property
    def source(self) -> str:
        """The provenance of each table."""
        return "; ".join(table.provenance for table in self._tables)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name, noise and seed; where the tables are is not part of it."""
        return {"name": self.name, "noise": self.noise, "seed": self.seed}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Looks up ``K`` metrics of ``B`` cells of any size; see :meth:`Benchmark.query`."""
        for name in metrics:
            find_metric(self, name)
        cells = self._numbers(archs)
        rows = [table.rows(cells) for table in self._tables]
        values = np.empty((len(cells), len(metrics)))
        for k, name in enumerate(metrics):
            values[:, k] = self._values(name, cells, rows)
        return values

    def _numbers(self, archs: Sequence[Architecture]) -> Integers:
        """The numbers of cells, which all NAS-Bench-101 spaces share."""
        if isinstance(archs, Architectures):
            space = archs.space
        else:
            space = archs[0].space if len(archs) else self.space
        return space.index(archs) if isinstance(space, NASBench101) else self.space.index(archs)

    def _values(self, name: str, cells: Integers, rows: Sequence[Integers]) -> Values:
        """One metric of the cells ``(B,)``, given the row of each in each table, -1 for none."""
        if name == PARAMS.name:
            runs = [table.params(at) for table, at in zip(self._tables, rows, strict=True)]
            return _first(runs)[:, 0] / 1e6
        column = COLUMNS[name]
        runs = [
            table.runs(column, at)
            for table, at in zip(self._tables, rows, strict=True)
            if table.has(column)
        ]
        joined = _first(runs)
        recorded = ~np.isnan(joined)
        count = recorded.sum(axis=1)
        if self.noise and column.quantity == "val_accuracy":
            picked: Values = joined[np.arange(len(cells)), pick_repeat(cells, count, self.seed)]
            return picked
        total = np.where(recorded, joined, 0.0).sum(axis=1)
        mean: Values = np.divide(total, count, out=np.full(len(cells), np.nan), where=count > 0)
        return mean

    def _has(self, column: _Column) -> bool:
        return any(table.has(column) for table in self._tables)

    @cached_property
    def _covered(self) -> dict[str, int]:
        """Up to how many vertices all cells have each validation accuracy, if any have."""
        found = {}
        for name, column in COLUMNS.items():
            if column.quantity == "val_accuracy":
                known = np.zeros(NASBench101().size + 1, dtype=bool)
                for table in self._tables:
                    if table.has(column):
                        known[table.known(column)] = True
                first_unknown = int(known.argmin())
                sizes = [n for n in range(3, 8) if NASBench101(n).size <= first_unknown]
                found.update({name: sizes[-1]} if sizes else {})
        return found

    @cached_property
    def _tables(self) -> tuple[_Table, ...]:
        return tuple(
            _Table(*read) for path in self._paths() if (read := read_table_once(path, KIND))
        )

    def _paths(self) -> list[Path]:
        folder = self.folder or data_folder()
        return [path for file in FILES.values() if (path := folder / file).is_file()]


@dataclass(frozen=True)
class _Table:
    """One imported table; see :func:`agnet.benchmarks.importers.nasbench101.import_nasbench101`."""

    arrays: Mapping[str, npt.NDArray[Any]]
    provenance: str

    def has(self, column: _Column) -> bool:
        return column.quantity in self.arrays and column.epochs in self.arrays["epochs"]

    def rows(self, cells: Integers) -> Integers:
        """Where the cells ``(B,)`` are, -1 where they are not."""
        own = self.arrays["cells"]
        at = np.minimum(np.searchsorted(own, cells), len(own) - 1)
        return np.where(own[at] == cells, at, -1)

    def runs(self, column: _Column, rows: Integers) -> Values:
        """All runs ``(B, repeats)`` at rows, NaN at -1."""
        at = int(np.flatnonzero(self.arrays["epochs"] == column.epochs)[0])
        runs: Values = self.arrays[column.quantity][rows, at].astype(np.float64)
        runs[rows < 0] = np.nan
        return runs

    def params(self, rows: Integers) -> Values:
        """The numbers of weights ``(B, 1)`` at rows, NaN at -1."""
        params: Values = np.where(rows < 0, np.nan, self.arrays["params"][rows])[:, None]
        return params

    def known(self, column: _Column) -> Integers:
        """The cells that have the column."""
        values = self.runs(column, np.arange(len(self.arrays["cells"])))
        known: Integers = self.arrays["cells"][~np.isnan(values).all(axis=1)]
        return known


def _first(runs: Sequence[Values]) -> Values:
    """Joins the runs ``(B, repeats)`` of several tables: all of a row come from the first."""
    joined = np.full((len(runs[0]), max(one.shape[1] for one in runs)), np.nan)
    for one in reversed(runs):
        there = ~np.isnan(one).all(axis=1)
        joined[there] = np.nan
        joined[there, : one.shape[1]] = one[there]
    return joined
