"""The distributions of an importance-sampling search: how likely each option is, price by price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report._some import Rows
from agnet.report.style import CONTINUOUS, Array, chart, panels, say
from agnet.runs import Run
from agnet.strategies import Importance

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["ImportanceDistributions"]


@final
@dataclass(frozen=True)
class ImportanceDistributions:
    """One row a distribution, the lowest price first; the options of all choices side by side.

    Attributes:
        price: ``(K,)``.
        probability: ``(K, O)``.
        choice: ``(O,)``, which choice of an architecture each option is one of, from 0,
        option: ``(O,)``, and its number among those, from 0.
        note: A line of text that says what is missing; empty if nothing is.
    """

    price: Array
    probability: Array
    choice: Rows
    option: Rows
    note: str

    @classmethod
    def of(cls, run: Run) -> ImportanceDistributions:
        """Takes the distributions from the run's checkpoint."""
        none = cls(*(np.empty(0), np.empty((0, 0)), np.arange(0), np.arange(0), ""))
        try:
            strategy = restored(run, Importance)
        except AgnetError as error:
            return replace(none, note=str(error))
        modes = strategy.modes()
        if not modes:
            return replace(none, note="The prices are not known yet.")
        sizes = np.array(run.benchmark.space.choice_sizes)
        there = np.arange(sizes.max()) < sizes[:, None]
        choice, option = np.nonzero(there)
        price = np.array([mode.coefficient for mode in modes])
        return cls(price, strategy.probabilities()[:, there], choice, option, "")

    @property
    def rows(self) -> list[str]:
        """What stands beside each row."""
        return [f"{price:.3g}" for price in self.price]

    @property
    def middles(self) -> list[float]:
        """Where each choice is, in the middle of its options."""
        every = np.unique(self.choice)
        return [float(np.flatnonzero(self.choice == one).mean()) for one in every]

    def matplotlib(self) -> Figure:
        """Draws a map of probabilities with matplotlib."""
        figure = panels(size=(6.4, 2.6))
        (axes,) = figure.axes
        if self.note:
            say(axes, self.note)
            return figure
        look: dict[str, Any] = {"aspect": "auto", "origin": "lower"}
        shown = axes.imshow(self.probability, cmap=CONTINUOUS[0], vmin=0, vmax=1, **look)
        for edge in np.flatnonzero(np.diff(self.choice)):
            axes.axvline(edge + 0.5, color="white", linewidth=2)
        axes.set_xticks(self.middles, [str(at) for at in range(len(self.middles))])
        axes.set_yticks(range(len(self.price)), self.rows)
        axes.set_xlabel("choice, with its options from left to right")
        axes.set_ylabel("price")
        figure.colorbar(shown, ax=axes, label="probability")
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly."""
        import plotly.graph_objects as go

        figure = chart()
        if self.note:
            say(figure, self.note)
            return figure
        numbers = np.stack([self.choice, self.option], axis=1)
        shown = go.Heatmap(
            z=self.probability,
            x=np.arange(len(self.choice)),
            y=self.rows,
            customdata=np.broadcast_to(numbers, (len(self.price), *numbers.shape)),
            colorscale=CONTINUOUS[1],
            zmin=0,
            zmax=1,
            ygap=2,
            colorbar={"title": {"text": "probability"}},
            hovertemplate="price %{y}, choice %{customdata[0]}, option %{customdata[1]}: %{z:.3f}"
            "<extra></extra>",
        )
        figure.add_trace(shown)
        for edge in np.flatnonzero(np.diff(self.choice)).tolist():
            figure.add_vline(x=edge + 0.5, line={"color": "white", "width": 3})
        ticks = {"tickvals": self.middles, "ticktext": np.arange(len(self.middles))}
        title = "choice, with its options from left to right"
        figure.update_xaxes(title_text=title, showgrid=False, **ticks)
        figure.update_yaxes(title_text="price", type="category")
        return figure
