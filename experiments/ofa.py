"""Search in the Once-for-All MobileNetV3 space under a limit; accuracies are predicted.

    python -m experiments.ofa run       (resumable)
    python -m experiments.ofa table     (prints the table from the committed results)
    python -m experiments.ofa growth    (2,000 queries of agnet: seconds and memory of each round)

The limits are 400 M multiply-adds (random sub-networks have 217 M in the median and 440 M at most)
and the 30th percentile of the latencies of 10,000 uniform samples. 10 seeds, 16 initial
sub-networks in common, batches of 16, 500 queries, and 5,000 for evolution.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from agnet import SearchConfig, open_benchmark
from agnet.seeds import stream
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.watched import best_at, rises, watch

ARMS = (
    ("agnet", 500),
    ("gp", 500),
    ("evolution", 500),
    ("evolution", 5000),
    ("random", 500),
)
LIMITS = ("flops", "latency")
INIT, BATCH = 16, 16
MARKS = (100, 200, 300, 500, 5000)
GROWTH, EARLY = 2000, 200
LATENCY, SAMPLES, PERCENTILE = "i7_8700k_latency_ms", 10_000, 30


def main() -> None:
    """Runs an experiment or prints its table."""
    given = parser(__doc__, ("run", "table", "growth"), "ofa", 10).parse_args()
    if given.what == "growth":
        jobs: list[Row] = [
            {"what": "growth", "strategy": "agnet", "queries": GROWTH, "limit": "flops", "seed": 0}
        ]
        complete(jobs, grow, given.results, 1)
        print(growth_table(given.results))
        return
    if given.what == "run":
        jobs = [
            {"strategy": strategy, "queries": queries, "limit": limit, "seed": seed}
            for seed in range(given.seeds)
            for strategy, queries in ARMS
            for limit in LIMITS
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(accuracy_table(given.results))


def config_of(job: Row) -> SearchConfig:
    """The search that a job is."""
    return SearchConfig(
        benchmark={"name": "ofa_mbv3"},
        strategy=job["strategy"],
        objectives=("maximize val_accuracy",),
        limits=(limit_of(job["limit"]),),
        queries=job["queries"],
        init=INIT,
        batch=BATCH,
        seed=job["seed"],
    )


@cache
def limit_of(name: str) -> str:
    """The text of a limit."""
    if name == "flops":
        return "flops_m<=400"
    benchmark = open_benchmark("ofa_mbv3")
    drawn = benchmark.space.sample(SAMPLES, stream(0, "limit"))
    return f"{LATENCY}<={np.percentile(benchmark.query(drawn, [LATENCY]), PERCENTILE):.6g}"


def work(job: Row) -> Row:
    """Runs one search."""
    run, _ = watch(config_of(job))
    return {
        "limit_text": limit_of(job["limit"]),
        "curve": rises(run.best_so_far()),
        "feasible": float(run.outcomes.feasible.mean()),
    }


def grow(job: Row) -> Row:
    """Runs one long search, and notes how rounds grow."""
    run, seen = watch(config_of(job))
    return {
        "curve": rises(run.best_so_far()),
        "known": [item.known for item in seen.rounds],
        "round_seconds": [round(item.seconds, 3) for item in seen.rounds],
        "peak_megabytes": [round(item.peak_megabytes, 1) for item in seen.rounds],
    }


def accuracy_table(results: Path) -> str:
    """Predicted top-1 of the best feasible sub-network; worst seeds in brackets."""
    lines = []
    for limit in LIMITS:
        for strategy, queries in ARMS:
            own = matching(rows(results, strategy), limit=limit, queries=queries)
            if own:
                values = [
                    spread([best_at(row["curve"], mark) for row in own]) if mark <= queries else ""
                    for mark in MARKS
                ]
                feasible = spread([100.0 * row["feasible"] for row in own], digits=1)
                seconds = spread([row["seconds"] for row in own], worst=max, digits=1)
                lines.append([own[0]["limit_text"], strategy, queries, *values, feasible, seconds])
    head = ["limit", "strategy", "queries", *[f"top-1 @{mark}" for mark in MARKS]]
    return table([*head, "feasible (%)", "CPU seconds"], lines)


def growth_table(results: Path) -> str:
    """What rounds took around 200 queries and at the end: medians of five, and peak memory."""
    found = rows(results, "growth")[0]
    lines = []
    for queries in (EARLY, GROWTH):
        last = next(at for at, known in enumerate(found["known"]) if known + BATCH >= queries)
        seconds = found["round_seconds"][max(last - 4, 0) : last + 1]
        cells = f"{np.median(seconds):.2f}", f"{found['peak_megabytes'][last]:.0f}"
        lines.append([queries, last + 1, *cells, f"{best_at(found['curve'], queries):.3f}"])
    head = ["queries", "rounds after the initial one", "CPU seconds a round", "peak memory (MB)"]
    return table([*head, "top-1"], lines)


if __name__ == "__main__":
    main()
