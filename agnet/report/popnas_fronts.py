"""What a search by growth predicted of the cells it planned, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report.style import (
    MUTED,
    Array,
    chart,
    escaped,
    hover,
    legend,
    look,
    named,
    panels,
    plain,
    say,
    unit_of,
)
from agnet.runs import Run
from agnet.strategies import POPNAS

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["PopnasFronts"]


@final
@dataclass(frozen=True)
class PopnasFronts:
    """Planned cells in the plane of the first two objectives.

    Attributes:
        step: ``(P,)``, the step of each cell that was predicted, from 1.
        explored: ``(P,)``, which were chosen for what the front hardly uses.
        predicted: ``(P, 2)``, accuracy and cost in their units.
        observed: ``(P, 2)``, NaN where the cell has not been evaluated.
        texts: ``(P,)``, the cells.
        axes: The two objectives, with their units.
        note: A line of text that says what is missing; empty if nothing is.
    """

    step: npt.NDArray[np.int64]
    explored: npt.NDArray[np.bool_]
    predicted: Array
    observed: Array
    texts: tuple[str, ...]
    axes: tuple[str, ...]
    note: str

    @classmethod
    def of(cls, run: Run) -> PopnasFronts:
        """Takes the plan from the run's checkpoint."""
        objectives = run.config.parsed_objectives()[:2]
        axes = tuple(named(one.metric, unit_of(run, one.metric)) for one in objectives)
        none = np.empty(0, dtype=np.int64)
        empty = cls(none, none > 0, np.empty((0, 2)), np.empty((0, 2)), (), axes, "")
        if len(objectives) < 2:
            return empty.without("There is one objective: no front is predicted.")
        try:
            plan = restored(run, POPNAS).plan
        except AgnetError as error:
            return empty.without(str(error))
        known = np.isfinite(plan.predicted[:, :2]).all(axis=1)
        # The plan's accuracies are better if higher and its costs if lower, as no unit need be.
        signs = np.array([-objectives[0].sign, objectives[1].sign])
        texts = tuple(str(arch) for arch in plan.archs[np.flatnonzero(known)])
        columns = [run.columns.index(one.metric) for one in objectives]
        found = dict(zip((row.arch for row in run.rows), run.values[:, columns], strict=True))
        gap = np.full(2, np.nan)
        return cls(
            plan.step[known],
            plan.explored[known],
            plan.predicted[known, :2] * signs,
            np.array([found.get(text, gap) for text in texts]).reshape(-1, 2),
            texts,
            axes,
            "" if known.any() else "Nothing has been predicted yet.",
        )

    def without(self, note: str) -> PopnasFronts:
        """Returns the same with another note."""
        return PopnasFronts(
            *(self.step, self.explored, self.predicted, self.observed, self.texts, self.axes, note)
        )

    @property
    def steps(self) -> list[int]:
        """The steps of which something was predicted."""
        return [int(step) for step in np.unique(self.step)]

    def matplotlib(self) -> Figure:
        """Draws predictions, tied to what was observed, with matplotlib."""
        figure = panels(size=(5.6, 4.2))
        (axes,) = figure.axes
        for at, step in enumerate(self.steps):
            some, style = self.step == step, look(at)
            axes.plot(*self._ties(np.flatnonzero(some)), color=MUTED, linewidth=0.4, zorder=1)
            points = self.predicted[some]
            axes.scatter(
                *(points[:, 1], points[:, 0]),
                marker=style.marker[0],
                color=style.colour,
                s=16,
                label=f"step {step}",
            )
        axes.set_ylabel(plain(self.axes[0]), parse_math=False)
        axes.set_xlabel(plain(self.axes[1] if len(self.axes) > 1 else ""), parse_math=False)
        if self.note:
            say(axes, self.note)
        else:
            legend(axes, title="predicted; lines lead to what was observed", title_fontsize=8)
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly."""
        import plotly.graph_objects as go

        figure = chart()
        for at, step in enumerate(self.steps):
            rows, style = np.flatnonzero(self.step == step), look(at)
            x, y = self._ties(rows)
            line = {"color": MUTED, "width": 0.6}
            name = f"step {step}"
            common = {"legendgroup": name}
            figure.add_trace(
                go.Scatter(
                    x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False, **common
                )
            )
            points = go.Scatter(
                x=self.predicted[rows, 1],
                y=self.predicted[rows, 0],
                mode="markers",
                name=name,
                marker={"color": style.colour, "symbol": style.marker[1], "size": 7},
                hovertext=[self._hover(row) for row in rows.tolist()],
                hoverinfo="text",
                **common,
            )
            figure.add_trace(points)
        figure.update_yaxes(title_text=escaped(self.axes[0]))
        figure.update_xaxes(title_text=escaped(self.axes[1] if len(self.axes) > 1 else ""))
        if self.note:
            say(figure, self.note)
        return figure

    def _ties(self, rows: npt.NDArray[np.int64]) -> tuple[Array, Array]:
        """Lines, with gaps between them, from what was predicted to what was observed."""
        ties = np.full((len(rows), 3, 2), np.nan)
        ties[:, 0], ties[:, 1] = self.predicted[rows], self.observed[rows]
        flat = ties.reshape(-1, 2)
        return flat[:, 1], flat[:, 0]

    def _hover(self, row: int) -> str:
        told = [
            f"{axis}: predicted {self.predicted[row, at]:.4g}, was {self.observed[row, at]:.4g}"
            for at, axis in enumerate(self.axes)
        ]
        reason = "chosen to explore" if self.explored[row] else "of the predicted front"
        return hover(*told, reason, self.texts[row])
