"""What comes first: what was searched, what was found, and how to go on."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from agnet.markup import Markup, element, joined, table
from agnet.sweeps import interval

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["best_of", "how_to_go_on", "metrics_of", "summary"]

SHOWN: Final = 12  # architectures of a front that are drawn


def summary(groups: Mapping[str, Sequence[Run]]) -> Markup:
    """One sentence of the best, and a line a group of runs.

    Args:
        groups: Runs by name, at least one each; those of one group differ in their seeds.
    """
    return joined([_headline(groups), _overview(groups)])


def _headline(groups: Mapping[str, Sequence[Run]]) -> Markup:
    every = [run for runs in groups.values() for run in runs]
    queries = sum(len(run) for run in every)
    first = every[0]
    goals = " and ".join(first.config.objectives)
    limits = f", within {', '.join(first.config.limits)}" if first.config.limits else ""
    said = f"{len(every)} run{'s' * (len(every) > 1)}, {queries:,} queries: {goals}{limits}."
    found = [run for run in every if run.best_query is not None]
    if not found:
        return element("p", f"{said} Nothing feasible was found: {_why(every)}.", class_="big")
    sign = first.config.parsed_objectives()[0].sign
    ends = [sign * run.best_so_far()[-1] for run in found]
    equal = [run for run, end in zip(found, ends, strict=True) if end == min(ends)]
    by = ", ".join(dict.fromkeys(run.config.strategy for run in equal))
    metric = first.config.parsed_objectives()[0].metric
    value = f"{sign * min(ends):.4g}"
    return element(
        "p",
        [
            f"{said} The best {metric} is ",
            element("strong", value),
            f", by {by}.",
        ],
        class_="big",
    )


def _why(runs: Sequence[Run]) -> str:
    rows = [row for run in runs for row in run.rows]
    failures = Counter(row.failure for row in rows if row.failure is not None)
    if not rows:
        return "nothing has been evaluated yet"
    often = f" ({failures.most_common(1)[0][0]})" if failures else ""
    if failures.total() == len(rows):
        return f"all {len(rows):,} evaluations failed{often}"
    return f"{failures.total():,} of {len(rows):,} evaluations failed{often}, none kept the limits"


def _overview(groups: Mapping[str, Sequence[Run]]) -> Markup:
    first = next(iter(groups.values()))[0]
    metric = first.config.parsed_objectives()[0].metric
    several = len(first.config.objectives) > 1
    head = ["run", "strategy", "seeds", "queries", f"best {metric}", "found at query"]
    head += ["front", "hypervolume"] if several else []
    rows = [_line(name, runs, several) for name, runs in groups.items()]
    said = "Each line is a run, or the mean of several with its 95 % interval over seeds."
    return table([*head, "failed"], rows, caption=said, numbers=2)


def _line(name: str, runs: Sequence[Run], several: bool) -> list[str]:
    best = [run.best_so_far()[-1] if len(run) else np.nan for run in runs]
    at = [run.best_query.query if run.best_query else np.nan for run in runs]
    failed = sum(row.failure is not None for run in runs for row in run.rows)
    lengths = sorted({len(run) for run in runs})
    queries = f"{lengths[0]:,}" + (f" to {lengths[-1]:,}" if len(lengths) > 1 else "")
    line = [name, runs[0].config.strategy, str(len(runs)), queries, _mean(best, 4), _mean(at, 3)]
    if several:
        fronts = [float(len(run.pareto())) for run in runs]
        volumes = [run.hypervolume()[-1] if len(run) else np.nan for run in runs]
        line += [_mean(fronts, 3), _mean(volumes, 5)]
    return [*line, f"{failed:,}" if failed else "none"]


def _mean(values: Sequence[float], digits: int) -> str:
    """A value, or a mean with its interval and of how many runs; a dash where no run has one."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return "-"
    found = interval(known)
    width = round(found.half_width, 9)  # equal values differ from their mean by less
    half = f" ± {width:.2g}" if found.n > 1 else ""
    part = f" (of {len(known)} runs)" if len(known) < len(values) else ""
    return f"{found.mean:.{digits}g}{half}{part}"


def best_of(run: Run) -> list[int]:
    """The rows of a run that are worth a drawing, the best first.

    With several objectives those on the front, evenly taken if there are many; with one the best
    few that are feasible.
    """
    if len(run.config.objectives) > 1:
        numbers = [row.query - 1 for row in run.pareto()]
        taken = np.unique(np.linspace(0, len(numbers) - 1, SHOWN).round().astype(int))
        return [numbers[at] for at in taken] if len(numbers) > SHOWN else numbers
    found = run.outcomes
    order = np.argsort(found.objectives[:, 0], kind="stable")
    return [int(at) for at in order if found.feasible[at]][: SHOWN // 2]


def metrics_of(run: Run, at: int) -> list[tuple[str, str]]:
    """What was recorded of a row, by name, with units."""
    units = {metric.name: metric.unit for metric in run.benchmark.metrics}
    return [
        (name, f"{value:.4g} {units.get(name, '')}".strip())
        for name, value in zip(run.columns, run.rows[at].values, strict=True)
        if np.isfinite(value)
    ]


def how_to_go_on(groups: Mapping[str, Sequence[Run]]) -> Markup:
    """The configuration of each group, and the commands that resume or repeat it."""
    parts: list[Markup] = []
    for name, runs in groups.items():
        run = runs[0]
        inner = [element("pre", element("code", run.config.to_toml()), tabindex="0")]
        if run.folder is not None:
            where = shlex.quote(str(run.folder))
            file = shlex.quote(str(run.folder / "config.toml"))
            more = f"agnet search --resume --out {where} --queries {2 * max(len(run), 1)}"
            again = f"agnet search --config {file} --out {where}-again"
            inner.append(element("p", "To go on, and to repeat it from the start:"))
            inner.append(element("pre", element("code", f"{more}\n{again}"), tabindex="0"))
        parts.append(element("details", [element("summary", name), *inner]))
    return joined(parts)
