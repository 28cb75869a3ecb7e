"""Search under hard latency limits on NAS-Bench-201: six devices, three limits, three data sets.

    python -m experiments.hardware run       (resumable)
    python -m experiments.hardware table     (averages over devices)
    python -m experiments.hardware devices   (averages over data sets)

The limits are the 10th, 30th and 60th percentile of a device's latencies over all cells that it
can run: edgetpu cannot run 4,699 of the 15,625, whose evaluation fails. The optimum is the highest
validation accuracy within the limit, read from the table. 10 seeds, 200 queries, 16 initial cells
in common, batches of 8. All queries are made, also after the optimum has been found.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from agnet import Benchmark, Limit, SearchConfig, open_benchmark
from agnet.benchmarks.nasbench201 import DATASETS, DEVICES
from experiments.recorded import Row, complete, matching, parser, rows, spread, table, until
from experiments.watched import queries_to, watch

STRATEGIES = ("agnet", "gp", "evolution", "random")
PERCENTILES = (10, 30, 60)
QUERIES, INIT, BATCH = 200, 16, 8
SHARES = ("feasible", "feasible_after_init")


def main() -> None:
    """Runs the experiment or prints a table."""
    given = parser(__doc__, ("run", "table", "devices"), "hardware", 10).parse_args()
    if given.what == "run":
        names = ("strategy", "dataset", "device", "percentile", "seed")
        wanted = product(range(given.seeds), STRATEGIES, DATASETS, DEVICES, PERCENTILES)
        jobs = [dict(zip(names, (*rest, seed), strict=True)) for seed, *rest in wanted]
        complete(jobs, work, given.results, given.procs, given.only)
    if given.what == "devices":
        print(gap_table(given.results, "device", DEVICES))
    else:
        print(gap_table(given.results, "dataset", DATASETS))


def work(job: Row) -> Row:
    """Runs one search."""
    benchmark = open_benchmark("nasbench201", dataset=job["dataset"])
    limit = limit_of(benchmark, job["device"], job["percentile"])
    config = SearchConfig(
        benchmark={"name": "nasbench201", "dataset": job["dataset"]},
        strategy=job["strategy"],
        objectives=("maximize val_accuracy",),
        limits=(str(limit),),
        queries=QUERIES,
        init=INIT,
        batch=BATCH,
        seed=job["seed"],
    )
    best = optimum(benchmark, limit)
    run, _ = watch(config)
    last = float(run.best_so_far()[-1])
    return {
        "limit": str(limit),
        "optimum": best,
        "gap": best - last if np.isfinite(last) else None,  # None if nothing feasible was found
        "feasible": float(run.outcomes.feasible.mean()),
        "feasible_after_init": float(run.outcomes.feasible[INIT:].mean()),
        "queries_to_best": queries_to(run, best),
    }


def limit_of(benchmark: Benchmark, device: str, percentile: int) -> Limit:
    """The limit at a percentile; of six digits, as configurations hold it."""
    metric = f"{device}_latency_ms"
    latencies = benchmark.query(benchmark.space.enumerate(), [metric])
    return Limit.parse(f"{metric}<={np.nanpercentile(latencies, percentile):.6g}")


def optimum(benchmark: Benchmark, limit: Limit) -> float:
    """The highest validation accuracy of all cells that keep the limit."""
    values = benchmark.query(benchmark.space.enumerate(), ["val_accuracy", limit.metric])
    return float(values[limit.excess(values[:, 1]) <= 0, 0].max())


def gap_table(results: Path, label: str, names: Sequence[str]) -> str:
    """Gaps to the optimum and more, averaged over all but a label; the largest gap in brackets."""
    lines = []
    for name, percentile, strategy in product(names, PERCENTILES, STRATEGIES):
        own = matching(rows(results, strategy), percentile=percentile, **{label: name})
        if own:
            gaps = [row["gap"] for row in own if row["gap"] is not None]
            shares = [[100.0 * row[key] for row in own] for key in SHARES]
            feasible = [spread(share, digits=1) for share in shares]
            needed = until([row["queries_to_best"] for row in own], QUERIES)
            cells = [spread(gaps, worst=max), str(len(own) - len(gaps)), *feasible, *needed]
            lines.append([name, f"{percentile} %", strategy, *cells])
    head = [label, "limit at", "strategy", "gap (%)", "nothing feasible", "feasible queries (%)"]
    head += ["without initial ones (%)", "found optimum", "queries to it: mean", "median", "worst"]
    return table(head, lines)


if __name__ == "__main__":
    main()
