"""Fronts in the Once-for-All MobileNetV3 space: predicted top-1 against multiply-adds.

    python -m experiments.pareto_ofa run      (resumable)
    python -m experiments.pareto_ofa table    (prints the table from the committed results)

5 seeds, 16 initial sub-networks in common, batches of 16; 1,000 queries, and 5,000 for NSGA-II.
Objectives are standardised over 10,000 uniform samples; hypervolume is measured from one deviation
below the mean accuracy and four above that of the multiply-adds. The largest there is, is not
known. Multiply-adds are computed, and known to strategies that can use them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from agnet import SearchConfig, open_benchmark, search
from agnet.seeds import stream
from experiments.fronts import Scale, directed
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.watched import best_at, rises

METRICS: Final = ("val_accuracy", "flops_m")
ARMS: Final[dict[str, tuple[str, dict[str, Any], int]]] = {
    "agnet": ("agnet", {}, 1000),
    "lamoo-evolution": ("lamoo", {"sampler": "evolution"}, 1000),
    "lamoo-latent": ("lamoo", {"sampler": "latent"}, 1000),
    "nat": ("nat", {}, 1000),
    "nsga2": ("nsga2", {}, 1000),
    "nsga2-5000": ("nsga2", {}, 5000),
    "random": ("random", {}, 1000),
}
INIT, BATCH, SAMPLES = 16, 16, 10_000
MARKS = (100, 300, 500, 1000, 5000)


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "pareto_ofa", 5).parse_args()
    if given.what == "run":
        jobs = [{"arm": arm, "seed": seed} for seed in range(given.seeds) for arm in ARMS]
        complete(jobs, work, given.results, given.procs, given.only)
    print(volume_table(given.results))


@cache
def scale() -> Scale:
    """Standardises over uniform samples."""
    benchmark = open_benchmark("ofa_mbv3")
    return Scale.of(benchmark.query(benchmark.space.sample(SAMPLES, stream(0, "scale")), METRICS))


def work(job: Row) -> Row:
    """Runs one search."""
    strategy, options, queries = ARMS[job["arm"]]
    config = SearchConfig(
        benchmark={"name": "ofa_mbv3"},
        strategy=strategy,
        options=options,
        objectives=directed(METRICS),
        reference=scale().reference,
        queries=queries,
        init=INIT,
        batch=BATCH,
        seed=job["seed"],
    )
    run = search(open_benchmark("ofa_mbv3"), config)
    return {"curve": rises(scale().volume(run)), "front": len(run.pareto())}


def volume_table(results: Path) -> str:
    """Hypervolume after a number of queries; worst seeds in brackets."""
    lines = []
    for arm, (_, _, queries) in ARMS.items():
        own = matching(rows(results, arm))
        if own:
            volumes = [
                spread([best_at(row["curve"], mark) for row in own]) if mark <= queries else "-"
                for mark in MARKS
            ]
            front = spread([row["front"] for row in own], digits=1)
            seconds = spread([row["seconds"] for row in own], worst=max, digits=1)
            lines.append([arm, len(own), *volumes, front, seconds])
    head = ["strategy", "seeds", *(f"hypervolume @{mark}" for mark in MARKS)]
    return table([*head, "front", "CPU seconds"], lines)


if __name__ == "__main__":
    main()
