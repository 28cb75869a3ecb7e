"""POPNASv2 against PNAS on a made-up space, and on one so small that its front is known.

    python -m experiments.popnas_synthetic run      (resumable)
    python -m experiments.popnas_synthetic table    (prints the tables from what is there)

The large space has cells of up to 4 blocks with 2 look-backs and 5 operations; time and accuracy
are formulas with noise (``synthetic_cells.py``). Search time is the sum of the seconds of the cells
that were evaluated. K is the most cells of a step, J how many are explored. The small space has
cells of up to 2 blocks of 3 operations: 757 with the empty one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments.growing import grow, spend, step_table, true_volume, volume
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.synthetic_cells import SyntheticCells

GOALS: Final = ("maximize val_accuracy", "minimize train_seconds")
METRICS: Final = ("val_accuracy", "train_seconds")
REFERENCE: Final = np.array([30.0, 500.0])

LARGE: Final[dict[str, dict[str, Any]]] = {
    "pnas-64": {"mode": "pnas", "kept": 64},
    "popnas-64": {"kept": 64, "explored": 8},
    "popnas-64-unexplored": {"kept": 64, "explored": 0},
    "popnas-64-svr": {"kept": 64, "explored": 8, "cost_model": "svr"},
    "popnas-64-gnn": {"kept": 64, "explored": 8, "accuracy_model": "gnn"},
    "popnas-64-filled": {"kept": 64, "explored": 8, "fill_layers": 48},
    "pnas-16": {"mode": "pnas", "kept": 16},
    "pnas-128": {"mode": "pnas", "kept": 128},
    "popnas-128": {"kept": 128, "explored": 8},
}
SMALL: Final[dict[str, dict[str, Any]]] = {
    "small-popnas": {"kept": 32, "explored": 4},
    "small-pnas": {"mode": "pnas", "kept": 32},
}
RANDOM: Final = {"random": "popnas-64", "small-random": "small-popnas"}
SMALL_SEEDS: Final = 10


def main() -> None:
    """Runs the experiment or prints its tables."""
    given = parser(__doc__, ("run", "table"), "popnas_synthetic", 5).parse_args()
    if given.what == "run":
        grown = [{"arm": arm, "seed": seed} for arm in LARGE for seed in range(given.seeds)]
        grown += [{"arm": arm, "seed": seed} for arm in SMALL for seed in range(SMALL_SEEDS)]
        complete(grown, work, given.results, given.procs, given.only)
        spent = [
            {"arm": arm, "seed": row["seed"], "time": row["time"]}
            for arm, like in RANDOM.items()
            for row in rows(given.results, like)
        ]
        complete(spent, work_at_random, given.results, given.procs, given.only)
    print(large_table(given.results), step_table(given.results, LARGE, 2, "blocks"), sep="\n\n")
    print(small_table(given.results), sep="\n\n")


def benchmark_of(job: Row) -> SyntheticCells:
    """The small space for arms that are called so."""
    sizes = (2, 2, 3) if str(job["arm"]).startswith("small") else (4, 2, 5)
    return SyntheticCells(*sizes, seed=job["seed"])


def work(job: Row) -> Row:
    """Runs one search by growth."""
    benchmark = benchmark_of(job)
    values, steps = grow(benchmark, GOALS, job["seed"], (LARGE | SMALL)[job["arm"]])
    return judged(benchmark, values) | {"steps": steps}


def work_at_random(job: Row) -> Row:
    """Evaluates random cells for as long."""
    benchmark = benchmark_of(job)
    return judged(benchmark, spend(benchmark, METRICS, job["time"], job["seed"]))


def judged(benchmark: SyntheticCells, values: Any) -> Row:
    """How many cells were evaluated, for how long, and what they are worth."""
    own = {"cells": len(values), "best": round(float(values[:, 0].max()), 4)}
    small = benchmark.max_blocks == 2
    every = benchmark.query(benchmark.space.enumerate(), METRICS) if small else values
    reference = np.array([REFERENCE[0], every[:, 1].max()]) if small else REFERENCE
    found = volume(values, reference)
    if small:
        found /= true_volume(benchmark, METRICS, reference)
        own["share"] = round(float(values[:, 1].sum() / every[:, 1].sum()), 5)
        own["regret"] = round(float(every[:, 0].max() - values[:, 0].max()), 4)
    return {"time": round(float(values[:, 1].sum()), 1), "volume": round(found, 5)} | own


def large_table(results: Path) -> str:
    """Cells, time, best accuracy and hypervolume; speed-up and gaps to PNAS with the same K."""
    lines = []
    for arm in (*LARGE, "random"):
        own = rows(results, arm)
        k = "128" if "128" in arm else "64"
        base = {row["seed"]: row for row in rows(results, f"pnas-{k}")}
        if own and base:
            pairs = [(row, base[row["seed"]]) for row in own if row["seed"] in base]
            line = [
                spread([row["cells"] for row in own], digits=0),
                spread([row["time"] for row in own], digits=0, worst=max),
                spread([b["time"] / row["time"] for row, b in pairs], digits=2),
                spread([row["best"] for row in own], digits=2),
                spread([row["best"] - b["best"] for row, b in pairs], digits=2),
                spread([row["volume"] for row in own], digits=4),
                spread([row["volume"] - b["volume"] for row, b in pairs], digits=4),
                spread([row["seconds"] for row in own], digits=1, worst=max),
            ]
            lines.append([arm, len(own), *line])
    head = ["arm", "seeds", "cells", "time (s)", "speed-up against PNAS", "best accuracy (%)"]
    head += ["against PNAS", "hypervolume", "against PNAS", "own CPU seconds"]
    return table(head, lines)


def small_table(results: Path) -> str:
    """The small space: hypervolume relative to the true front's, regret, share of all time."""
    lines = []
    for arm in (*SMALL, "small-random"):
        own = matching(rows(results, arm))
        if own:
            line = [spread([row[key] for row in own]) for key in ("cells", "volume", "regret")]
            lines.append([arm, len(own), *line, spread([100 * row["share"] for row in own])])
    head = ["arm", "seeds", "cells", "hypervolume of the true one", "regret (%)"]
    return table([*head, "share of the time of all cells (%)"], lines)


if __name__ == "__main__":
    main()
