"""Searches by real training: AG-Net beside random search and evolution, on CIFAR-10.

    python -m experiments.real_search run --data FOLDER     (resumable)
    python -m experiments.real_search table

``FOLDER`` is that of CIFAR-10's python version: of it 10,000 images to train on and 2,000 to choose
by, as many of each class, at 16x16 pixels. Cells of NAS-Bench-201 in a network of 3 cells of 8, 16
and 32 channels, 4 epochs. Every method begins with the same 16 cells and trains 40, in batches of
2. A training follows from the seed of the benchmark and the cell, so a cell that two searches ask
for is trained once. What is found is judged by what NAS-Bench-201 recorded of it: the full network,
trained for 200 epochs, which no search sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from agnet import open_benchmark, search
from agnet.benchmarks import Benchmark
from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.training import Execution, Recipe
from agnet.objectives import Metric, Objective
from agnet.spaces import Architecture, NASBench201
from experiments.popnas_real import small
from experiments.recorded import Row, complete, parser, rows, spread, table

ARMS: Final = ("agnet", "evolution", "random")
QUERIES, INIT, BATCH = 40, 16, 2
TRAINED, CHOSEN_BY = 10_000, 2_000
SKELETON: Final = NASBench201Skeleton(channels=8, cells=1, weights="he")
RECIPE: Final = Recipe(
    epochs=4,
    batch=64,
    optimizer="sgd",
    rate=0.1,
    nesterov=True,
    weight_decay=5e-4,
    period=0,
    standardise=True,
)
METRIC: Final = "val_accuracy"


def main() -> None:
    """Runs the searches or prints what they found."""
    made = parser(__doc__, ("run", "table"), "real_search", 3)
    made.add_argument("--data", type=Path, help="the folder of data_batch_1 and so on")
    given = made.parse_args()
    if given.what == "run":
        if given.data is None:
            made.error("run needs --data, the folder of CIFAR-10's python version")
        jobs = [{"arm": arm, "seed": seed} for seed in range(given.seeds) for arm in ARMS]
        work = Searching(given.data, given.results / "cells.jsonl")
        complete(jobs, work, given.results, 1, given.only)
    print(found_table(given.results))
    print(f"\n{agreement(given.results)}")


class Searching:
    """Runs one search."""

    def __init__(self, data: Path, known: Path) -> None:
        """Takes the images, and the file of the cells that have been trained."""
        self._data, self._known = data, known

    def __call__(self, job: Row) -> Row:
        """Does one job."""
        trained = Remembered(training(self._data), self._known)
        run = search(
            trained,
            strategy=job["arm"],
            queries=QUERIES,
            init=INIT,
            batch=BATCH,
            seed=job["seed"],
        )
        archs = list(map(run.benchmark.space.parse, run.history["arch"]))
        return {
            "cells": NASBench201().index(archs).tolist(),
            "curve": [round(value, 4) for value in run.best_so_far().tolist()],
        }


@final
class Remembered(Benchmark):
    """Asks a benchmark for each architecture once, and remembers what it said in a file."""

    def __init__(self, asked: RealTraining, path: Path) -> None:
        """Takes the benchmark, and the file: a line a cell."""
        self._asked, self._path = asked, path
        self._known = {row["cell"]: row for row in rows(path.parent, path.stem)}

    @property
    def name(self) -> str:
        """As that of the benchmark."""
        return self._asked.name

    @property
    def dataset(self) -> str:
        """As that of the benchmark."""
        return self._asked.dataset

    @property
    def space(self) -> NASBench201:
        """The cells."""
        return NASBench201()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is trained for, alone."""
        return tuple(metric for metric in self._asked.metrics if metric.name == METRIC)

    @property
    def default_objective(self) -> Objective:
        """As that of the benchmark."""
        return self._asked.default_objective

    @property
    def source(self) -> str:
        """As that of the benchmark."""
        return self._asked.source

    @property
    def settings(self) -> Mapping[str, Any]:
        """As those of the benchmark."""
        return self._asked.settings

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Trains what is not known."""
        found = []
        for arch, cell in zip(archs, self.space.index(archs).tolist(), strict=True):
            if cell not in self._known:
                accuracy, seconds = self._asked.observe(arch, [METRIC, "train_seconds"]).values
                row = {"cell": cell, METRIC: round(accuracy, 4), "seconds": round(seconds, 2)}
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                self._known[cell] = row
            found.append([self._known[cell][METRIC]])
        return np.array(found).reshape(len(found), 1)


@cache
def training(folder: Path) -> RealTraining:
    """The benchmark."""
    data = small(folder, TRAINED, CHOSEN_BY)
    how = Execution(channels_last=True)
    return RealTraining(NASBench201(), data, RECIPE, SKELETON, execution=how)


def found_table(results: Path) -> str:
    """What each method found, as it was trained here and as it was recorded."""
    recorded = tabulated()
    best = np.argsort(np.argsort(-recorded, kind="stable"), kind="stable") + 1
    trained = {row["cell"]: row[METRIC] for row in rows(results, "cells")}
    lines = []
    for arm in ARMS:
        own = rows(results, arm)
        if not own:
            continue
        chosen = [max(row["cells"], key=lambda cell: trained[cell]) for row in own]
        means = [np.mean([trained[cell] for cell in row["cells"][INIT:]]) for row in own]
        lines.append(
            [
                arm,
                len(own),
                spread([row["curve"][-1] for row in own], digits=2),
                spread([float(mean) for mean in means], digits=2),
                spread([float(recorded[cell]) for cell in chosen], digits=2),
                ", ".join(str(best[cell]) for cell in chosen),
            ]
        )
    head = ["method", "seeds", "best here", "mean of what it chose", "recorded", "ranks of 15,625"]
    return table(head, lines)


def agreement(results: Path) -> str:
    """How far short trainings agree with what was recorded."""
    own = rows(results, "cells")
    if len(own) < 3:
        return "too few cells have been trained"
    recorded = tabulated()[[row["cell"] for row in own]]
    rho = spearmanr([row[METRIC] for row in own], recorded)[0]
    hours = sum(row["seconds"] for row in own) / 3600
    return f"{len(own)} cells trained in {hours:.2f} CPU hours; Spearman with recorded {rho:.3f}"


@cache
def tabulated() -> npt.NDArray[np.float64]:
    """The recorded validation accuracy of every cell, by its official number."""
    benchmark = open_benchmark("nasbench201")
    return benchmark.query(NASBench201().enumerate(), [METRIC])[:, 0]


if __name__ == "__main__":
    main()
