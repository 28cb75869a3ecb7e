"""What a search of several objectives costs: CPU seconds a query, and what they are spent on.

    python -m experiments.pareto_cost run      (resumable)
    python -m experiments.pareto_cost table    (prints the table from the committed results)

The searches of ``pareto_nasbench201`` on accuracy against multiply-adds, 300 queries, 3 seeds, on
one core. ``model`` is fitting what predicts or partitions, and retraining the generator; what else
a strategy does to propose is ``sampling``, where a library's fit is part of its proposal too;
looking up, recording and telling is ``bookkeeping``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from experiments.pareto_nasbench201 import ARMS, QUERIES, config_of
from experiments.recorded import Row, complete, parser, rows, spread, table
from experiments.watched import watch

MODELS: Final = (
    "agnet.strategies.judge.Judge.learn",
    "agnet.generators.GraphVAE.retrain",
    "agnet.strategies.lamoo.strategy.grow",
    "agnet.strategies.bayesian.BayesianModel.learn",
)
PARTS: Final = ("model", "sampling", "bookkeeping")


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "pareto_cost", 3).parse_args()
    if given.what == "run":
        jobs = [{"arm": arm, "seed": seed} for seed in range(given.seeds) for arm in ARMS]
        complete(jobs, work, given.results, given.procs, given.only)
    print(cost_table(given.results))


def work(job: Row) -> Row:
    """Runs one search with a stop-watch."""
    config = config_of(*ARMS[job["arm"]], "flops", job["seed"])
    spent: list[float] = []
    with ExitStack() as stack:
        for name in MODELS:
            stack.enter_context(patch(name, _timed(resolve_name(name), spent)))
        began = time.process_time()
        _, watched = watch(config)
        total = time.process_time() - began
    asking = sum(seen.seconds for seen in watched.rounds)
    seconds = (sum(spent), asking - sum(spent), total - asking)
    return {part: round(value, 3) for part, value in zip(PARTS, seconds, strict=True)}


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """The same function, which notes how long it took."""

    def timed(*args: Any, **settings: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args, **settings)
        finally:
            spent.append(time.process_time() - began)

    return timed


def cost_table(results: Path) -> str:
    """CPU milliseconds a query by part, and CPU seconds a search."""
    lines = []
    for arm in ARMS:
        own = rows(results, arm)
        if own:
            parts = [[row[part] for row in own] for part in PARTS]
            each = [f"{1000 * np.mean(part) / QUERIES:.1f}" for part in parts]
            whole = spread(np.sum(parts, axis=0).tolist(), worst=max, digits=1)
            lines.append([arm, *each, whole])
    head = ["strategy", *(f"{part} (ms a query)" for part in PARTS)]
    return table([*head, f"seconds for {QUERIES} queries (worst)"], lines)


if __name__ == "__main__":
    main()
