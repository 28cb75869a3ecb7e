"""AG-Net on NAS-Bench-201, beside all that it has to beat.

    python -m experiments.agnet_nasbench201 run           (resumable)
    python -m experiments.agnet_nasbench201 run --full    (without stopping, for the correlations)
    python -m experiments.agnet_nasbench201 table         (prints the tables from what is there)

30 seeds, three data sets, up to 192 queries, from 16 initial cells in common (8 in two settings).
A run stops once the cell of the best validation accuracy has been evaluated: validation selects, so
nothing that follows could change what is selected. Other strategies than agnet and gp have been
run by baselines.py, in batches of 16, and are read from its results. The test accuracy is read at
the end, of the cells selected after 96 and 192 queries.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np

from agnet import SearchConfig, open_benchmark
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
from experiments.watched import best_at, best_of, queries_to, rises, test_accuracy, watch

STRATEGIES = ("agnet", "gp")
OTHERS = ("trees", "evolution", "local_search", "random")
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SETTINGS = ((16, 2), (8, 2), (16, 16))
MORE = {"gp": ((16, 8), (8, 1))}  # what the Gaussian process alone is run in
QUERIES, MARKS = 192, (96, 192)
PHASES = (1, 2, 3, 4, 5, 8, 11)


def main() -> None:
    """Runs the experiment or prints its tables."""
    made = parser(__doc__, ("run", "table"), "agnet_nasbench201", 30)
    made.add_argument("--full", action="store_true", help="do not stop where the best is found")
    given = made.parse_args()
    if given.what == "run":
        names = ("strategy", "dataset", "init", "batch", "full", "seed")
        wanted = [
            (strategy, setting)
            for strategy in STRATEGIES
            for setting in SETTINGS + MORE.get(strategy, ())
        ]
        jobs = [
            dict(zip(names, (strategy, dataset, *setting, given.full, seed), strict=True))
            for (strategy, setting), seed, dataset in product(wanted, range(given.seeds), DATASETS)
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(found_table(given.results), correlation_table(given.results), sep="\n\n")


def work(job: Row) -> Row:
    """Runs one search."""
    benchmark = {"name": "nasbench201", "dataset": job["dataset"]}
    config = SearchConfig(
        benchmark=benchmark,
        strategy=job["strategy"],
        objectives=("maximize val_accuracy",),
        queries=QUERIES,
        init=job["init"],
        batch=job["batch"],
        seed=job["seed"],
    )
    best = best_of(open_benchmark(**benchmark))
    run, seen = watch(config, stop_at=None if job["full"] else best, predict=True)
    return {
        "curve": rises(run.best_so_far()),
        "queries_to_best": queries_to(run, best),
        "test": {str(mark): test_accuracy(run, mark) for mark in MARKS},
        "spearman": seen.correlations(),
    }


def arm(results: Path, strategy: str, dataset: str, init: int, batch: int) -> list[Row]:
    """The rows of one strategy in one setting, of the baselines if it is one of them."""
    if strategy in STRATEGIES:
        found = rows(results, strategy)
        return matching(found, dataset=dataset, init=init, batch=batch, full=False)
    there = (init, batch) == (16, 16)
    return rows(RESULTS / "baselines", f"{strategy}-{dataset}-b16") if there else []


def found_table(results: Path) -> str:
    """What was found, one row a data set, setting and strategy; worst seeds in brackets."""
    lines = []
    settings = dict.fromkeys([*SETTINGS, *(setting for more in MORE.values() for setting in more)])
    for dataset, (init, batch), strategy in product(DATASETS, settings, STRATEGIES + OTHERS):
        own = arm(results, strategy, dataset, init, batch)
        if own:
            values = [spread([best_at(row["curve"], mark) for row in own]) for mark in MARKS]
            tests = [spread([row["test"][str(mark)] for row in own]) for mark in MARKS]
            needed = until([row["queries_to_best"] for row in own], QUERIES)
            lines.append([dataset, init, batch, strategy, *values, *tests, *needed])
    head = ["data set", "init", "batch", "strategy", "val @96", "val @192", "test @96", "test @192"]
    return table([*head, "found best", "queries to it: mean", "median", "worst"], lines)


def correlation_table(results: Path) -> str:
    """How well predictions rank the cells proposed, in each 16 proposals: mean and number of runs.

    Of full runs where there are any. Of the others only those that had not found the best cell
    before the end of that phase are known, which are the hard ones.
    """
    lines = []
    for dataset, (init, batch), strategy in product(DATASETS, SETTINGS, STRATEGIES):
        there = matching(rows(results, strategy), dataset=dataset, init=init, batch=batch)
        full = matching(there, full=True)
        own = [row["spearman"] for row in full or there]
        if own:
            cells = []
            for phase in PHASES:
                values = [one[phase - 1] for one in own if len(one) >= phase]
                known = [value for value in values if value is not None]
                cells.append(f"{np.mean(known):.2f} ({len(known)})" if known else "-")
            lines.append([dataset, init, batch, bool(full), strategy, *cells])
    head = [f"proposals {16 * phase - 15} to {16 * phase}" for phase in PHASES]
    return table(["data set", "init", "batch", "full", "Spearman of", *head], lines)


if __name__ == "__main__":
    main()
