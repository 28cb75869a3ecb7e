"""POPNASv2 against PNAS on a made-up space.

    python -m experiments.popnas_synthetic run      (resumable)
    python -m experiments.popnas_synthetic table    (prints the tables from what is there)

Cells of up to 4 blocks with 2 look-backs and 5 operations; time and accuracy are formulas with
noise (``synthetic_cells.py``). Search time is the sum of the seconds of the cells that were
evaluated. The number in a name is the most cells of a step. 5 seeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments.growing import as_long_as, errors, grow, spend, step_table, volume
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.synthetic_cells import SyntheticCells

GOALS: Final = ("maximize val_accuracy", "minimize train_seconds")
METRICS: Final = ("val_accuracy", "train_seconds")
REFERENCE: Final = np.array([30.0, 500.0])

ARMS: Final[dict[str, dict[str, Any]]] = {
    "pnas-64": {"mode": "pnas", "kept": 64},
    "popnas-64": {"kept": 64, "explored": 8},
    "popnas-64-unexplored": {"kept": 64, "explored": 0},
    "popnas-64-svr": {"kept": 64, "explored": 8, "cost_model": "svr"},
    "popnas-64-gnn": {"kept": 64, "explored": 8, "accuracy_model": "gnn"},
    "popnas-64-filled": {"kept": 64, "explored": 8, "fill_layers": 48},
    "pnas-8": {"mode": "pnas", "kept": 8},
    "pnas-16": {"mode": "pnas", "kept": 16},
    "pnas-24": {"mode": "pnas", "kept": 24},
    "pnas-128": {"mode": "pnas", "kept": 128},
    "popnas-128": {"kept": 128, "explored": 8},
}
SHORT: Final = ("pnas-8", "pnas-16", "pnas-24")
RANDOM: Final = "popnas-64"  # whose time random search may spend


def main() -> None:
    """Runs the experiment or prints its tables."""
    given = parser(__doc__, ("run", "table"), "popnas_synthetic", 5).parse_args()
    if given.what == "run":
        jobs = [{"arm": arm, "seed": seed} for arm in ARMS for seed in range(given.seeds)]
        complete(jobs, work, given.results, given.procs, given.only)
        spent = [
            {"arm": "random", "seed": row["seed"], "limit": row["time"]}
            for row in rows(given.results, RANDOM)
        ]
        complete(spent, work_at_random, given.results, given.procs, given.only)
    steps = step_table(given.results, ARMS, 2, "blocks")
    print(found_table(given.results), steps, sep="\n\n")


def work(job: Row) -> Row:
    """Runs one search by growth."""
    benchmark = SyntheticCells(seed=job["seed"])
    values, plan = grow(benchmark, GOALS, job["seed"], ARMS[job["arm"]])
    return judged(values) | {"steps": errors(plan, values)}


def work_at_random(job: Row) -> Row:
    """Evaluates random cells for as long."""
    return judged(spend(SyntheticCells(seed=job["seed"]), METRICS, job["limit"], job["seed"]))


def judged(values: Any) -> Row:
    """How many cells were evaluated, for how long, and what they are worth."""
    return {
        "cells": len(values),
        "time": round(float(values[:, 1].sum()), 1),
        "best": round(float(values[:, 0].max()), 4),
        "volume": round(volume(values, REFERENCE), 5),
    }


def found_table(results: Path) -> str:
    """Cells, time, best accuracy and hypervolume; speed-up and gaps to PNAS.

    That is PNAS with 128 cells a step for arms of 128, and with 64 for all others. In the row of
    PNAS as long as popnas-64, each seed has the number of cells that comes nearest to its time.
    """
    arms = {arm: rows(results, arm) for arm in ARMS}
    grown = arms[RANDOM]
    arms["random, as long as popnas-64"] = as_long_as(rows(results, "random"), grown)
    short = [row for arm in SHORT for row in arms[arm]]
    arms["pnas, as long as popnas-64"] = [
        min(matching(short, seed=row["seed"]), key=lambda one: abs(one["time"] - row["time"]))
        for row in grown
        if matching(short, seed=row["seed"])
    ]
    lines = []
    for arm, own in arms.items():
        base = rows(results, "pnas-128" if arm.endswith("128") else "pnas-64")
        pairs = [(row, b) for row in own for b in matching(base, seed=row["seed"])]
        if pairs:
            lines.append([arm, len(own), *_cells_of(own, pairs)])
    head = ["arm", "seeds", "cells", "time (s)", "speed-up against PNAS", "best accuracy (%)"]
    head += ["against PNAS", "hypervolume", "against PNAS", "own CPU seconds"]
    return table(head, lines)


def _cells_of(own: list[Row], pairs: list[tuple[Row, Row]]) -> list[str]:
    return [
        spread([row["cells"] for row in own], digits=0),
        spread([row["time"] for row in own], digits=0, worst=max),
        spread([base["time"] / row["time"] for row, base in pairs], digits=2),
        spread([row["best"] for row in own], digits=2),
        spread([row["best"] - base["best"] for row, base in pairs], digits=2),
        spread([row["volume"] for row in own], digits=4),
        spread([row["volume"] - base["volume"] for row, base in pairs], digits=4),
        spread([row["seconds"] for row in own], digits=1, worst=max),
    ]


if __name__ == "__main__":
    main()
