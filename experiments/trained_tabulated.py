"""Networks that are trained here, beside what NAS-Bench-201 recorded of them.

    python -m experiments.trained_tabulated run --data FOLDER     (resumable, within a cell too)
    python -m experiments.trained_tabulated table

``FOLDER`` is that of CIFAR-10's python version. Three cells of different size, each the one at the
upper quartile of the recorded accuracies of its size; the recipe of the 12-epoch records, the full
network of 15 cells. 49,000 of the 50,000 training images are trained on, the other 1,000 show how
it is going, and the test accuracy is read once, at the end. What was recorded was trained on all
50,000, and is the mean over seeds. CPU seconds are those of all updates.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from agnet import open_benchmark
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.training import Execution, cifar10_python, preset
from agnet.spaces import NASBench201
from experiments.recorded import Row, complete, parser, rows, table

PARAMETERS: Final = (0.073306, 0.129306, 0.316346)  # millions
RECORDED: Final = "test_accuracy_12ep"
WATCHED: Final = 0.02
NAME: Final = "cells"


def main() -> None:
    """Runs the experiment or prints its table."""
    made = parser(__doc__, ("run", "table"), "trained_tabulated", 1)
    made.add_argument("--data", type=Path, help="the folder of data_batch_1 and so on")
    made.add_argument("--scratch", type=Path, help="keeps trainings that are under way")
    given = made.parse_args()
    if given.what == "run":
        if given.data is None:
            made.error("run needs --data, the folder of CIFAR-10's python version")
        cells = reversed(chosen())  # what takes longest, first
        jobs = [
            {"what": NAME, "cell": cell, "seed": seed}
            for seed, cell in product(range(given.seeds), cells)
        ]
        work = Training(given.data, given.scratch)
        complete(jobs, work, given.results, given.procs, given.only)
    print(accuracy_table(given.results))


def chosen() -> list[int]:
    """The official numbers of the cells."""
    every = NASBench201().enumerate()
    size, recorded = open_benchmark("nasbench201").query(every, ["params_m", RECORDED]).T
    found = []
    for wanted in PARAMETERS:
        own = np.flatnonzero(np.isclose(size, wanted))
        own = own[np.argsort(recorded[own], kind="stable")]
        found.append(int(own[3 * len(own) // 4]))
    return found


class Training:
    """Trains one cell."""

    def __init__(self, data: Path, scratch: Path | None) -> None:
        """Takes the images, and where to keep what is under way."""
        self._data, self._scratch = data, scratch

    def __call__(self, job: Row) -> Row:
        """Does one job."""
        benchmark = RealTraining(
            NASBench201(),
            cifar10_python(self._data, validation=WATCHED),
            preset("nasbench201-12"),
            seed=job["seed"],
            execution=Execution(channels_last=True),
        )
        asked = benchmark if self._scratch is None else benchmark.within(self._scratch)
        (arch,) = NASBench201().enumerate()[np.array([job["cell"]])]
        seen = asked.observe(arch, ["test_accuracy", "train_seconds"])
        curves = {name: [round(value, 4) for value in curve] for name, curve in seen.curves.items()}
        accuracy, seconds = seen.values
        return {"test_accuracy": accuracy, "train_seconds": round(seconds, 1), **curves}


def accuracy_table(results: Path) -> str:
    """What was trained beside what was recorded."""
    lines = []
    benchmark, every = open_benchmark("nasbench201"), NASBench201().enumerate()
    function = NASBench201().keys(every, "function")
    for row in rows(results, NAME):
        arch = every[np.array([row["cell"]])]
        size, macs, recorded = benchmark.query(arch, ["params_m", "flops_m", RECORDED])[0]
        equals = every[np.flatnonzero(function == function[row["cell"]])]
        others = benchmark.query(equals, [RECORDED])[:, 0]
        own = row["test_accuracy"]
        lines.append(
            [
                f"`{arch[0]}`",
                row["seed"],
                f"{size:.3f}",
                f"{macs:.1f}",
                f"{own:.2f}",
                f"{recorded:.2f}",
                f"{own - recorded:+.2f}",
                f"{others.min():.2f} to {others.max():.2f}, {len(others)} cells",
                f"{row['train_seconds'] / 60:.0f}",
            ]
        )
    head = ["cell", "seed", "M parameters", "M MACs", "trained here", "recorded", "difference"]
    return table([*head, "recorded of the same function", "CPU min"], lines)


if __name__ == "__main__":
    main()
