"""What each part of AG-Net contributes: the default, and one part less or another one.

    python -m experiments.ablations run      (resumable)
    python -m experiments.ablations table    (prints the tables from the committed results)

On NAS-Bench-201 in batches of 2, until the cell of the best validation accuracy has been evaluated
and at most 192 queries, 30 seeds; on Once-for-All, 500 queries in batches of 16 with at most 400 M
multiply-adds, 10 seeds (``--ofa-seeds``). Differences are to the default with the same seed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agnet import SearchConfig, open_benchmark
from experiments.recorded import Row, complete, matching, parser, rows, spread, table, until
from experiments.watched import best_at, best_of, queries_to, rises, watch

ARMS: dict[str, dict[str, Any]] = {
    "default": {},
    "no-retraining": {"retraining": False},
    "no-surrogate": {"surrogate": "none"},
    "no-generator": {"generator": False},
    "trees": {"surrogate": "trees"},
    "gp": {"surrogate": "gp"},
}
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
OFA = "ofa_mbv3"
QUERIES, OFA_QUERIES = 192, 500


def main() -> None:
    """Runs the experiment or prints its tables."""
    made = parser(__doc__, ("run", "table"), "ablations", 30)
    made.add_argument("--ofa-seeds", type=int, default=10)
    given = made.parse_args()
    if given.what == "run":
        jobs = [
            {"arm": arm, "on": on, "seed": seed}
            for on in (*DATASETS, OFA)
            for arm in ARMS
            for seed in range(given.ofa_seeds if on == OFA else given.seeds)
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(found_table(given.results), accuracy_table(given.results), sep="\n\n")


def work(job: Row) -> Row:
    """Runs one search."""
    on_ofa = job["on"] == OFA
    benchmark = {"name": OFA} if on_ofa else {"name": "nasbench201", "dataset": job["on"]}
    config = SearchConfig(
        benchmark=benchmark,
        strategy="agnet",
        options=ARMS[job["arm"]],
        objectives=("maximize val_accuracy",),
        limits=("flops_m<=400",) if on_ofa else (),
        queries=OFA_QUERIES if on_ofa else QUERIES,
        init=16,
        batch=16 if on_ofa else 2,
        seed=job["seed"],
    )
    best = None if on_ofa else best_of(open_benchmark(**benchmark))
    run, _ = watch(config, stop_at=best)
    return {
        "curve": rises(run.best_so_far()),
        "queries_to_best": None if best is None else queries_to(run, best),
    }


def found_table(results: Path) -> str:
    """Queries until the best cell, and how many more than the default needs (192 if not found)."""
    lines = []
    for dataset in DATASETS:
        base = {row["seed"]: needed(row) for row in matching(rows(results, "default"), on=dataset)}
        for arm in ARMS:
            own = matching(rows(results, arm), on=dataset)
            if own:
                more = [needed(row) - base[row["seed"]] for row in own if row["seed"] in base]
                cells = until([row["queries_to_best"] for row in own], QUERIES)
                values = spread([best_at(row["curve"], QUERIES) for row in own])
                lines.append([dataset, arm, values, *cells, spread(more, worst=max, digits=1)])
    head = ["data set", "AG-Net with", "val @192", "found best", "queries to it: mean", "median"]
    return table([*head, "worst", "more than default"], lines)


def accuracy_table(results: Path) -> str:
    """Predicted top-1 on Once-for-All, and its difference to the default; worst in brackets."""
    base = {row["seed"]: final(row) for row in matching(rows(results, "default"), on=OFA)}
    lines = []
    for arm in ARMS:
        own = matching(rows(results, arm), on=OFA)
        if own:
            more = [final(row) - base[row["seed"]] for row in own if row["seed"] in base]
            lines.append([arm, spread([final(row) for row in own]), spread(more)])
    return table(["AG-Net with", f"top-1 @{OFA_QUERIES}", "more than default"], lines)


def needed(row: Row) -> int:
    """Queries to the best cell, the whole budget if it was not found."""
    return int(row["queries_to_best"] or QUERIES)


def final(row: Row) -> float:
    """The best feasible value at the end."""
    return best_at(row["curve"], OFA_QUERIES)


if __name__ == "__main__":
    main()
