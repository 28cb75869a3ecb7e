"""All strategies on NAS-Bench-201, baselines and AG-Net, by the same protocol.

    python -m experiments.baselines run  --work DIR    (resumable; hours on two cores)
    python -m experiments.baselines table              (prints the table from the committed results)
    python -m experiments.baselines short              (the README's table: batches of 4)
    python -m experiments.baselines figure             (draws the curves of batches of 4)

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
from agnet.sweeps import interval
from experiments.watched import best_of, queries_to, rises, test_accuracy

STRATEGIES = ("random", "local_search", "evolution", "eda", "trees", "gp", "agnet")
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
BATCHES = (16, 4)
SEEDS = tuple(range(30))
QUERIES = 192
MARKS = (96, 192)
RESULTS = Path(__file__).parent / "results" / "baselines"
RANGE = {"cifar10": 2.0, "cifar100": 6.0, "ImageNet16-120": 5.0}
STYLES: tuple[dict[str, Any], ...] = (  # told apart without colour, too
    {"color": "#777777", "linestyle": ":"},
    {"color": "#E69F00", "linestyle": "--"},
    {"color": "#009E73", "linestyle": "-."},
    {"color": "#56B4E9", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#CC79A7", "linestyle": (0, (8, 2))},
    {"color": "#0072B2", "linestyle": "-"},
    {"color": "#D55E00", "linestyle": "-"},
)


def main() -> None:
    """Runs the experiment or prints its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "table", "short", "figure"])
    parser.add_argument("--work", type=Path, default=Path("runs/baselines"))
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    given = parser.parse_args()
    if given.what != "run":
        print({"table": table, "short": short, "figure": figure}[given.what]())
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
    best = best_of(open_benchmark("nasbench201", dataset=dataset))
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(summary(item, best)) for item in runs]
    (RESULTS / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    print(name, flush=True)


def summary(run: Run, best: float) -> dict[str, Any]:
    """Returns the curve (where it rises) and the selected cells' accuracies of one run."""
    return {
        "seed": run.config.seed,
        "curve": [[query, round(value, 4)] for query, value in rises(run.best_so_far())],
        "queries_to_best": queries_to(run, best),
        "test": {str(mark): test_accuracy(run, mark) for mark in MARKS},
        "seconds": round(sum(row.seconds for row in run.rows), 3),
    }


def table() -> str:
    """Returns the table of all results, in Markdown."""
    lines = [
        "| data set | batch | strategy | test @96 | test @192 | found best | queries to it: mean "
        "| median | worst |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for dataset, batch, strategy in product(DATASETS, BATCHES, STRATEGIES):
        rows = results(strategy, dataset, batch)
        if rows:
            lines.append(f"| {dataset} | {batch} | {strategy} | {' | '.join(cells(rows))} |")
    return "\n".join(lines)


def short() -> str:
    """Returns the table for the README: after 192 queries in batches of 4."""
    lines = ["| strategy | " + " | ".join(DATASETS) + " |", "|---|---|---|---|"]
    for strategy in STRATEGIES:
        texts = []
        for dataset in DATASETS:
            _, test, found, mean, _, worst = cells(results(strategy, dataset, 4))
            texts.append(f"{test}, {found}, {mean} ({worst})")
        lines.append(f"| `{strategy}` | {' | '.join(texts)} |")
    return "\n".join(lines)


def figure() -> Path:
    """Draws how far the best so far is from the best cell, and returns where the picture lies."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    drawing, axes = pyplot.subplots(1, 3, figsize=(11, 3.4), sharex=True, layout="constrained")
    queries = np.arange(1, QUERIES + 1)
    for panel, dataset in zip(axes, DATASETS, strict=True):
        for strategy, style in zip(STRATEGIES, STYLES, strict=True):
            found = np.array([curve(row) for row in results(strategy, dataset, 4)])
            mean = found.mean(axis=0)
            error = 2.045 * found.std(axis=0, ddof=1) / np.sqrt(len(found))  # t of 29 degrees
            panel.plot(queries, mean, label=strategy, **style)
            panel.fill_between(
                queries, mean - error, mean + error, color=style["color"], alpha=0.15
            )
        panel.set_title(dataset)
        panel.set_xlabel("queries")
        top = max(curve(row)[-1] for row in results("gp", dataset, 4))
        panel.set_ylim(top - RANGE[dataset], top + 0.03 * RANGE[dataset])
    axes[0].set_ylabel("best validation accuracy so far (%)")
    axes[0].legend(loc="lower right", fontsize=8)
    path = RESULTS / "curves.png"
    drawing.savefig(path, dpi=110)
    return path


def curve(row: dict[str, Any]) -> np.ndarray:
    """Returns the best so far after each query, ``(192,)``."""
    values = np.full(QUERIES, np.nan)
    for query, value in row["curve"]:
        values[query - 1 :] = value
    return values


def results(strategy: str, dataset: str, batch: int) -> list[dict[str, Any]]:
    """Reads the committed results of one arm, one a seed; none if it has not been run."""
    path = RESULTS / f"{strategy}-{dataset}-b{batch}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


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
