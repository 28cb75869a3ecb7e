"""Searches by growth, and others at the same simulated time, judged alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from agnet import Benchmark, search
from agnet.pareto import hypervolume, non_dominated
from agnet.seeds import stream
from agnet.strategies import POPNAS, Problem
from agnet.strategies.popnas import Plan
from experiments.recorded import Row, matching, rows, spread, table

__all__ = ["as_long_as", "errors", "grow", "spend", "step_table", "true_volume", "volume"]

Array = npt.NDArray[np.float64]


def grow(
    benchmark: Benchmark, goals: Sequence[str], seed: int, options: Mapping[str, Any]
) -> tuple[Array, Plan]:
    """Runs ``popnas`` to its end.

    Args:
        benchmark: What is searched.
        goals: The objectives, accuracy first, then seconds.
        seed: Of the search.
        options: Of the strategy.

    Returns:
        Accuracies and seconds ``(n, 2)`` in the order of evaluation, and in the same order the
        cells, their steps and what was predicted of them.
    """
    made: list[POPNAS] = []

    def popnas(problem: Problem, rng: np.random.Generator) -> POPNAS:
        made.append(POPNAS(problem, rng, **options))
        return made[-1]

    run = search(
        benchmark,
        strategy=popnas,
        objectives=tuple(goals),
        queries=min(benchmark.space.size, 100_000),
        init=0,
        batch=256,
        seed=seed,
    )
    return run.outcomes.objectives * [-1.0, 1.0], made[0].plan


def errors(plan: Plan, values: Array) -> list[Row]:
    """How good predictions were at each step, made before, on the cells that were evaluated.

    How many cells a step had, how many of them to explore, and for accuracy and seconds the rank
    correlation, the mean relative error and the bias, in percent.
    """
    return [_errors(plan.step == at, plan, values) for at in range(1, plan.steps)]


def _errors(own: npt.NDArray[np.bool_], plan: Plan, values: Array) -> Row:
    found: Row = {"cells": int(own.sum()), "explored": int(plan.explored[own].sum())}
    for at, name in enumerate(("accuracy", "seconds")):
        predicted, truth = plan.predicted[own, at], values[own, at]
        if own.sum() > 2 and np.isfinite(predicted).all():
            error = (predicted - truth) / truth
            varied = np.ptp(predicted) > 0 and np.ptp(truth) > 0
            found[name] = {
                "rho": round(float(spearmanr(predicted, truth)[0]), 4) if varied else None,
                "mape": round(100 * float(np.abs(error).mean()), 2),
                "bias": round(100 * float(error.mean()), 2),
            }
    return found


def spend(benchmark: Benchmark, metrics: Sequence[str], seconds: float, seed: int) -> Array:
    """Evaluates random cells until their simulated time is spent; ``(n, 2)``, without repeats.

    The last cell that still fits into the time ends it.
    """
    rng = stream(seed, "random")
    drawn = benchmark.space.sample(4_096, rng).distinct()
    values = benchmark.query(drawn, list(metrics))
    return np.asarray(values[np.cumsum(values[:, 1]) <= seconds])


def as_long_as(own: Sequence[Row], grown: Sequence[Row]) -> list[Row]:
    """Of the rows that were given a time, those whose time is still that of the search by growth.

    Args:
        own: With ``seed`` and ``limit``, the time that was given, and ``on`` if ``grown`` has it.
        grown: What took the time.
    """
    times = {(row.get("on"), row["seed"], row["time"]) for row in grown}
    return [row for row in own if (row.get("on"), row["seed"], row["limit"]) in times]


def volume(values: Array, reference: Array) -> float:
    """The hypervolume of accuracies and seconds ``(n, 2)``, relative to the whole rectangle.

    Args:
        values: High accuracies and few seconds are good.
        reference: The accuracy and the seconds that it is measured from; the best conceivable are
            100 and 0.
    """
    points = values * [-1.0, 1.0]
    worst = reference * [-1.0, 1.0]
    return float(hypervolume(points, worst) / ((100.0 - reference[0]) * reference[1]))


def true_volume(benchmark: Benchmark, metrics: Sequence[str], reference: Array) -> float:
    """That of the front of all cells, which a space of few cells allows."""
    values = benchmark.query(benchmark.space.enumerate(), list(metrics))
    return volume(values[non_dominated(values * [-1.0, 1.0])], reference)


def _largest(values: Sequence[float]) -> float:
    return max(values, key=abs)


def step_table(
    results: Path, arms: Iterable[str], first: int, unit: str, on: str | None = None
) -> str:
    """How good predictions were at each step, on the cells that were then evaluated.

    Args:
        results: The folder of the rows.
        arms: Names of their files.
        first: The size of cells at the first step that is predicted,
        unit: and in what it is counted.
        on: The label of their rows, if they have one.
    """
    lines = []
    for arm in arms:
        own = matching(rows(results, arm), **({"on": on} if on else {}))
        for at in range(max((len(row["steps"]) for row in own), default=0)):
            steps = [row["steps"][at] for row in own if len(row["steps"]) > at]
            line: list[object] = [arm, first + at, spread([s["cells"] for s in steps], digits=0)]
            for name in ("accuracy", "seconds"):
                there = [s[name] for s in steps if name in s and s[name]["rho"] is not None]
                line.append(spread([s["rho"] for s in there], digits=2))
                line.append(spread([s["mape"] for s in there], digits=1, worst=max))
                line.append(spread([s["bias"] for s in there], digits=1, worst=_largest))
            lines.append(line)
    head = ["arm", unit, "cells", "accuracy: rank correlation", "error (%)", "bias (%)"]
    return table([*head, "seconds: rank correlation", "error (%)", "bias (%)"], lines)
