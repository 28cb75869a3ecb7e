"""The baselines on NAS-Bench-201: what any strategy here has to beat.

    python experiments/baselines.py run  --work DIR    (resumable; hours on two cores)
    python experiments/baselines.py table              (prints the table from the committed results)

30 seeds, 16 initial cells in common, 192 queries, three data sets, batches of 4 and 16. Validation
selects; the test accuracy (a metric to be imported) is read of the selected cell only.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from agnet import Run, SearchConfig, open_benchmark, sweep
from agnet.benchmarks import Benchmark
from agnet.sweeps import interval

STRATEGIES = ("random", "local_search", "evolution", "eda", "trees", "gp")
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
BATCHES = (16, 4)
SEEDS = tuple(range(30))
QUERIES = 192
MARKS = (96, 192)
RESULTS = Path(__file__).parent / "results" / "baselines"


def main() -> None:
    """Runs the experiment or prints its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--work", type=Path, default=Path("runs/baselines"))
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    given = parser.parse_args()
    if given.what == "table":
        print(table())
        return
    for strategy, batch, dataset in product(given.strategies, given.batches, DATASETS):
        run(strategy, batch, dataset, given.work)


def run(strategy: str, batch: int, dataset: str, work: Path) -> None:
    """Sweeps one arm over the seeds and writes its results."""
    name = f"{strategy}-{dataset}-b{batch}"
    config = SearchConfig(
        benchmark={"name": "nasbench201", "dataset": dataset},
        strategy=strategy,
        objectives=("maximize val_accuracy",),
        queries=QUERIES,
        batch=batch,
    )
    runs = sweep(config, SEEDS, work / name, workers=2, resume=True)
    benchmark = open_benchmark("nasbench201", dataset=dataset)
    best = float(benchmark.query(benchmark.space.enumerate(), ["val_accuracy"]).max())
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(summary(item, benchmark, best)) for item in runs]
    (RESULTS / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    print(name, flush=True)


def summary(run: Run, benchmark: Benchmark, best: float) -> dict[str, Any]:
    """Returns the curve (where it rises) and the selected cells' accuracies of one run."""
    curve = run.best_so_far()
    rises = np.flatnonzero(np.diff(curve, prepend=-np.inf) > 0)
    found = np.flatnonzero(curve >= best)
    return {
        "seed": run.config.seed,
        "curve": [[int(i) + 1, round(float(curve[i]), 4)] for i in rises],
        "queries_to_best": int(found[0]) + 1 if len(found) else None,
        "test": {str(mark): test_accuracy(run, benchmark, mark) for mark in MARKS},
        "seconds": round(sum(row.seconds for row in run.rows), 3),
    }


def test_accuracy(run: Run, benchmark: Benchmark, queries: int) -> float:
    """Reads the test accuracy of the cell selected by validation after some queries."""
    selected = run.rows[int(run.values[:queries, 0].argmax())].arch
    return float(benchmark.query([benchmark.space.parse(selected)], ["test_accuracy"])[0, 0])


def table() -> str:
    """Returns the table of all results, in Markdown."""
    lines = [
        "| data set | batch | strategy | test @96 | test @192 | found best | queries to it: mean "
        "| median | worst |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for dataset, batch, strategy in product(DATASETS, BATCHES, STRATEGIES):
        path = RESULTS / f"{strategy}-{dataset}-b{batch}.jsonl"
        if path.exists():
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            lines.append(f"| {dataset} | {batch} | {strategy} | {' | '.join(cells(rows))} |")
    return "\n".join(lines)


def cells(rows: list[dict[str, Any]]) -> list[str]:
    """Returns the figures of one arm; a run that never found the best cell counts as > 192."""
    tests = [str(interval([row["test"][str(mark)] for row in rows])) for mark in MARKS]
    needed = np.array([row["queries_to_best"] or np.inf for row in rows])
    found = np.isfinite(needed)
    mean = np.where(found, needed, QUERIES).mean()
    at_least = "" if found.all() else "> "
    return [
        *tests,
        f"{found.sum()}/{len(rows)}",
        f"{at_least}{mean:.1f}",
        *[f"{x:.0f}" if np.isfinite(x) else "> 192" for x in (np.median(needed), needed.max())],
    ]


if __name__ == "__main__":
    main()
