"""POPNASv2 on spaces so small that every cell is known, and so is the true front.

    python -m experiments.popnas_tiny run      (resumable)
    python -m experiments.popnas_tiny table    (prints the tables from what is there)

Cells of up to 2 blocks of 3 operations with made-up times and accuracies (757 with the empty one),
and the two spaces of ``tiny_blocks``, of which every cell was trained on handwritten digits.
Random search may go on until the time of the search by growth of the same seed is spent.
Hypervolume is measured from an accuracy of 30 % (made up) or 10 % (digits) and from the seconds of
the slowest cell, relative to that of the true front. 10 seeds.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet import Benchmark, open_benchmark
from experiments.growing import as_long_as, errors, grow, spend, true_volume, volume
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.synthetic_cells import SyntheticCells

METRICS: Final = ("val_accuracy", "train_seconds")
GOALS: Final = (f"maximize {METRICS[0]}", f"minimize {METRICS[1]}")
LEAST: Final = {"synthetic": 30.0, "l1": 10.0, "l2": 10.0}  # accuracy of chance
CELLS: Final = {"synthetic": 8, "l1": 3, "l2": 3}  # stacked in a network
ARMS: Final[dict[str, dict[str, Any]]] = {
    "popnas": {"kept": 32, "explored": 4},
    "popnas-filled": {"kept": 32, "explored": 4, "fill_layers": 16},
    "pnas": {"mode": "pnas", "kept": 32},
}
LIKE: Final = ("popnas", "popnas-filled")


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "popnas_tiny", 10).parse_args()
    if given.what == "run":
        jobs = [
            {"arm": arm, "on": on, "seed": seed}
            for arm, on, seed in product(ARMS, LEAST, range(given.seeds))
        ]
        complete(jobs, work, given.results, given.procs, given.only)
        timed = [
            {
                "arm": "random",
                "like": like,
                "on": row["on"],
                "seed": row["seed"],
                "limit": row["time"],
            }
            for like in LIKE
            for row in rows(given.results, like)
        ]
        complete(timed, work_at_random, given.results, given.procs, given.only)
    print(found_table(given.results))


def benchmark_of(job: Row) -> Benchmark:
    """The benchmark of a space; made-up numbers have other noise with each seed."""
    if job["on"] == "synthetic":
        return SyntheticCells(2, 2, 3, seed=job["seed"])
    return open_benchmark("tiny_blocks", space=job["on"])


def work(job: Row) -> Row:
    """Runs one search by growth."""
    benchmark = benchmark_of(job)
    options = ARMS[job["arm"]] | {"cells": CELLS[job["on"]]}
    values, plan = grow(benchmark, GOALS, job["seed"], options)
    return judged(benchmark, job["on"], values) | {"steps": errors(plan, values)}


def work_at_random(job: Row) -> Row:
    """Evaluates random cells for as long."""
    benchmark = benchmark_of(job)
    values = spend(benchmark, METRICS, job["limit"], job["seed"])
    return judged(benchmark, job["on"], values)


def judged(benchmark: Benchmark, on: str, values: Any) -> Row:
    """How many cells were evaluated, for how long, and what they are worth."""
    every = benchmark.query(benchmark.space.enumerate(), METRICS)
    reference = np.array([LEAST[on], every[:, 1].max()])
    found = volume(values, reference) / true_volume(benchmark, METRICS, reference)
    return {
        "cells": len(values),
        "time": round(float(values[:, 1].sum()), 4),
        "share": round(float(values[:, 1].sum() / every[:, 1].sum()), 5),
        "volume": round(found, 5),
        "regret": round(float(every[:, 0].max() - values[:, 0].max()), 4),
    }


def found_table(results: Path) -> str:
    """Hypervolume relative to the true front's, regret, and the share of the time of all cells."""
    arms = [(arm, "") for arm in ARMS] + [("random", like) for like in LIKE]
    lines = []
    for on, (arm, like) in product(LEAST, arms):
        own = matching(rows(results, arm), on=on, **({"like": like} if like else {}))
        own = as_long_as(own, rows(results, like)) if like else own
        if own:
            line = [spread([row[key] for row in own]) for key in ("cells", "volume")]
            line.append(spread([row["regret"] for row in own], worst=max))
            share = spread([100 * row["share"] for row in own], digits=2, worst=max)
            lines.append([on, f"{arm}, as long as {like}" if like else arm, len(own), *line, share])
    head = ["space", "arm", "seeds", "cells", "hypervolume of the true one", "regret (%)"]
    return table([*head, "share of the time of all cells (%)"], lines)


if __name__ == "__main__":
    main()
