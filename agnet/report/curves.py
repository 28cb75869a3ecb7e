"""Best so far, or hypervolume, against queries: several groups of runs, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
from scipy import stats

from agnet.errors import InvalidInput
from agnet.pareto import hypervolume_curve
from agnet.report.style import (
    Array,
    Look,
    chart,
    escaped,
    legend,
    look,
    named,
    panels,
    plain,
    say,
    shown_range,
    unit_of,
)
from agnet.runs import Run

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["Curve", "Curves"]

EARLY: Final = 0.05  # of the queries, which may lie outside of the picture


@final
@dataclass(frozen=True)
class Curve:
    """One group of runs, at the queries where any of them rises, and the first and the last.

    Attributes:
        name: Of the group.
        runs: How many there are, and
        found: how many of them have found anything feasible: the others are left out.
        queries: ``(S,)``, from 1.
        mean: ``(S,)``, NaN until each of the ``found`` has something.
        low: ``(S,)``, the lower end of the 95 % interval (Student's t); NaN for fewer than two.
        high: ``(S,)``, the upper end.
    """

    name: str
    runs: int
    found: int
    queries: Array
    mean: Array
    low: Array
    high: Array

    @property
    def label(self) -> str:
        """The name, and how many runs it is the mean of."""
        if self.runs == 1:
            return self.name
        some = f"{self.found} of " if self.found < self.runs else ""
        return f"{self.name} ({some}{self.runs} runs)"


@final
@dataclass(frozen=True)
class Curves:
    """How groups of runs got on.

    Attributes:
        curves: One a group, in order.
        axis: What is shown, with its unit.
        note: A line of text that says what is missing; empty if nothing is.
    """

    curves: tuple[Curve, ...]
    axis: str
    note: str

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[Run]]) -> Curves:
        """Takes runs by the name of their group, such as all seeds of a strategy.

        A group ends where the shortest of its runs does. With one objective its best feasible value
        is shown; with several the hypervolume, from one reference for all: the worst, in each
        objective, of the runs' own.

        Raises:
            InvalidInput: If the runs do not have the same objectives.
        """
        runs = [run for group in groups.values() for run in group]
        aims = {run.config.objectives for run in runs}
        if len(aims) > 1:
            raise InvalidInput(
                f"got runs with the objectives {' and '.join(map(str, sorted(aims)))}; curves can "
                "be compared of runs with the same ones"
            )
        if not runs:
            return cls((), "", "There are no runs.")
        reference = _reference(runs)
        values = {
            name: [_values(run, reference) for run in group] for name, group in groups.items()
        }
        curves = tuple(_curve(name, group) for name, group in values.items() if group)
        shown = any(np.isfinite(curve.mean).any() for curve in curves)
        note = "" if shown else "Nothing feasible has been found."
        if not any(len(run) for run in runs):
            note = "Nothing has been evaluated."
        return cls(curves, _axis(runs[0], reference), note)

    def matplotlib(self) -> Figure:
        """Draws lines and bands with matplotlib."""
        figure = panels(size=(6.4, 4.0))
        (axes,) = figure.axes
        for at, curve in enumerate(self.curves):
            _draw(curve, look(at), axes)
        axes.set_xlabel("queries")
        axes.set_ylabel(plain(self.axis), parse_math=False)
        if self._range is not None:
            axes.set_ylim(*self._range)
        if self.note:
            say(axes, self.note)
        else:
            legend(axes, loc="best")
        return figure

    def plotly(self) -> go.Figure:
        """Draws lines and bands with plotly."""
        figure = chart()
        for at, curve in enumerate(self.curves):
            figure.add_traces(_traces(curve, look(at)))
        figure.update_xaxes(title_text="queries")
        figure.update_yaxes(title_text=escaped(self.axis), range=self._range)
        if self.note:
            say(figure, self.note)
        return figure

    @property
    def _range(self) -> tuple[float, float] | None:
        """What is shown at first: without the earliest values, which would flatten all others."""
        late = []
        for curve in self.curves:
            seen = curve.queries >= EARLY * curve.queries[-1] if len(curve.queries) else slice(0)
            late += [part[seen] for part in (curve.mean, curve.low, curve.high)]
        return shown_range(late)


def _reference(runs: Sequence[Run]) -> Array | None:
    """The reference of all runs ``(M,)``, to be minimised; None with one objective, or without."""
    objectives = runs[0].config.parsed_objectives()
    if len(objectives) == 1:
        return None
    signs = np.array([objective.sign for objective in objectives])
    own = np.array([run.reference * signs for run in runs])
    known = own[np.isfinite(own).all(axis=1)]
    return known.max(axis=0) if len(known) else np.full(len(objectives), np.nan)


def _values(run: Run, reference: Array | None) -> Array:
    """What a run had reached after each query, NaN while it had found nothing feasible."""
    if reference is None:
        return run.best_so_far()
    points = run.outcomes.feasible_objectives
    points = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.nan)
    if np.isnan(reference).any():
        return np.full(len(run), np.nan)
    begun = np.logical_or.accumulate(~np.isnan(points).any(axis=1))
    return np.where(begun, hypervolume_curve(points, reference), np.nan)


def _axis(run: Run, reference: Array | None) -> str:
    if reference is None:
        metric = run.config.parsed_objectives()[0].metric
        return f"best {named(metric, unit_of(run, metric))} so far"
    if np.isnan(reference).any():
        return "hypervolume"
    signs = [objective.sign for objective in run.config.parsed_objectives()]
    ends = ", ".join(f"{sign * end:g}" for sign, end in zip(signs, reference, strict=True))
    return f"hypervolume from ({ends})"


def _curve(name: str, values: Sequence[Array]) -> Curve:
    length = min(map(len, values))
    table = np.array([value[:length] for value in values]).reshape(len(values), length)
    table = table[np.isfinite(table).any(axis=1)]
    rises = np.ones(length, dtype=bool)
    if length:
        same = (table[:, 1:] == table[:, :-1]) | np.isnan(table[:, 1:])
        rises[1:] = ~same.all(axis=0)
        rises[-1] = True
    kept, found = table[:, rises], len(table)
    mean = kept.mean(axis=0) if found else np.full(kept.shape[1], np.nan)
    half = np.full(len(mean), np.nan)
    if found > 1:
        error = kept.std(axis=0, ddof=1) / np.sqrt(found)
        half = float(stats.t.ppf(0.975, found - 1)) * error
    queries = (np.flatnonzero(rises) + 1).astype(np.float64)
    return Curve(name, len(values), found, queries, mean, mean - half, mean + half)


def _draw(curve: Curve, style: Look, axes: Any) -> None:
    axes.step(
        *(curve.queries, curve.mean),
        where="post",
        label=plain(curve.label),
        color=style.colour,
        linestyle=style.linestyle,
        linewidth=1.6,
    )
    if curve.found > 1:
        axes.fill_between(
            *(curve.queries, curve.low, curve.high),
            step="post",
            color=style.colour,
            alpha=0.15,
            linewidth=0,
        )


def _traces(curve: Curve, style: Look) -> list[go.Scatter]:
    """The line, and before it the band: its upper end, and the area down to the lower one."""
    import plotly.graph_objects as go

    name = escaped(curve.label)
    edge: dict[str, Any] = {
        "mode": "lines",
        "line": {"width": 0, "shape": "hv", "color": style.colour},
        "legendgroup": name,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    there = np.isfinite(curve.low)  # an area does not stop at gaps
    band = [
        go.Scatter(x=curve.queries[there], y=curve.high[there], **edge),
        go.Scatter(
            x=curve.queries[there],
            y=curve.low[there],
            fill="tonexty",
            fillcolor=_tint(style.colour),
            **edge,
        ),
    ]
    line = go.Scatter(
        x=curve.queries,
        y=curve.mean,
        mode="lines",
        name=name,
        legendgroup=name,
        line={"color": style.colour, "dash": style.dashes, "shape": "hv", "width": 2},
    )
    return [*(band if curve.found > 1 else []), line]


def _tint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
