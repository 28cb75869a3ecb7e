"""The tree that the last proposals of a search by partitions were chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report.style import COLOURS, MUTED, Array, chart, hover, panels, say
from agnet.runs import Run
from agnet.strategies import LaMOO
from agnet.strategies.lamoo.reports import NodeReport

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["LamooTree"]

ROW: Final = 20  # pixels
KINDS: Final = (("o", "circle", MUTED), ("o", "circle", COLOURS[0]), ("D", "diamond", COLOURS[1]))
NAMES: Final = ("split", "region", "chosen region")


@final
@dataclass(frozen=True)
class LamooTree:
    """Nodes in rows: below each its good child and all that is below that, then the bad one.

    Attributes:
        nodes: ``N`` of them, as the strategy reports them.
        row: ``(N,)``, the row of each, from 0.
        kind: ``(N,)``, 0 for what is split, 1 for a leaf, 2 for the chosen one.
        note: A line of text that says what is missing; empty if nothing is.
    """

    nodes: tuple[NodeReport, ...]
    row: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    note: str

    @classmethod
    def of(cls, run: Run) -> LamooTree:
        """Takes the tree from the run's checkpoint."""
        nodes: tuple[NodeReport, ...] = ()
        try:
            nodes = restored(run, LaMOO).tree()
            note = "" if nodes else "The checkpoint holds no tree."
        except AgnetError as error:
            note = str(error)
        kind = [2 if node.chosen else int(node.accuracy is None) for node in nodes]
        return cls(nodes, _rows(nodes), np.array(kind, dtype=np.int64), note)

    @property
    def labels(self) -> tuple[str, ...]:
        """How many samples each node has, their hypervolume, and its upper confidence bound."""
        return tuple(
            f"{node.n}: {node.hypervolume:.3f}"
            + ("" if np.isinf(node.ucb) else f", bound {node.ucb:.3f}")
            for node in self.nodes
        )

    def matplotlib(self) -> Figure:
        """Draws the tree with matplotlib."""
        figure = panels(size=(6.4, 0.6 + 0.2 * max(len(self.nodes), 8)))
        (axes,) = figure.axes
        axes.set_axis_off()
        if self.note:
            say(axes, self.note)
            return figure
        places = self._places
        axes.plot(*self._links().T, color=MUTED, linewidth=0.8, zorder=1)
        for at, (marker, _, colour) in enumerate(KINDS):
            some = places[self.kind == at]
            look: dict[str, Any] = {"marker": marker, "color": colour, "label": NAMES[at]}
            axes.scatter(some[:, 0], some[:, 1], s=24, zorder=2, **look)
        for (x, y), label in zip(places.tolist(), self.labels, strict=True):
            axes.annotate(
                *(label, (x, y)), (6, 0), textcoords="offset points", va="center", fontsize=8
            )
        axes.set_xlim(-0.3, self._width)
        axes.invert_yaxis()
        axes.legend(fontsize=8, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly."""
        import plotly.graph_objects as go

        figure = chart()
        if self.note:
            say(figure, self.note)
            return figure
        places, labels = self._places, np.array(self.labels, dtype=object)
        x, y = self._links().T
        line = {"color": MUTED, "width": 1}
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)
        )
        for at, (_, symbol, colour) in enumerate(KINDS):
            some = self.kind == at
            points = go.Scatter(
                x=places[some, 0],
                y=places[some, 1],
                mode="markers+text",
                name=NAMES[at],
                marker={"color": colour, "symbol": symbol, "size": 9},
                text=["\u2002" + label for label in labels[some]],
                textposition="middle right",
                textfont={"size": 11},
                hovertext=[self._hover(node) for node in np.flatnonzero(some).tolist()],
                hoverinfo="text",
                cliponaxis=False,
            )
            figure.add_trace(points)
        top = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
        figure.update_layout(height=120 + ROW * len(self.nodes), legend=top)
        figure.update_xaxes(visible=False, range=[-0.3, self._width])
        figure.update_yaxes(visible=False, range=[len(self.nodes) - 0.5, -0.5])
        return figure

    @property
    def _depth(self) -> npt.NDArray[np.int64]:
        return np.array([node.depth for node in self.nodes], dtype=np.int64)

    @property
    def _places(self) -> Array:
        return np.stack([self._depth, self.row], axis=1).astype(np.float64)

    @property
    def _width(self) -> float:
        """Columns: those of the nodes, and as much again for the words beside the last of them."""
        return 1.0 + 2.0 * float(self._depth.max())

    def _links(self) -> Array:
        """Lines with gaps between them: from each parent down, and then to its child."""
        places = self._places
        ways = [
            (places[node.parent], (places[node.parent, 0], place[1]), place, (np.nan, np.nan))
            for node, place in zip(self.nodes[1:], places[1:], strict=True)
        ]
        return np.array(ways, dtype=np.float64).reshape(-1, 2)

    def _hover(self, at: int) -> str:
        node = self.nodes[at]
        told = [f"{node.n} samples", f"hypervolume {node.hypervolume:.4g}"]
        if np.isfinite(node.ucb):
            told.append(f"upper confidence bound {node.ucb:.4g}")
        if node.accuracy is not None:
            told.append(f"its boundary is right for {node.accuracy:.0%}")
        if np.isfinite(node.share):
            told.append(f"{node.share:.1%} of the space")
        return hover(NAMES[self.kind[at]], *told)


def _rows(nodes: tuple[NodeReport, ...]) -> npt.NDArray[np.int64]:
    """The row of each node, in depth-first order."""
    children: list[list[int]] = [[] for _ in nodes]
    for at, node in enumerate(nodes[1:], start=1):
        children[node.parent].append(at)
    order, waiting = [], [0] if nodes else []
    while waiting:
        at = waiting.pop()
        order.append(at)
        waiting += reversed(children[at])
    return np.argsort(np.array(order, dtype=np.int64))
