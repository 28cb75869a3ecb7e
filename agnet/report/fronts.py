"""What was evaluated in the plane of two metrics: the front, limits, and what breaks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Limit
from agnet.pareto import non_dominated
from agnet.report._some import Rows, some
from agnet.report.style import (
    COLOURS,
    MUTED,
    Array,
    chart,
    escaped,
    hover,
    legend,
    mostly,
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Fronts"]

METRICS: Final = 4  # with more there are too many panels to look at
POINTS: Final = 1000  # of those that are not on the front


@final
@dataclass(frozen=True)
class Fronts:
    """Points of a run by its objectives, and by the metrics that its limits are on.

    Attributes:
        metrics: Up to four: the objectives, then what limits are on.
        units: Of each, or an empty text.
        aims: How many of the metrics are objectives.
        rows: ``(P,)``, the row in the run of each point.
        values: ``(P, K)``, in the metrics' own units.
        feasible: ``(P,)``.
        front: ``(P,)``, what is feasible and not dominated in all objectives.
        signs: ``(K,)``, -1 where more is better, 1 elsewhere.
        texts: ``(P,)``, the architectures.
        queries: ``(P,)``.
        limits: Those on one of the metrics.
        note: A line of text that says what is missing; empty if nothing is.
    """

    metrics: tuple[str, ...]
    units: tuple[str, ...]
    aims: int
    rows: Rows
    values: Array
    feasible: npt.NDArray[np.bool_]
    front: npt.NDArray[np.bool_]
    signs: Array
    texts: tuple[str, ...]
    queries: Rows
    limits: tuple[Limit, ...]
    note: str

    @classmethod
    def of(cls, run: Run) -> Fronts:
        """Takes the queries that gave finite numbers: of thousands some, and all of the front.

        With more than four metrics the first four are shown.
        """
        objectives, limits = run.config.parsed_objectives(), run.config.parsed_limits()
        aims = [objective.metric for objective in objectives]
        metrics = list(dict.fromkeys([*aims, *(limit.metric for limit in limits)]))[:METRICS]
        values = run.values[:, [run.columns.index(name) for name in metrics]]
        told = run.outcomes
        front = told.feasible & non_dominated(told.feasible_objectives)
        rows = _chosen(np.asarray(np.isfinite(values).all(axis=1)), front)
        signs = {objective.metric: objective.sign for objective in objectives}
        return cls(
            metrics=tuple(metrics),
            units=tuple(unit_of(run, name) for name in metrics),
            aims=min(len(aims), len(metrics)),
            rows=rows,
            values=values[rows],
            feasible=told.feasible[rows],
            front=front[rows],
            signs=np.array([signs.get(name, 1.0) for name in metrics]),
            texts=tuple(run.rows[row].arch for row in rows),
            queries=np.array([run.rows[row].query for row in rows], dtype=np.int64),
            limits=tuple(limit for limit in limits if limit.metric in metrics),
            note=_note(len(run), len(rows), len(metrics)),
        )

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The metrics across and upwards of each panel; the first objective goes upwards."""
        return tuple((b, a) for a, b in combinations(range(len(self.metrics)), 2))

    def staircase(self, across: int, up: int) -> Array:
        """The corners ``(S, 2)`` of the edge of what is dominated, from the best of ``across`` on.

        There are none unless the two metrics are the only objectives.
        """
        if self.aims != 2 or max(across, up) > 1 or not self.front.any():
            return np.empty((0, 2))
        signs = self.signs[[across, up]]
        points = np.unique(self.values[self.front][:, [across, up]] * signs, axis=0)
        corners = np.repeat(points, 2, axis=0)[:-1]
        corners[1::2, 0] = points[1:, 0]
        return np.asarray(corners * signs)

    @property
    def outside(self) -> int:
        """How many points, the worst of some metric, lie outside of what is shown at first."""
        seen = np.ones(len(self.values), dtype=np.bool_)
        for at in range(len(self.metrics)):
            low, high = self._ends(at) or (-np.inf, np.inf)
            seen &= (low <= self.values[:, at]) & (self.values[:, at] <= high)
        return int((~seen).sum())

    def matplotlib(self) -> Figure:
        """Draws a panel for each pair with matplotlib."""
        rows, columns = _grid(len(self.pairs))
        figure = panels(rows, columns)
        if self.note:
            say(figure.axes[0], self.note)
        for axes in figure.axes[len(self.pairs) :]:
            axes.set_axis_off()
        for (across, up), axes in zip(self.pairs, figure.axes, strict=False):
            self._draw(across, up, axes)
        return figure

    def plotly(self) -> go.Figure:
        """Draws a panel for each pair with plotly; ``customdata`` is the row in the run."""
        rows, columns = _grid(len(self.pairs))
        figure = chart(rows, columns)
        for at, (across, up) in enumerate(self.pairs):
            self._add(across, up, at, columns, figure)
        if self.note:
            say(figure, self.note)
        return figure

    def _series(self) -> Iterator[tuple[str, npt.NDArray[np.bool_], str, str, str]]:
        """Name, points, colour, and the marker for either library, of each kind of point."""
        rest = self.feasible & ~self.front
        yield "breaks a limit", ~self.feasible, MUTED, "o", "circle-open"
        yield "feasible", rest, COLOURS[5], "o", "circle"
        yield ("front" if self.aims > 1 else "best"), self.front, COLOURS[1], "D", "diamond"

    def _label(self, at: int) -> str:
        return named(self.metrics[at], self.units[at])

    def _ends(self, at: int) -> tuple[float, float] | None:
        """What is shown at first of one metric: most points, all of the front, and limits."""
        bounds = [limit.bound for limit in self.limits if limit.metric == self.metrics[at]]
        values = self.values[:, at]
        if not len(values):
            return None
        return shown_range([mostly(values, self.signs[at]), values[self.front], np.array(bounds)])

    def _draw(self, across: int, up: int, axes: Axes) -> None:
        corners = self.staircase(across, up)
        if len(corners):
            axes.plot(*corners.T, color=COLOURS[1], linewidth=1.2, label="edge of the front")
        for name, there, colour, marker, _ in self._series():
            if there.any():
                face = "none" if name == "breaks a limit" else colour
                look: dict[str, Any] = {"marker": marker, "s": 16, "facecolors": face}
                points = self.values[there][:, [across, up]]
                axes.scatter(*points.T, edgecolors=colour, linewidths=0.8, label=name, **look)
        for limit in self.limits:
            if limit.metric == self.metrics[across]:
                axes.axvline(limit.bound, color="black", linestyle="--", linewidth=0.8)
            if limit.metric == self.metrics[up]:
                axes.axhline(limit.bound, color="black", linestyle="--", linewidth=0.8)
        axes.set_xlabel(plain(self._label(across)), parse_math=False)
        axes.set_ylabel(plain(self._label(up)), parse_math=False)
        if len(self.values):
            axes.set_xlim(self._ends(across))
            axes.set_ylim(self._ends(up))
            legend(axes)

    def _add(self, across: int, up: int, at: int, columns: int, figure: go.Figure) -> None:
        import plotly.graph_objects as go

        place = {"row": at // columns + 1, "col": at % columns + 1}
        corners = self.staircase(across, up)
        if len(corners):
            edge = {"color": COLOURS[1], "width": 1.5}
            line = go.Scatter(
                x=corners[:, 0], y=corners[:, 1], mode="lines", line=edge, name="edge of the front"
            )
            figure.add_trace(line, **place)
        for name, there, colour, _, marker in self._series():
            if there.any():
                points = go.Scatter(
                    x=self.values[there, across],
                    y=self.values[there, up],
                    mode="markers",
                    name=name,
                    legendgroup=name,
                    showlegend=at == 0,
                    marker={"color": colour, "symbol": marker, "size": 7},
                    customdata=self.rows[there],
                    hovertext=[self._hover(point) for point in np.flatnonzero(there).tolist()],
                    hoverinfo="text",
                )
                figure.add_trace(points, **place)
        dashed = {"dash": "dash", "width": 1, "color": MUTED}
        for limit in self.limits:
            if limit.metric == self.metrics[across]:
                figure.add_vline(x=limit.bound, line=dashed, **place)
            if limit.metric == self.metrics[up]:
                figure.add_hline(y=limit.bound, line=dashed, **place)
        figure.update_xaxes(
            title_text=escaped(self._label(across)), range=self._ends(across), **place
        )
        figure.update_yaxes(title_text=escaped(self._label(up)), range=self._ends(up), **place)

    def _hover(self, point: int) -> str:
        numbers = [
            f"{name}: {value:g} {unit}".rstrip()
            for name, value, unit in zip(self.metrics, self.values[point], self.units, strict=True)
        ]
        return hover(f"query {self.queries[point]}", *numbers, self.texts[point])


def _chosen(known: npt.NDArray[np.bool_], front: npt.NDArray[np.bool_]) -> Rows:
    """The rows to show: all of the front, and of the others at most so many, evenly."""
    others = some(np.flatnonzero(known & ~front), POINTS)
    return np.sort(np.concatenate([others, np.flatnonzero(known & front)]))


def _note(queries: int, points: int, metrics: int) -> str:
    if metrics < 2:
        return "There is one objective and no limit on another metric: there is no front."
    if not queries:
        return "Nothing has been evaluated."
    return "" if points else "No evaluation gave numbers."


def _grid(count: int) -> tuple[int, int]:
    columns = min(max(count, 1), 3)
    return -(-max(count, 1) // columns), columns
