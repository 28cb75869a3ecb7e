"""The strategy ``importance`` as a search: accuracy against parameters on NAS-Bench-201.

    python -m experiments.importance_strategy run      (resumable; --only ARM ...)
    python -m experiments.importance_strategy table    (prints the table from what is there)

10 seeds, 10 initial cells in common, 300 queries in batches of 10; what was evaluated before costs
nothing. Hypervolume is measured as in ``pareto_nasbench201``, from one deviation below the mean
accuracy and four above that of the parameters, and what is judged is log10 of what lacks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet import SearchConfig, open_benchmark, search
from agnet.pareto import hypervolume
from experiments.fronts import Scale, directed
from experiments.recorded import Row, complete, parser, rows, spread, table
from experiments.watched import best_at, rises

METRICS: Final = ("val_accuracy", "params_m")
ARMS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "importance": ("importance", {}),
    "separate": ("importance", {"shared": False}),
    "own-4": ("importance", {"own": 4}),
    "delta-1": ("importance", {"delta": 1.0}),
    "untruncated": ("importance", {"truncation": 5.0}),
    "no-weights": ("importance", {"weights": "none"}),
    "nsga2": ("nsga2", {}),
    "random": ("random", {}),
}
QUERIES, INIT, BATCH = 300, 10, 10
MARKS: Final = (50, 100, 200, 300)
LEAST: Final = 1e-4  # of hypervolume: what lacks less counts as that


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "importance_strategy", 10).parse_args()
    if given.what == "run":
        jobs = [{"arm": arm, "seed": seed} for seed in range(given.seeds) for arm in ARMS]
        complete(jobs, work, given.results, given.procs, given.only)
    print(volume_table(given.results))


@cache
def scale() -> tuple[Scale, float]:
    """The deviations of both metrics, and the hypervolume of the front of all cells."""
    benchmark = open_benchmark("nasbench201")
    values = benchmark.query(benchmark.space.enumerate(), METRICS)
    found = Scale.of(values)
    return found, hypervolume(found.standardised(values), found.bound)


def work(job: Row) -> Row:
    """Runs one search."""
    strategy, options = ARMS[job["arm"]]
    how = scale()[0]
    config = SearchConfig(
        benchmark={"name": "nasbench201"},
        strategy=strategy,
        options=options,
        objectives=directed(METRICS),
        reference=how.reference,
        queries=QUERIES,
        init=INIT,
        batch=BATCH,
        seed=job["seed"],
    )
    run = search(open_benchmark("nasbench201"), config)
    curve = [[number, round(value, 5)] for number, value in rises(how.volume(run))]
    return {"curve": curve, "front": len(run.pareto())}


def volume_table(results: Path) -> str:
    """What lacks after a number of queries, worst seed in brackets, and the share that is there."""
    lines, most = [], scale()[1]
    for arm in ARMS:
        found = rows(results, arm)
        if found:
            volumes = {m: [best_at(row["curve"], m) for row in found] for m in MARKS}
            lacks = [
                spread(np.log10([max(most - v, LEAST) for v in own]).tolist(), worst=max, digits=2)
                for own in volumes.values()
            ]
            share = [f"{np.mean(volumes[mark]) / most:.4f}" for mark in (100, 300)]
            front = spread([row["front"] for row in found], digits=1)
            lines.append([arm, len(found), *lacks, *share, front])
    head = ["strategy", "seeds", *(f"log10 @{mark}" for mark in MARKS)]
    return table([*head, "share @100", "@300", "front"], lines)


if __name__ == "__main__":
    main()
