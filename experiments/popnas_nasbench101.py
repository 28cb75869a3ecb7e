"""POPNASv2 on the NAS-Bench-101 cells of at most 5 vertices, at simulated training time.

    python -m experiments.popnas_nasbench101 run      (resumable)
    python -m experiments.popnas_nasbench101 table    (prints the tables from what is there)

Cells grow by a vertex a step, from the seven of at most three: the table has real accuracies and
training seconds, of 4 epochs, of small cells, too. Time is the sum of the seconds of the cells that
were evaluated. Each of random search and agnet (16 random initial cells, batches of 4, the same two
objectives) may go on until the time that a search by growth of the same seed took is spent.
Hypervolume is of accuracy and seconds, measured from the worst of each in the table, relative to
that of the true front. 10 seeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet import Benchmark, SearchConfig, open_benchmark, search
from experiments.growing import as_long_as, errors, grow, spend, step_table, true_volume, volume
from experiments.recorded import Row, complete, matching, parser, rows, spread, table

METRICS: Final = ("val_accuracy_4ep", "train_seconds_4ep")
GOALS: Final = (f"maximize {METRICS[0]}", f"minimize {METRICS[1]}")
GROWN: Final[dict[str, dict[str, Any]]] = {
    "popnas": {"kept": 64, "explored": 8},
    "popnas-svr": {"kept": 64, "explored": 8, "cost_model": "svr"},
    "popnas-filled": {"kept": 64, "explored": 8, "fill_layers": 48},
    "pnas-64": {"mode": "pnas", "kept": 64},
    "pnas-16": {"mode": "pnas", "kept": 16},
}
LIKE: Final = ("popnas", "popnas-filled", "pnas-64")
OTHERS: Final = ("random", "agnet")
LEAST: Final = 1e-6  # of hypervolume: less is nothing
MOST: Final = 256  # queries of agnet, which end before the time does at the latest


def main() -> None:
    """Runs the experiment or prints its tables."""
    given = parser(__doc__, ("run", "table"), "popnas_nasbench101", 10).parse_args()
    if given.what == "run":
        jobs = [{"arm": arm, "seed": seed} for arm in GROWN for seed in range(given.seeds)]
        complete(jobs, work, given.results, given.procs, given.only)
        timed = [
            {"arm": arm, "like": like, "seed": row["seed"], "limit": row["time"]}
            for arm in OTHERS
            for like in LIKE
            for row in rows(given.results, like)
        ]
        complete(timed, work_for_as_long, given.results, given.procs, given.only)
    print(found_table(given.results), step_table(given.results, GROWN, 4, "vertices"), sep="\n\n")


def work(job: Row) -> Row:
    """Runs one search by growth."""
    benchmark = open_benchmark("nasbench101")
    values, plan = grow(benchmark, GOALS, job["seed"], GROWN[job["arm"]])
    return judged(benchmark, values) | {"steps": errors(plan, values)}


def work_for_as_long(job: Row) -> Row:
    """Runs another search for as long."""
    benchmark = open_benchmark("nasbench101")
    if job["arm"] == "random":
        return judged(benchmark, spend(benchmark, METRICS, job["limit"], job["seed"]))
    config = SearchConfig(
        benchmark={"name": "nasbench101"},
        strategy=job["arm"],
        objectives=GOALS,
        queries=MOST,
        init=16,
        batch=4,
        seed=job["seed"],
    )
    values = search(benchmark, config).outcomes.objectives * [-1.0, 1.0]
    return judged(benchmark, values[np.cumsum(values[:, 1]) <= job["limit"]])


def judged(benchmark: Benchmark, values: Any) -> Row:
    """How many cells were evaluated, for how long, and what they are worth."""
    every = benchmark.query(benchmark.space.enumerate(), METRICS)
    reference = np.array([every[:, 0].min(), every[:, 1].max()])
    whole = true_volume(benchmark, METRICS, reference)
    return {
        "cells": len(values),
        "time": round(float(values[:, 1].sum()), 1),
        "share": round(float(values[:, 1].sum() / every[:, 1].sum()), 5),
        "best": round(float(values[:, 0].max()), 4),
        "regret": round(float(every[:, 0].max() - values[:, 0].max()), 4),
        "lacking": round(float(np.log10(max(1.0 - volume(values, reference) / whole, LEAST))), 4),
    }


def found_table(results: Path) -> str:
    """What each arm found, and what others found in the same time."""
    lines = []
    for arm in GROWN:
        lines.append(_line(arm, "", rows(results, arm)))
        if arm in LIKE:
            for other in OTHERS:
                own = matching(rows(results, other), like=arm)
                own = as_long_as(own, rows(results, arm))
                lines.append(_line(other, f"as {arm}", own))
    head = ["arm", "time", "seeds", "cells", "seconds", "of all (%)", "regret (%)"]
    return table([*head, "log10 of the hypervolume that is lacking"], lines)


def _line(arm: str, time: str, own: list[Row]) -> list[object]:
    return [
        arm,
        time,
        len(own),
        spread([row["cells"] for row in own], digits=0),
        spread([row["time"] for row in own], digits=0),
        spread([100 * row["share"] for row in own], digits=2),
        spread([row["regret"] for row in own], worst=max, digits=2),
        spread([row["lacking"] for row in own], worst=max, digits=2),
    ]


if __name__ == "__main__":
    main()
