"""Fronts on NAS-Bench-201: accuracy against cost, and three and four objectives.

    python -m experiments.pareto_nasbench201 run      (resumable; --on flops ..., --only ARM ...)
    python -m experiments.pareto_nasbench201 table    (hypervolume, one table a setting)
    python -m experiments.pareto_nasbench201 levels   (queries to a share of the hypervolume)
    python -m experiments.pareto_nasbench201 against  (regions against none, and half the queries)

20 seeds, 10 initial cells in common, 300 queries in batches of 5, nothing repeated. Objectives are
standardised over all 15,625 cells; hypervolume is measured from one deviation below the mean of
the accuracy and four above that of each cost, as Zhao et al., JMLR 2024, do, who took the test
accuracy for the objective: the setting ``paper``. What is judged is log10 of the hypervolume that
lacks: the ratio is nearly 1 for random search already. Multiply-adds are computed, and known to
strategies that can use them; latencies are measured, and have to be predicted.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet import Benchmark, SearchConfig, open_benchmark, search
from agnet.pareto import hypervolume, igd_plus, non_dominated
from experiments.fronts import Points, Scale, directed
from experiments.recorded import Row, complete, matching, parser, rows, spread, table, until
from experiments.seen_test import SEEN, SeenTest
from experiments.watched import best_at, rises

SETTINGS: Final = {
    "flops": ("val_accuracy", "flops_m"),
    "paper": (SEEN, "flops_m"),
    "raspi4": ("val_accuracy", "raspi4_latency_ms"),
    "edgegpu": ("val_accuracy", "edgegpu_latency_ms"),
    "fpga": ("val_accuracy", "fpga_latency_ms"),
    "three": ("val_accuracy", "flops_m", "raspi4_latency_ms"),
    "four": ("val_accuracy", "flops_m", "raspi4_latency_ms", "fpga_latency_ms"),
}
MODELS: Final = ("qnehvi", "qparego")
SAMPLERS: Final = ("random", "evolution", "latent", "cmaes", "surrogate", *MODELS)
BASELINES: Final = ("nsga2", "nsga3", "moead", "tpe", "random")
ARMS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "agnet": ("agnet", {}),
    **{f"lamoo-{name}": ("lamoo", {"sampler": name}) for name in SAMPLERS},
    **{
        f"{name}-alone": ("lamoo", {"sampler": name, "partition": False})
        for name in ("evolution", "latent", "cmaes", "surrogate")
    },
    **{name: (name, {}) for name in (*MODELS, *BASELINES)},
}
# What each sampler of LaMOO is without regions.
ALONE: Final = {name: name if name in ARMS else f"{name}-alone" for name in SAMPLERS}
QUERIES, INIT, BATCH = 300, 10, 5
MARKS, LEVELS = (20, 50, 100, 200, 300), (0.97, 0.98, 0.99)
LEAST: Final = 1e-4  # of hypervolume: what lacks less counts as that


def main() -> None:
    """Runs the experiment or prints tables."""
    modes = ("run", "table", "levels", "against")
    made = parser(__doc__, modes, "pareto_nasbench201", 20)
    made.add_argument("--on", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    given = made.parse_args()
    if given.what == "run":
        jobs = [
            {"arm": arm, "on": on, "seed": seed}
            for on, seed, arm in product(given.on, range(given.seeds), ARMS)
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    tables = {"levels": level_table, "against": against_table}
    for on in given.on:
        if any(curves(given.results, arm, on) for arm in ARMS):
            print(f"\n{on}: {', '.join(SETTINGS[on])}; the most there is: {largest(on):.4f}")
            print(tables.get(given.what, volume_table)(given.results, on), end="\n\n")


def benchmark() -> Benchmark:
    """The table, its test accuracy included."""
    return SeenTest(open_benchmark("nasbench201"))


@cache
def scale(on: str) -> Scale:
    """Standardises a setting over all cells."""
    return Scale.of(benchmark().query(benchmark().space.enumerate(), SETTINGS[on]))


@cache
def true_front(on: str) -> Points:
    """The front of all cells, standardised."""
    how = scale(on)
    points = how.standardised(benchmark().query(benchmark().space.enumerate(), SETTINGS[on]))
    return np.unique(points[non_dominated(points)], axis=0)


@cache
def largest(on: str) -> float:
    """The hypervolume of the front of all cells."""
    return hypervolume(true_front(on), scale(on).bound)


def config_of(strategy: str, options: dict[str, Any], on: str, seed: int) -> SearchConfig:
    """The search of a strategy in a setting."""
    return SearchConfig(
        benchmark={"name": "nasbench201"},
        strategy=strategy,
        options=options,
        objectives=directed(SETTINGS[on]),
        reference=scale(on).reference,
        queries=QUERIES,
        init=INIT,
        batch=BATCH,
        seed=seed,
    )


def work(job: Row) -> Row:
    """Runs one search."""
    how = scale(job["on"])
    run = search(benchmark(), config_of(*ARMS[job["arm"]], job["on"], job["seed"]))
    return {
        "curve": rises(how.volume(run)),
        "front": len(run.pareto()),
        "igd_plus": igd_plus(how.points(run), true_front(job["on"])),
    }


def curves(results: Path, arm: str, on: str) -> dict[int, list[list[float]]]:
    """The curves of an arm in a setting by seed."""
    return {row["seed"]: row["curve"] for row in matching(rows(results, arm), on=on)}


def lacking(curve: list[list[float]], queries: int, on: str) -> float:
    """log10 of the hypervolume that lacks after so many queries."""
    return float(np.log10(max(largest(on) - best_at(curve, queries), LEAST)))


def first_above(curve: list[list[float]], level: float, budget: int = QUERIES) -> int | None:
    """Queries until a hypervolume; None if it was not reached within a budget."""
    return next((int(at) for at, value in curve if value >= level and at <= budget), None)


def volume_table(results: Path, on: str) -> str:
    """What lacks after a number of queries, and the share that is there; worst in brackets."""
    lines = []
    for arm in ARMS:
        own = curves(results, arm, on)
        if own:
            lacks = [
                spread([lacking(curve, mark, on) for curve in own.values()], worst=max, digits=2)
                for mark in MARKS
            ]
            share = [
                f"{np.mean([best_at(c, mark) for c in own.values()]) / largest(on):.4f}"
                for mark in (100, 300)
            ]
            found = matching(rows(results, arm), on=on)
            front = spread([row["front"] for row in found], digits=1)
            far = spread([row["igd_plus"] for row in found], worst=max)
            seconds = f"{np.mean([row['seconds'] for row in found]):.1f}"
            lines.append([arm, len(own), *lacks, *share, front, far, seconds])
    head = ["strategy", "seeds", *(f"log10 @{mark}" for mark in MARKS), "share @100", "@300"]
    return table([*head, f"front of {len(true_front(on))}", "IGD+", "CPU seconds"], lines)


def level_table(results: Path, on: str) -> str:
    """Queries until shares of the largest hypervolume."""
    lines = []
    for arm in ARMS:
        own = curves(results, arm, on).values()
        if own:
            levels = [level * largest(on) for level in LEVELS]
            found = [until([first_above(c, level) for c in own], QUERIES)[:2] for level in levels]
            lines.append([arm, *(cell for pair in found for cell in pair)])
    names = [name for level in LEVELS for name in (f"found {level}", "queries")]
    return table(["strategy", *names], lines)


def against_table(results: Path, on: str) -> str:
    """Regions against the same sampler without, seed by seed; queries against a baseline's budget.

    The last two columns are the queries until the mean hypervolume that a baseline has at the end.
    """
    lines = []
    ours = ("agnet", *(f"lamoo-{name}" for name in SAMPLERS))
    best = max(
        (arm for arm in ("nsga2", "tpe", "random") if curves(results, arm, on)),
        key=lambda arm: _level(results, arm, on),
        default=None,
    )
    for arm in ours:
        own, cells = curves(results, arm, on), []
        alone = curves(results, ALONE.get(arm.removeprefix("lamoo-"), ""), on)
        both = sorted(set(own) & set(alone))
        for mark in (100, 300):
            gains = [lacking(own[s], mark, on) - lacking(alone[s], mark, on) for s in both]
            cells.append(spread(gains, worst=max, digits=2))
        if best and own:
            level = _level(results, best, on)
            cells += until([first_above(curve, level) for curve in own.values()], QUERIES)[:2]
        if own:
            lines.append([arm, *cells])
    head = ["strategy", "log10 less than alone @100", "@300"]
    return table([*head, f"reached {best} @{QUERIES}", "queries to it"], lines)


def _level(results: Path, arm: str, on: str) -> float:
    return float(np.mean([best_at(c, QUERIES) for c in curves(results, arm, on).values()]))


if __name__ == "__main__":
    main()
