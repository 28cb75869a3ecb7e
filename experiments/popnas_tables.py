"""POPNASv2 on tables of trained cells, at simulated training time.

    python -m experiments.popnas_tables run      (resumable; --on nasbench101 ...)
    python -m experiments.popnas_tables table    (what was found in the same time)
    python -m experiments.popnas_tables steps    (how good predictions were at each step)

``nasbench101``: the cells of at most 5 vertices, which grow by a vertex a step from the seven of at
most three; accuracies and training seconds are of 4 epochs. ``nasbench201``: cells grow by an
active edge a step from the 86 of at most three; 200 epochs. Time is the sum of the seconds of the
cells that were evaluated. Each of random search and agnet (16 random initial cells, batches of 4,
the same two objectives) may go on until the time that a search by growth of the same seed took is
spent. Hypervolume is of accuracy and seconds, measured from the worst of each in the table, or of
NAS-Bench-201 from one deviation below the mean accuracy and the most seconds, relative to that of
the true front. 10 seeds.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet import SearchConfig, open_benchmark, search
from experiments.growing import as_long_as, errors, grow, spend, step_table, true_volume, volume
from experiments.recorded import Row, complete, matching, parser, rows, spread, table

METRICS: Final = {
    "nasbench101": ("val_accuracy_4ep", "train_seconds_4ep"),
    "nasbench201": ("val_accuracy", "train_seconds"),
}
UNITS: Final = {"nasbench101": ("vertices", 4), "nasbench201": ("active edges", 4)}
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
MOST: Final = {"nasbench101": 256, "nasbench201": 400}  # queries of agnet: more do not fit


def main() -> None:
    """Runs the experiment or prints its tables."""
    made = parser(__doc__, ("run", "table", "steps"), "popnas_tables", 10)
    made.add_argument("--on", nargs="+", choices=list(METRICS), default=list(METRICS))
    given = made.parse_args()
    if given.what == "run":
        grown = product(GROWN, given.on, range(given.seeds))
        jobs = [{"arm": arm, "on": on, "seed": seed} for arm, on, seed in grown]
        complete(jobs, work, given.results, given.procs, given.only)
        timed = [
            {"arm": arm, "on": on, "like": like, "seed": row["seed"], "limit": row["time"]}
            for on, arm, like in product(given.on, OTHERS, LIKE)
            for row in matching(rows(given.results, like), on=on)
        ]
        complete(timed, work_for_as_long, given.results, given.procs, given.only)
    for on in given.on:
        unit, first = UNITS[on]
        steps = step_table(given.results, GROWN, first, unit, on)
        print(f"\n{on}\n", steps if given.what == "steps" else found_table(given.results, on))


def work(job: Row) -> Row:
    """Runs one search by growth."""
    on, options = job["on"], GROWN[job["arm"]]
    values, plan = grow(open_benchmark(on), _goals(on), job["seed"], options)
    return judged(on, values) | {"steps": errors(plan, values)}


def work_for_as_long(job: Row) -> Row:
    """Runs another search for as long."""
    on, limit = job["on"], job["limit"]
    if job["arm"] == "random":
        return judged(on, spend(open_benchmark(on), METRICS[on], limit, job["seed"]))
    values = _searched(job["arm"], on, job["seed"])
    return judged(on, values[np.cumsum(values[:, 1]) <= limit])


@cache
def _searched(strategy: str, on: str, seed: int) -> npt.NDArray[np.float64]:
    """Accuracies and seconds ``(n, 2)`` of a search, which is cut off at several times."""
    config = SearchConfig(
        benchmark={"name": on},
        strategy=strategy,
        objectives=_goals(on),
        queries=MOST[on],
        init=16,
        batch=4,
        seed=seed,
    )
    return np.asarray(search(open_benchmark(on), config).outcomes.objectives * [-1.0, 1.0])


def _goals(on: str) -> tuple[str, str]:
    accuracy, seconds = METRICS[on]
    return f"maximize {accuracy}", f"minimize {seconds}"


@cache
def _every(on: str) -> npt.NDArray[np.float64]:
    benchmark = open_benchmark(on)
    return benchmark.query(benchmark.space.enumerate(), METRICS[on])


def judged(on: str, values: npt.NDArray[np.float64]) -> Row:
    """How many cells were evaluated, for how long, and what they are worth."""
    every = _every(on)
    accuracy, seconds = every.T
    least = accuracy.mean() - accuracy.std() if on == "nasbench201" else accuracy.min()
    reference = np.array([least, seconds.max()])
    whole = true_volume(open_benchmark(on), METRICS[on], reference)
    return {
        "cells": len(values),
        "time": round(float(values[:, 1].sum()), 1),
        "share": round(float(values[:, 1].sum() / seconds.sum()), 5),
        "best": round(float(values[:, 0].max()), 4),
        "regret": round(float(accuracy.max() - values[:, 0].max()), 4),
        "lacking": round(float(np.log10(max(1.0 - volume(values, reference) / whole, LEAST))), 4),
    }


def found_table(results: Path, on: str) -> str:
    """What each arm found, and what others found in the same time."""
    lines = []
    for arm in GROWN:
        grown = matching(rows(results, arm), on=on)
        lines.append(_line(arm, "", grown))
        if arm in LIKE:
            for other in OTHERS:
                own = as_long_as(matching(rows(results, other), like=arm, on=on), grown)
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
