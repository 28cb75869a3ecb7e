"""What lay in the region that a search by partitions chose last, in the plane of two objectives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report._some import Rows
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
from agnet.strategies import LaMOO

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["LamooChosen"]

PLACES: Final = ("elsewhere", "in the region", "evaluated later")
LOOKS: Final = (
    (MUTED, "o", "circle-open"),
    (COLOURS[1], "D", "diamond"),
    (COLOURS[0], "^", "triangle-up"),
)


@final
@dataclass(frozen=True)
class LamooChosen:
    """What was evaluated, by the region of the last proposals.

    Attributes:
        rows: ``(P,)``, the row in the run of each point.
        values: ``(P, 2)``, of the first two objectives, in their units.
        place: ``(P,)``, where each lies, a position in ``PLACES``.
        texts: ``(P,)``, the architectures.
        axes: The two objectives, with their units.
        signs: -1 where more is better, 1 elsewhere.
        note: A line of text that says what is missing; empty if nothing is.
    """

    rows: Rows
    values: Array
    place: Rows
    texts: tuple[str, ...]
    axes: tuple[str, ...]
    signs: tuple[float, ...]
    note: str

    @classmethod
    def of(cls, run: Run) -> LamooChosen:
        """Takes what the last proposals were learnt from out of the run's checkpoint."""
        aims = run.config.parsed_objectives()[:2]
        place, note = _told(run)
        values = run.values[:, [run.columns.index(one.metric) for one in aims]]
        rows = np.flatnonzero(np.isfinite(values).all(axis=1)) if not note else place[:0]
        return cls(
            rows,
            values[rows],
            place[rows],
            tuple(run.rows[row].arch for row in rows),
            tuple(named(one.metric, unit_of(run, one.metric)) for one in aims),
            tuple(float(one.sign) for one in aims),
            note,
        )

    def matplotlib(self) -> Figure:
        """Draws the points with matplotlib."""
        figure = panels(size=(5.6, 4.2))
        (axes,) = figure.axes
        if self.note:
            say(axes, self.note)
            return figure
        for at, points, _ in self._series():
            colour, marker, _ = LOOKS[at]
            look: dict[str, Any] = {"marker": marker, "s": 16, "label": PLACES[at]}
            face = colour if at else "none"
            axes.scatter(*points[:, ::-1].T, edgecolors=colour, facecolors=face, **look)
        axes.set_ylabel(plain(self.axes[0]), parse_math=False)
        axes.set_xlabel(plain(self.axes[1]), parse_math=False)
        axes.set_ylim(self._ends(0))
        axes.set_xlim(self._ends(1))
        legend(axes)
        return figure

    def plotly(self) -> go.Figure:
        """Draws the points with plotly; ``customdata`` is the row in the run."""
        import plotly.graph_objects as go

        figure = chart()
        if self.note:
            say(figure, self.note)
            return figure
        for at, points, some in self._series():
            colour, _, symbol = LOOKS[at]
            cloud = go.Scatter(
                x=points[:, 1],
                y=points[:, 0],
                mode="markers",
                name=PLACES[at],
                marker={"color": colour, "symbol": symbol, "size": 7},
                customdata=self.rows[some],
                hovertext=[self._hover(point) for point in some.tolist()],
                hoverinfo="text",
            )
            figure.add_trace(cloud)
        figure.update_yaxes(title_text=escaped(self.axes[0]), range=self._ends(0))
        figure.update_xaxes(title_text=escaped(self.axes[1]), range=self._ends(1))
        return figure

    def _series(self) -> Iterator[tuple[int, Array, Rows]]:
        """Of each place where anything lies: its position, the values, and which points."""
        for at in range(len(PLACES)):
            some = np.flatnonzero(self.place == at)
            if len(some):
                yield at, self.values[some], some

    def _ends(self, at: int) -> tuple[float, float] | None:
        return shown_range([mostly(self.values[:, at], self.signs[at])])

    def _hover(self, point: int) -> str:
        told = [
            f"{axis}: {value:.4g}"
            for axis, value in zip(self.axes, self.values[point], strict=True)
        ]
        query = f"query {self.rows[point] + 1}"
        return hover(query, PLACES[self.place[point]], *told, self.texts[point])


def _told(run: Run) -> tuple[Rows, str]:
    """Where each row of a run lies, and why if nobody knows."""
    nowhere = np.empty(0, dtype=np.int64)
    try:
        inside, outside = restored(run, LaMOO).known()
    except AgnetError as error:
        return nowhere, str(error)
    if not len(inside) and not len(outside):
        return nowhere, "The checkpoint does not say what lies in the last region."
    place = {str(arch): at for at, part in enumerate((outside, inside)) for arch in part}
    later = PLACES.index("evaluated later")
    return np.array([place.get(row.arch, later) for row in run.rows], dtype=np.int64), ""
