"""Trains every cell of two tiny spaces on scikit-learn's digits: the tables of ``tiny_blocks``.

``python -m agnet.benchmarks.data.build_tiny_blocks FOLDER`` appends each result to a file a space
in ``FOLDER``, goes on where it was stopped, and writes ``tiny_blocks_l1.npz`` and
``tiny_blocks_l2.npz`` beside this file once all are there; it takes half an hour of one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.networks import BlockSkeleton
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.store import write_table
from agnet.benchmarks.tiny_blocks import KIND, SPACES
from agnet.benchmarks.training import ImageData, Recipe, digits
from agnet.errors import StorageError, TableError
from agnet.spaces import Architectures

__all__ = ["RECIPE", "SKELETON", "build", "measure", "trainer"]

SKELETON: Final = BlockSkeleton(motifs=2, cells=1, filters=6)
RECIPE: Final = Recipe(epochs=8, batch=100, rate=0.02, period=0, flip=False, translation=0.0)
SEED: Final = 0
PROVENANCE: Final = (
    "every cell trained once, 8 epochs on scikit-learn's digits (E. Alpaydin and C. Kaynak, "
    "CC BY 4.0), by build_tiny_blocks; CPU seconds of one thread"
)


def trainer(space: str, data: ImageData | None = None) -> RealTraining:
    """Returns what measured the table of a space, ``l1`` or ``l2``."""
    return RealTraining(SPACES[space], data or digits(), RECIPE, SKELETON, SEED)


def measure(benchmark: RealTraining, cells: Architectures, file: Path) -> list[dict[str, Any]]:
    """Trains cells, appending to a file one line each; what it holds already is not trained again.

    Returns:
        What came of each cell, in order.

    Raises:
        TableError: If a line of the file is damaged, or is of another cell.
        StorageError: If the file cannot be read or written.
    """
    known = list(_recorded(file, cells))
    try:
        with file.open("a", encoding="utf-8") as lines:
            for at in range(len(known), len(cells)):
                result = benchmark.train(cells[at], test=True)
                known.append(
                    {
                        "arch": str(cells[at]),
                        "val_accuracy": result.val_accuracy,
                        "test_accuracy": result.test_accuracy,
                        "train_seconds": result.train_seconds,
                        "wall_seconds": result.wall_seconds,
                    }
                )
                print(json.dumps(known[-1]), file=lines, flush=True)
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error}") from error
    return known


def build(folder: Path, out: Path) -> None:
    """Measures both spaces, and writes their tables.

    Args:
        folder: Where results are kept while there are not all of them.
        out: Where the tables go.

    Raises:
        TableError: As :func:`measure`.
        StorageError: As :func:`measure`, or if a table cannot be written.
    """
    data = digits()
    for name, space in SPACES.items():
        benchmark, cells = trainer(name, data), space.enumerate()
        found = measure(benchmark, cells, folder / f"tiny_blocks_{name}.jsonl")
        costs = [benchmark.cost(cell) for cell in cells]
        arrays: dict[str, npt.NDArray[Any]] = {
            "val_correct": _counts(found, "val_accuracy", len(data.validation)),
            "test_correct": _counts(found, "test_accuracy", len(data.test)),
            "totals": np.array([len(data.validation), len(data.test)], dtype=np.int32),
            "train_seconds": np.array([row["train_seconds"] for row in found], dtype=np.float32),
            "params": np.array([cost.parameters for cost in costs], dtype=np.int32),
            "macs": np.array([cost.macs for cost in costs], dtype=np.int32),
            "choices": cells.choices,
        }
        write_table(out / f"tiny_blocks_{name}.npz", KIND, arrays, PROVENANCE)


def _recorded(file: Path, cells: Architectures) -> Iterator[dict[str, Any]]:
    """Reads the results that there are; a last line that was cut off is taken away."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            file.write_text(whole, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot read {file}: {error}") from error
    for at, line in enumerate(whole.splitlines()):
        try:
            row = json.loads(line)
            fits = at < len(cells) and row["arch"] == str(cells[at])
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"line {at + 1} of {file} is no result: {error}") from error
        if not fits:
            raise TableError(
                f"line {at + 1} of {file} is of another cell than expected; use another folder"
            )
        yield row


def _counts(rows: list[dict[str, Any]], name: str, total: int) -> npt.NDArray[np.uint16]:
    """Turns percentages into counts of right answers, which they are."""
    percent = np.array([row[name] for row in rows])
    return np.asarray((percent * total / 100).round().astype(np.uint16))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("expected one argument: a folder for results, as in runs/tiny_blocks")
    results = Path(sys.argv[1])
    results.mkdir(parents=True, exist_ok=True)
    build(results, Path(__file__).parent)
