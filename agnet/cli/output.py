"""What the command line prints of runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["describe", "say_interrupted", "show_comparison", "show_front", "show_run", "show_sweep"]


def show_run(run: Run) -> None:
    """Prints the best architecture, its metrics and where the run lies."""
    console = Console(soft_wrap=True, highlight=False)
    failed = sum(row.failure is not None for row in run.rows)
    console.print(
        f"{len(run)} queries on {run.benchmark.name} ({run.benchmark.dataset}) with "
        f"{run.config.strategy}, seed {run.config.seed}" + (f"; {failed} failed" if failed else "")
    )
    row = run.best_query
    if row is None:
        console.print(_nothing_found(run), markup=False)
    else:
        console.print(f"best   {row.arch}", markup=False)
        console.print(f"       found at query {row.query} of {len(run)}")
        for name, text in describe(run).items():
            console.print(f"       {name} = {text}", markup=False)
        if run.tested is not None:
            whose = "" if run.tested == row.arch else f", of the earlier best {run.tested}"
            for name, value in run.test().items():
                console.print(f"       {name} = {value:.3f}  (read once{whose})", markup=False)
    if row is not None and len(run.config.objectives) > 1:
        show_front(run, console)
    if run.folder is not None:
        console.print(f"run    {run.folder}", markup=False)


def _nothing_found(run: Run) -> str:
    if run.rows and all(row.failure is not None for row in run.rows):
        return f"every evaluation failed, the first with {run.rows[0].failure}"
    return "nothing feasible was found: loosen the limits or raise --queries"


def show_front(run: Run, console: Console) -> None:
    """Prints the non-dominated architectures, and what volume they dominate."""
    objectives = run.config.parsed_objectives()
    front = run.pareto()
    point = ", ".join(
        f"{o.metric} {value:g}" for o, value in zip(objectives, run.reference, strict=True)
    )
    console.print(f"front  {len(front)} architectures, hypervolume {run.hypervolume()[-1]:.4g}")
    console.print(f"       from {point}", markup=False)
    columns = [run.columns.index(objective.metric) for objective in objectives]
    for row in front:
        texts = [f"{row.values[column]:10.3f}" for column in columns]
        console.print(f"       {' '.join(texts)}  {row.arch}", markup=False)


def describe(run: Run) -> dict[str, str]:
    """Returns the search metrics of the best architecture as text, by name.

    Held-out metrics are left out: only ``run.test()`` reads those. Of a benchmark that is not
    instant these are the metrics that the run recorded.
    """
    best = run.best_query
    if best is None or run.best is None:
        return {}
    metrics = [metric for metric in run.benchmark.metrics if not metric.held_out]
    if run.benchmark.instant:
        values = run.benchmark.query([run.best], [metric.name for metric in metrics])[0]
    else:
        metrics = [metric for metric in metrics if metric.name in run.columns]
        values = np.array([best.values[run.columns.index(metric.name)] for metric in metrics])
    return {
        metric.name: f"{value:.3f} {metric.unit}"
        + (f" ({metric.source})" if metric.source == "predicted" else "")
        for metric, value in zip(metrics, values.tolist(), strict=True)
        if np.isfinite(value)
    }


def show_sweep(runs: Sequence[Run], folder: Path) -> None:
    """Prints one table of a sweep: a line a seed, and the mean with its interval."""
    from agnet.sweeps import interval

    console = Console(soft_wrap=True)
    metric = runs[0].config.parsed_objectives()[0].metric
    tests = sorted({name for run in runs for name in _test_of_best(run)})
    title = f"{runs[0].config.strategy} on {runs[0].benchmark.name}, {folder}"
    table = Table(title=escape(title))
    for name in ("seed", "queries", f"best {metric}", "found at", *tests):
        table.add_column(name, justify="right")
    for run in runs:
        best, curve = run.best_query, run.best_so_far()
        read = _test_of_best(run)
        table.add_row(
            str(run.config.seed),
            str(len(run)),
            "-" if best is None else f"{curve[-1]:.3f}",
            "-" if best is None else str(best.query),
            *[_number(read, name) for name in tests],
            end_section=run is runs[-1],
        )
    last = [run.best_so_far()[-1] if len(run) else np.nan for run in runs]
    found = [run.best_query.query if run.best_query else np.nan for run in runs]
    reads = [[_test_of_best(run).get(name, np.nan) for run in runs] for name in tests]
    summary = [str(interval(last)), str(interval(found)), *[str(interval(x)) for x in reads]]
    table.add_row("mean ± 95 %", "", *summary)
    console.print(table)


def show_comparison(groups: Mapping[str, Sequence[Run]], queries: Sequence[int]) -> None:
    """Prints the mean best-so-far of several groups of runs after given numbers of queries."""
    from agnet.sweeps import interval

    console = Console(soft_wrap=True)
    first = next(iter(groups.values()))[0]
    table = Table(title=f"best so far, {first.config.parsed_objectives()[0]}, mean ± 95 %")
    for name in ("run", "strategy", "seeds", *[f"{n} queries" for n in queries]):
        table.add_column(name, justify="left" if name in ("run", "strategy") else "right")
    for name, runs in groups.items():
        curves = [run.best_so_far() for run in runs]
        cells = [
            str(interval([curve[n - 1] for curve in curves]))
            if all(len(curve) >= n for curve in curves)
            else "-"
            for n in queries
        ]
        table.add_row(escape(name), runs[0].config.strategy, str(len(runs)), *cells)
    console.print(table)
    if any(len(run) < max(queries) for runs in groups.values() for run in runs):
        console.print("-  where a run has fewer queries")
    others = first.config.objectives[1:]
    if others:
        console.print(
            f"{', '.join(others)}: not compared here; 'agnet report' shows fronts and hypervolume",
            markup=False,
        )


def say_interrupted(out: Path, seeds: str | None = None) -> None:
    """Says how to go on after Ctrl-C."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    sweep = "" if seeds is None else f" --seeds {seeds}"
    command = f"agnet search --resume{sweep} --out {shlex.quote(str(out))}"
    console.print(f"stopped; go on with: {command}", markup=False)


def _test_of_best(run: Run) -> Mapping[str, float]:
    """What was read of the architecture that is still the best."""
    best = run.best_query
    return run.test() if best is not None and run.tested == best.arch else {}


def _number(values: Mapping[str, float], name: str) -> str:
    return f"{values[name]:.3f}" if name in values else "-"
