"""How figures look: colours, dashes and markers that can be told apart without colour, and texts.

Colours are those of Okabe and Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agnet.runs import Run

__all__ = [
    "COLOURS",
    "CONTINUOUS",
    "MUTED",
    "Array",
    "Look",
    "chart",
    "escaped",
    "hover",
    "legend",
    "look",
    "mostly",
    "named",
    "panels",
    "plain",
    "say",
    "shown_range",
    "unit_of",
]

Array = npt.NDArray[np.float64]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#888888")
DASHES: Final[tuple[tuple[int, ...], ...]] = (
    (),
    (7, 2),
    (7, 2, 2, 2),
    (2, 2),
    (10, 2, 2, 2, 2, 2),
    (4, 1),
)
MARKERS: Final = (
    ("o", "circle"),
    ("s", "square"),
    ("^", "triangle-up"),
    ("D", "diamond"),
    ("v", "triangle-down"),
)
MUTED: Final = "#888888"
CONTINUOUS: Final = ("cividis", "Cividis")
"""A map of numbers to colours that is read alike with every kind of sight."""
WORST: Final = 0.05  # of the points, which may lie outside of the picture at first
SIZE: Final = 9.0
LINE: Final = 60


@final
@dataclass(frozen=True)
class Look:
    """How one series is drawn, in matplotlib's words and in plotly's."""

    colour: str
    dash: tuple[int, ...]
    marker: tuple[str, str]

    @property
    def linestyle(self) -> Any:
        """For matplotlib."""
        return (0, self.dash) if self.dash else "-"

    @property
    def dashes(self) -> str:
        """For plotly."""
        return ",".join(f"{length}px" for length in self.dash) or "solid"


def look(at: int) -> Look:
    """Returns the look of series number ``at``; the first 42 differ in colour or dashes."""
    return Look(COLOURS[at % len(COLOURS)], DASHES[at % len(DASHES)], MARKERS[at % len(MARKERS)])


def panels(rows: int = 1, columns: int = 1, size: tuple[float, float] = (4.6, 3.4)) -> Figure:
    """Returns an empty figure of matplotlib with that many panels of ``size`` inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.tick_params(labelsize=SIZE)
        axes.xaxis.label.set_fontsize(SIZE)
        axes.yaxis.label.set_fontsize(SIZE)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def chart(rows: int = 1, columns: int = 1) -> go.Figure:
    """Returns an empty figure of plotly.

    Its background is transparent, and it says no colour of fonts or grids: those are the page's,
    which can so be light or dark.
    """
    from plotly.subplots import make_subplots

    height = 60 + 300 * rows
    figure = make_subplots(rows=rows, cols=columns, vertical_spacing=70 / height)
    clear = "rgba(0,0,0,0)"
    figure.update_layout(
        height=height if rows > 1 else None,
        template="none",
        paper_bgcolor=clear,
        plot_bgcolor=clear,
        margin={"t": 30, "r": 20, "b": 50, "l": 40},
    )
    return figure


def say(where: Axes | go.Figure, text: str) -> None:
    """Writes a line of text into the middle of empty axes, or into a figure of plotly."""
    from matplotlib.axes import Axes

    if isinstance(where, Axes):
        where.text(
            *(0.5, 0.5, "\n".join(textwrap.wrap(plain(text), 45))),
            transform=where.transAxes,
            ha="center",
            va="center",
            fontsize=SIZE,
            parse_math=False,
        )
        return
    where.add_annotation(
        text=hover(text), showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
    )


def legend(axes: Axes, **where: Any) -> None:
    """Adds a legend in which names are texts and no formulas."""
    for text in axes.legend(fontsize=SIZE - 1, frameon=False, **where).get_texts():
        text.set_parse_math(False)


def plain(text: str) -> str:
    """Returns one line of a text as matplotlib can show it, whatever a run may be called.

    It leaves out of a legend what is empty or begins with an underscore, and warns of letters that
    its font has not.
    """
    known = " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")
    shown = "".join(letter if letter.isprintable() else "?" for letter in known)
    return f" {shown}" if shown[:1] in ("", "_") else shown


def escaped(text: str) -> str:
    """Returns a text that plotly, which reads some tags, shows as it is."""
    return html.escape(text, quote=False)


def hover(*texts: str) -> str:
    """Returns what is shown over a point: each text on lines of its own, none of them long."""
    lines = [line for text in texts for line in textwrap.wrap(text, LINE) or [""]]
    return "<br>".join(map(escaped, lines))


def named(metric: str, unit: str) -> str:
    """Returns the name of a metric with its unit, unless the name ends with that."""
    told = not unit or metric.lower().endswith(f"_{unit.lower()}")
    return metric if told else f"{metric} ({unit})"


def unit_of(run: Run, metric: str) -> str:
    """Returns the unit that a run's benchmark gives for a metric; empty if it does not say."""
    return next((known.unit for known in run.benchmark.metrics if known.name == metric), "")


def mostly(values: Array, sign: float) -> Array:
    """Returns what is shown at first of some values: all, or without the worst twentieth.

    That is left out if the others would else be squeezed into half the room.

    Args:
        values: ``(B,)``, finite.
        sign: -1 if more is better, 1 if less is.
    """
    if not len(values):
        return values
    most = values[sign * values <= np.quantile(sign * values, 1 - WORST)]
    return most if np.ptp(most) < np.ptp(values) / 2 else values


def shown_range(values: Sequence[Array] | Array) -> tuple[float, float] | None:
    """Returns ends a little outside of all finite values; None if there are none."""
    flat = np.concatenate([np.ravel(part) for part in values] or [np.empty(0)])
    finite = flat[np.isfinite(flat)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    pad = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - pad, high + pad
