"""Training-free scores in place of labels: to begin a search with, and to search for on their own.

    python -m experiments.warm_start run                        (resumable)
    python -m experiments.warm_start run --published FILE       (and the searches without labels)
    python -m experiments.warm_start table

Warm starts: AG-Net on NAS-Bench-201 in batches of 2, 30 seeds, up to 96 queries, beginning with the
scores that ``training_free`` computed of 300 random cells on CIFAR-10 (synflow, naswot and jacov),
or with their parameters alone, which cost nothing; beside beginnings with random cells. Without
labels: AG-Net and random search for the lowest sum of ranks in the three scores that were published
of 9,445 cells (``FILE``, as ``training_free`` takes it), 96 queries; then the recorded accuracy of
what was chosen is read.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from agnet import SearchConfig, open_benchmark, search
from agnet.benchmarks import TableBenchmark
from agnet.spaces import NASBench201
from experiments.imagenet.search import rank_sums
from experiments.recorded import (
    RESULTS,
    Row,
    complete,
    matching,
    parser,
    rows,
    spread,
    table,
    until,
)
from experiments.training_free import NAME, published
from experiments.watched import best_of, queries_to, watch

BEGINNINGS: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "scores": (0, ("synflow", "naswot", "jacov")),
    "parameters": (0, ("params_m",)),
    "random-2": (2, ()),
    "random-8": (8, ()),
    "random-16": (16, ()),
}
DATASETS: Final = ("cifar10", "cifar100", "ImageNet16-120")
SEEKERS: Final = ("agnet", "random")
SOUGHT: Final = ("synflow", "nwot", "jacov")
QUERIES: Final = 96


def main() -> None:
    """Runs the searches or prints what they found."""
    made = parser(__doc__, ("run", "table"), "warm_start", 30)
    made.add_argument("--published", type=Path, help="the npz file of published scores")
    given = made.parse_args()
    if given.what == "run":
        seeds = range(given.seeds)
        warm = [
            {"begins": name, "dataset": dataset, "seed": seed}
            for name in BEGINNINGS
            for seed in seeds
            for dataset in DATASETS
        ]
        complete(warm, begun, given.results, given.procs, given.only)
        if given.published is not None:
            blind = [{"seeks": f"blind-{name}", "seed": seed} for name in SEEKERS for seed in seeds]
            complete(blind, Blind(given.published), given.results, given.procs, given.only)
    print(begun_table(given.results), blind_table(given.results), sep="\n\n")


def begun(job: Row) -> Row:
    """Runs one search from one beginning."""
    init, guides = BEGINNINGS[job["begins"]]
    benchmark = {"name": "nasbench201", "dataset": job["dataset"]}
    config = SearchConfig(
        benchmark=benchmark,
        objectives=("maximize val_accuracy",),
        queries=QUERIES,
        init=init,
        batch=2,
        seed=job["seed"],
        warm_start=earlier(guides) if guides else "",
    )
    best = best_of(open_benchmark(**benchmark))
    run, _ = watch(config, stop_at=best)
    first = float(run.values[:2, 0].max())
    return {"queries_to_best": queries_to(run, best), "first": round(first, 4)}


@cache
def earlier(guides: tuple[str, ...]) -> str:
    """Makes a run of what ``training_free`` has computed, and returns its folder."""
    own = rows(RESULTS / "training_free", NAME)
    cells = NASBench201().enumerate()[np.array([row["cell"] for row in own])]
    frame = pd.DataFrame({name: [row[name][0] for row in own] for name in guides}, dtype=float)
    frame.insert(0, "arch", list(map(str, cells)))
    scores = TableBenchmark(frame, NASBench201(), directions=dict.fromkeys(guides, "maximize"))
    folder = str(Path(tempfile.mkdtemp()) / "scores")
    search(
        scores,
        strategy="random",
        objectives=tuple(f"maximize {name}" for name in guides),
        queries=len(own),
        init=len(own),
        out=folder,
    )
    return folder


class Blind:
    """Searches without labels."""

    def __init__(self, path: Path) -> None:
        """Takes the file of published scores."""
        self._path = str(path)

    def __call__(self, job: Row) -> Row:
        """Does one job."""
        run = search(
            scored(self._path),
            strategy=job["seeks"].removeprefix("blind-"),
            options={"joint": True} if job["seeks"] == "blind-agnet" else {},
            objectives=tuple(f"maximize {name}" for name in SOUGHT),
            queries=QUERIES,
            seed=job["seed"],
        )
        feasible = np.flatnonzero(run.outcomes.feasible)
        sums = rank_sums(run.outcomes.objectives[feasible])
        chosen = run.rows[int(feasible[sums.argmin()])].arch
        return {"cell": int(NASBench201().index([NASBench201().parse(chosen)])[0])}


@cache
def scored(path: str) -> TableBenchmark:
    """The published scores of CIFAR-10 as a benchmark."""
    file = published(path)
    names = file["proxies"].tolist()
    cells = NASBench201().enumerate()[file["index"]]
    frame = pd.DataFrame({name: file["cifar10"][:, names.index(name)] for name in SOUGHT})
    frame.insert(0, "arch", list(map(str, cells)))
    return TableBenchmark(frame, NASBench201(), directions=dict.fromkeys(SOUGHT, "maximize"))


def begun_table(results: Path) -> str:
    """Queries to the best cell from each beginning."""
    lines = []
    for name, (init, _) in BEGINNINGS.items():
        own = rows(results, name)
        for dataset in DATASETS if own else ():
            found = matching(own, dataset=dataset)
            first = spread([row["first"] for row in found], digits=2)
            needed = until([row["queries_to_best"] for row in found], QUERIES)
            lines.append([name, init, dataset, first, *needed])
    head = ["begins with", "random cells", "data set", "best of the first 2", "seeds that found"]
    return table([*head, "queries to the best: mean", "median", "worst"], lines)


def blind_table(results: Path) -> str:
    """Recorded accuracies of what was chosen without any."""
    lines = []
    for name in SEEKERS:
        cells = [row["cell"] for row in rows(results, f"blind-{name}")]
        if cells:
            columns = [spread(recorded(cells, dataset), digits=2) for dataset in DATASETS]
            lines.append([name, len(cells), *columns])
    return table(["search without labels", "seeds", *DATASETS], lines)


def recorded(cells: list[int], dataset: str) -> list[float]:
    """The recorded test accuracy of cells."""
    archs = NASBench201().enumerate()[np.array(cells)]
    found: npt.NDArray[np.float64] = open_benchmark("nasbench201", dataset=dataset).query(
        archs, ["test_accuracy"]
    )
    return [float(value) for value in found[:, 0]]


if __name__ == "__main__":
    main()
