"""The table that the NAS-Bench-201 and NATS-Bench files are turned into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.nasbench201 import DATASETS
from agnet.benchmarks.store import write_table
from agnet.errors import InvalidArchitecture, TableError
from agnet.spaces import NASBench201

__all__ = ["FILE_NAME", "KIND", "AccuracyTable", "official_rows"]

KIND: Final = "nasbench201-accuracies"
FILE_NAME: Final = "nasbench201.npz"
# Under each data set, the setting and the image set of its validation and of its test accuracy.
VALIDATION: Final = (
    ("cifar10-valid", "x-valid"),
    ("cifar100", "x-valid"),
    ("ImageNet16-120", "x-valid"),
)
TEST: Final = (("cifar10", "ori-test"), ("cifar100", "x-test"), ("ImageNet16-120", "x-test"))
# What a record that lacks a field makes the reading of it raise.
MALFORMED: Final = (AttributeError, LookupError, TypeError, ValueError, AssertionError)
# Where the parameters and the multiply-adds of two runs differ, those of this seed are right.
TRUSTED_SEED: Final = 888


def official_rows(texts: Sequence[str], name: str) -> npt.NDArray[np.int64]:
    """Returns the row of each architecture of a file.

    Raises:
        TableError: If one is no NAS-Bench-201 cell, or occurs twice.
    """
    space = NASBench201()
    try:
        rows = space.index([space.parse(text) for text in texts])
    except (InvalidArchitecture, *MALFORMED) as error:
        raise TableError(f"{name} lists what is no NAS-Bench-201 cell: {error}") from error
    if len(np.unique(rows)) != len(rows):
        raise TableError(f"{name} lists a cell twice")
    return rows


@final
class AccuracyTable:
    """Collects the results of cells; what is never added stays NaN.

    Attributes:
        columns: ``(N, 3)`` arrays by name, one column a data set.
        runs: By seed, the validation accuracies ``(N, 3)`` after 200 epochs.
    """

    def __init__(self) -> None:
        """Starts with nothing known."""
        self.columns = {
            name: self._empty()
            for name in (
                *("test_200", "val_12", "test_12"),
                *("train_seconds", "latency_s", "params_m", "flops_m"),
            )
        }
        self.runs: dict[int, npt.NDArray[np.float64]] = {}

    def add(self, row: int, short: Any, full: Any, name: str) -> None:
        """Adds one cell.

        Args:
            row: Its official index.
            short: Its results after 12 epochs, an ``ArchResults`` of the official package.
            full: Its results after 200 epochs.
            name: What to call the file in messages.

        Raises:
            TableError: If the results lack what they should hold.
        """
        try:
            for at, (validation, test) in enumerate(zip(VALIDATION, TEST, strict=True)):
                for seed, run in _runs(full, validation[0]).items():
                    values = self.runs.setdefault(int(seed), self._empty())
                    values[row, at] = _accuracy(run, validation[1])
                self._add_means(row, at, _runs(full, validation[0]))
                self.columns["test_200"][row, at] = _mean_accuracy(full, test)
                self.columns["val_12"][row, at] = _mean_accuracy(short, validation)
                self.columns["test_12"][row, at] = _mean_accuracy(short, test)
        except MALFORMED as error:
            raise TableError(
                f"{name} holds malformed results of the cell {row}: {error!r}; "
                "download the official file again"
            ) from error

    def write(self, folder: Path, provenance: str, name: str) -> Path:
        """Writes the table and returns its path.

        Raises:
            TableError: If nothing has been added.
            StorageError: If the table cannot be written.
        """
        if not self.runs:
            raise TableError(
                f"{name} holds no result of any cell; download the official file again"
            )
        seeds = sorted(self.runs)
        runs = [self.runs[seed] for seed in seeds]
        exact = ("params_m", "flops_m")
        arrays: dict[str, npt.NDArray[Any]] = {
            "datasets": np.array(DATASETS),
            "seeds": np.array(seeds, dtype=np.int64),
            "val_200_runs": np.stack(runs, axis=2).astype(np.float32),
            **{
                name: values if name in exact else values.astype(np.float32)
                for name, values in self.columns.items()
            },
        }
        return write_table(folder / FILE_NAME, KIND, arrays, provenance)

    def _add_means(self, row: int, at: int, runs: Mapping[int, Any]) -> None:
        """Adds training time, latency and size, recorded once a run."""
        if not runs:
            return
        times = [sum(run.train_times.values()) for run in runs.values() if run.train_times]
        latencies = [run.get_latency() for run in runs.values()]
        sized = runs.get(TRUSTED_SEED, next(iter(runs.values())))
        self.columns["train_seconds"][row, at] = _mean(times)
        # The official package writes -1 where a latency was not taken.
        self.columns["latency_s"][row, at] = _mean([value for value in latencies if value > 0])
        self.columns["params_m"][row, at] = sized.params
        self.columns["flops_m"][row, at] = sized.flop

    @staticmethod
    def _empty() -> npt.NDArray[np.float64]:
        return np.full((NASBench201().size, len(DATASETS)), np.nan)


def _runs(results: Any, setting: str) -> dict[int, Any]:
    """The training runs of a cell in a setting, by seed."""
    runs: dict[int, Any] = results.query(setting) if setting in results.dataset_seed else {}
    return runs


def _accuracy(run: Any, image_set: str) -> float:
    """The accuracy of a run after its last epoch; NaN where it was not tested on the images."""
    return float(run.eval_acc1es.get(f"{image_set}@{run.epochs - 1}", np.nan))


def _mean_accuracy(results: Any, where: tuple[str, str]) -> float:
    return _mean([_accuracy(run, where[1]) for run in _runs(results, where[0]).values()])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
