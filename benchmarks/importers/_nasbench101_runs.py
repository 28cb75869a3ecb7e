"""The training runs of the official NAS-Bench-101 files, and the cells they name."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from math import isqrt
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.importers.tfrecord import message_fields
from agnet.benchmarks.nasbench101 import BUDGETS
from agnet.errors import InvalidArchitecture, TableError
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101

__all__ = ["TrainingRuns", "numbered"]

SPACE: Final = NASBench101()
REPEATS: Final = 3
QUANTITIES: Final = ("val_accuracy", "test_accuracy", "train_seconds")
CODES: Final = {op: code for code, op in enumerate(OPERATIONS, start=1)}
# What content of the wrong form makes the reading of it raise.
MALFORMED: Final = (LookupError, TypeError, ValueError, RecursionError)
NO_CELL: Final = "{} holds what is no NAS-Bench-101 cell: {}"
HASHES_CHECKED: Final = 20  # of each batch: enough to see that all is read in the right order


class _Run(NamedTuple):
    """One training run; ``results`` in the order of ``QUANTITIES``."""

    hash: str
    epochs: int
    edges: str
    ops: str
    params: int
    results: tuple[float, float, float]


@final
class TrainingRuns:
    """Collects training runs by the number of their cell."""

    def __init__(self, source: Path) -> None:
        """Starts with none.

        Args:
            source: The file, for messages.
        """
        self.source = source
        self.records = 0
        self.numbers: dict[str, int] = {}
        self.known = np.zeros(SPACE.size, dtype=bool)
        self.params = np.zeros(SPACE.size, dtype=np.int32)
        self.repeats = np.zeros((SPACE.size, len(BUDGETS)), dtype=np.int64)
        shape = (SPACE.size, len(BUDGETS), REPEATS, len(QUANTITIES))
        self.values = np.full(shape, np.nan, dtype=np.float32)

    def add(self, records: Sequence[bytes]) -> None:
        """Adds a batch of records: hash, epochs, edges, operations and metrics, as JSON.

        Raises:
            TableError: If one is malformed, or a cell has too many runs.
        """
        runs = [self._run(self.records + i, record) for i, record in enumerate(records)]
        self.records += len(records)
        self._number({run.hash: run for run in runs if run.hash not in self.numbers})
        cells = np.array([self.numbers[run.hash] for run in runs])
        budgets = np.array([BUDGETS.index(run.epochs) for run in runs])
        repeat = self.repeats[cells, budgets] + _earlier_equals(cells * len(BUDGETS) + budgets)
        if (repeat >= REPEATS).any():
            run = runs[int(np.argmax(repeat >= REPEATS))]
            raise TableError(
                f"{self.source} holds more than {REPEATS} runs of {run.epochs} epochs of the cell "
                f"{run.hash}; download the official file again"
            )
        self.values[cells, budgets, repeat] = [run.results for run in runs]
        self.params[cells] = [run.params for run in runs]
        np.add.at(self.repeats, (cells, budgets), 1)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the arrays of the table.

        Raises:
            TableError: If there is no run.
        """
        if not self.records:
            raise TableError(f"{self.source} holds no record; download the official file again")
        cells = np.flatnonzero(self.repeats.any(axis=1))
        budgets = np.flatnonzero(self.repeats.any(axis=0))
        kept = self.values[np.ix_(cells, budgets)]
        return {
            "cells": cells.astype(np.int32),
            "params": self.params[cells],
            "epochs": np.array(BUDGETS, dtype=np.int16)[budgets],
            **{name: kept[..., i] for i, name in enumerate(QUANTITIES)},
        }

    def _run(self, at: int, record: bytes) -> _Run:
        try:
            name, epochs, edges, ops, metrics = json.loads(record)
            if epochs not in BUDGETS or isqrt(len(edges)) ** 2 != len(edges):
                raise ValueError(f"the graph {edges!r} trained for {epochs!r} epochs")
            params, results = _final_results(base64.b64decode(metrics, validate=True))
            return _Run(str(name), int(epochs), str(edges), str(ops), params, results)
        except MALFORMED as error:
            raise TableError(
                f"record {at} of {self.source} is no NAS-Bench-101 record ({error!r}); expected "
                "nasbench_full.tfrecord or nasbench_only108.tfrecord"
            ) from error

    def _number(self, runs: Mapping[str, _Run]) -> None:
        """Numbers cells whose hashes have not been seen before, all of one size at once."""
        for size in sorted({isqrt(len(run.edges)) for run in runs.values()}):
            same = [run for run in runs.values() if isqrt(len(run.edges)) == size]
            names = [run.hash for run in same]
            try:
                graphs = _graphs(same, size)
            except MALFORMED as error:
                raise TableError(NO_CELL.format(self.source, error)) from error
            numbers = numbered(self.source, names, *graphs)
            if self.known[numbers].any() or len(np.unique(numbers)) < len(numbers):
                raise TableError(f"{self.source} names one cell by two hashes; it is damaged")
            self.known[numbers] = True
            self.numbers.update(zip(names, numbers.tolist(), strict=True))


