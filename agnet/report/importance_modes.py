"""Where the distributions of an importance-sampling search have come to, price by price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import numpy as np

from agnet.errors import AgnetError
from agnet.report._checkpoints import restored
from agnet.report.style import COLOURS, Array, chart, hover, panels, say
from agnet.runs import Run
from agnet.strategies import Importance

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["ImportanceModes"]

ACROSS: Final = "price of the whole range of complexity"
UPWARDS: Final = ("entropy (nats)", "effective share of samples")


@final
@dataclass(frozen=True)
class ImportanceModes:
    """One point a distribution, the lowest price first.

    Attributes:
        price: ``(K,)``.
        entropy: ``(K,)``, in nats; 0 when only one architecture is left.
        effective: ``(K,)``, the share of samples that it last learnt from, NaN before.
        texts: ``(K,)``, the likeliest architecture, or that there is none.
        note: A line of text that says what is missing; empty if nothing is.
    """

    price: Array
    entropy: Array
    effective: Array
    texts: tuple[str, ...]
    note: str

    @classmethod
    def of(cls, run: Run) -> ImportanceModes:
        """Takes the distributions from the run's checkpoint."""
        empty = np.empty(0)
        try:
            modes = restored(run, Importance).modes()
        except AgnetError as error:
            return cls(empty, empty, empty, (), str(error))
        return cls(
            np.array([mode.coefficient for mode in modes]),
            np.array([mode.entropy for mode in modes]),
            np.array([mode.effective for mode in modes]),
            tuple("no architecture" if mode.arch is None else str(mode.arch) for mode in modes),
            "" if modes else "The prices are not known yet.",
        )

    def matplotlib(self) -> Figure:
        """Draws entropies and effective shares with matplotlib."""
        figure = panels(1, 2)
        for axes, values, label in zip(
            figure.axes, (self.entropy, self.effective), UPWARDS, strict=True
        ):
            axes.plot(self.price, values, marker="o", color=COLOURS[0])
            axes.set_xlabel(ACROSS)
            axes.set_ylabel(label)
        if self.note:
            say(figure.axes[0], self.note)
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly; the mode is shown over each point."""
        import plotly.graph_objects as go

        figure = chart(1, 2)
        for column, values in enumerate((self.entropy, self.effective), start=1):
            points = go.Scatter(
                x=self.price,
                y=values,
                mode="lines+markers",
                line={"color": COLOURS[0]},
                customdata=np.arange(len(self.price)),
                hovertext=[
                    hover(f"price {price:.4g}: {value:.4g}", text)
                    for price, value, text in zip(self.price, values, self.texts, strict=True)
                ],
                hoverinfo="text",
            )
            figure.add_trace(points, row=1, col=column)
            figure.update_xaxes(title_text=ACROSS, row=1, col=column)
            figure.update_yaxes(title_text=UPWARDS[column - 1], row=1, col=column)
        figure.update_layout(showlegend=False)
        if self.note:
            say(figure, self.note)
        return figure
