"""Where a search by partitions has looked, round by round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report.style import COLOURS, chart, look, panels, say
from agnet.runs import Run
from agnet.strategies import LaMOO

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["LamooRegions"]

Counts = npt.NDArray[np.int64]

ACROSS: Final = "queries before"
HATCHES: Final = ("", "//", "..")
WHERE: Final = ("in the region", "in the region without its deepest splits", "elsewhere")


@final
@dataclass(frozen=True)
class LamooRegions:
    """What each round noted.

    Attributes:
        known: ``(R,)``, how much had been evaluated before.
        depth: ``(R,)``, how many boundaries the chosen region had.
        nodes: ``(R,)``, of the tree.
        proposed: ``(R, 3)``, how many proposals lay where, in the order of ``WHERE``.
        note: A line of text that says what is missing; empty if nothing is.
    """

    known: Counts
    depth: Counts
    nodes: Counts
    proposed: Counts
    note: str

    @classmethod
    def of(cls, run: Run) -> LamooRegions:
        """Takes the rounds from the run's checkpoint."""
        empty = np.empty(0, dtype=np.int64)
        try:
            rounds = restored(run, LaMOO).rounds()
        except AgnetError as error:
            return cls(empty, empty, empty, empty.reshape(0, 3), str(error))
        shares = [(r.inside, r.relaxed, r.proposed - r.inside - r.relaxed) for r in rounds]
        return cls(
            np.array([r.known for r in rounds], dtype=np.int64),
            np.array([r.depth for r in rounds], dtype=np.int64),
            np.array([r.nodes for r in rounds], dtype=np.int64),
            np.array(shares, dtype=np.int64).reshape(-1, 3),
            "" if rounds else "Nothing has been proposed yet.",
        )

    def matplotlib(self) -> Figure:
        """Draws depths and nodes, and where proposals lay, with matplotlib."""
        figure = panels(1, 2)
        left, right = figure.axes
        for at, (name, values) in enumerate(self._lines()):
            style = look(at)
            line = {"color": style.colour, "linestyle": style.linestyle, "label": name}
            left.plot(self.known, values, marker=style.marker[0], markersize=3, **line)
        base = np.zeros(len(self.known))
        for at, name in enumerate(WHERE):
            counts = self.proposed[:, at]
            bars: dict[str, Any] = {"color": COLOURS[at], "label": name, "hatch": HATCHES[at]}
            right.bar(np.arange(len(counts)), counts, bottom=base, **bars)
            base = base + counts
        left.set_xlabel(ACROSS)
        right.set_xlabel("round, from 0")
        right.set_ylabel("proposals")
        if self.note:
            say(left, self.note)
        else:
            left.legend(fontsize=8, frameon=False)
            right.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly."""
        import plotly.graph_objects as go

        figure = chart(1, 2)
        for at, (name, values) in enumerate(self._lines()):
            style = look(at)
            line = {"color": style.colour, "dash": style.dashes}
            trace = go.Scatter(x=self.known, y=values, name=name, line=line, mode="lines+markers")
            figure.add_trace(trace, row=1, col=1)
        for at, name in enumerate(WHERE):
            marker = {
                "color": COLOURS[at],
                "pattern": {"shape": ("", "/", ".")[at]},
                "line": {"width": 0},
            }
            bar = go.Bar(
                x=np.arange(len(self.known)), y=self.proposed[:, at], name=name, marker=marker
            )
            figure.add_trace(bar, row=1, col=2)
        figure.update_layout(barmode="stack", bargap=0, legend_traceorder="normal")
        figure.update_xaxes(title_text=ACROSS, row=1, col=1)
        figure.update_xaxes(title_text="round, from 0", row=1, col=2)
        figure.update_yaxes(title_text="proposals", row=1, col=2)
        if self.note:
            say(figure, self.note)
        return figure

    def _lines(self) -> tuple[tuple[str, Counts], ...]:
        return (("boundaries of the region", self.depth), ("nodes of the tree", self.nodes))