def numbered(
    source: Path,
    hashes: Sequence[str],
    matrices: npt.NDArray[Any],
    ops: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Numbers cells ``(B,)`` of a file, and checks the first few of their official hashes.

    Args:
        source: The file, for messages.
        hashes: The official hashes, or nothing.
        matrices: ``(B, V, V)``, as :meth:`NASBench101.from_matrices` takes them.
        ops: ``(B, V - 2)``, as well.

    Raises:
        TableError: If one is no cell, or its hash is another.
    """
    try:
        cells = SPACE.from_matrices(matrices, ops)
    except InvalidArchitecture as error:
        raise TableError(NO_CELL.format(source, error)) from error
    for cell, given in zip(cells[:HASHES_CHECKED], hashes, strict=False):
        if SPACE.official_hash(cell) != given:
            raise TableError(
                f"the hash of the cell {cell} in {source} is {given}; expected "
                f"{SPACE.official_hash(cell)}: edges or operations are in another order"
            )
    return SPACE.index(cells)


def _graphs(runs: Sequence[_Run], size: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Reads matrices written as digits row by row, and operations joined by commas."""
    digits = np.frombuffer("".join(run.edges for run in runs).encode(), dtype=np.uint8)
    ops = [[CODES[op] for op in run.ops.split(",")[1:-1]] for run in runs]
    matrices = digits.reshape(len(runs), size, size) - np.uint8(ord("0"))
    return matrices, np.array(ops, dtype=np.int64).reshape(len(runs), -1)


def _final_results(message: bytes) -> tuple[int, tuple[float, float, float]]:
    """Reads a ``ModelMetrics`` message: parameters, and the last of its evaluations.

    Field 1 is an evaluation (fields 2, 4 and 5: training seconds, validation and test accuracy),
    of which there are three, before, halfway through and after training; field 2 is the number of
    trainable parameters.
    """
    params, last = None, b""
    for number, value in message_fields(message):
        if number == 1 and isinstance(value, bytes):
            last = value
        elif number == 2:
            params = value
    final = dict(message_fields(last))
    seconds, validation, test = (float(final[number]) for number in (2, 4, 5))
    if not (0 <= validation <= 1 and 0 <= test <= 1 and seconds >= 0):
        raise ValueError(f"accuracies {validation} and {test} after {seconds} seconds")
    if not isinstance(params, int) or params >= 2**31:
        raise ValueError(f"{params!r} parameters")
    return params, (100 * validation, 100 * test, seconds)


def _earlier_equals(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Counts for each key ``(B,)`` how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    new = np.flatnonzero(np.diff(keys[order], prepend=-1))
    lengths = np.diff(new, append=len(keys))
    count = np.empty_like(keys)
    count[order] = np.arange(len(keys)) - np.repeat(new, lengths)
    return count
