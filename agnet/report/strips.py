"""A way through the latent space from one architecture to another, drawn step by step."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.generators import Generator, interpolate, load_pretrained
from agnet.report._generators import generator_of
from agnet.report.style import Array, chart, hover, panels, say
from agnet.report.summary import best_of
from agnet.runs import Run
from agnet.spaces import Architecture
from agnet.spaces.drawing import draw, svg

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["Strip"]

COLUMNS: Final = 3
INK: Final = "#888888"  # is seen on white and on black: a picture in a chart knows no page


@final
@dataclass(frozen=True)
class Strip:
    """Architectures along a way.

    Attributes:
        archs: ``S`` of them, no two that follow one another equal.
        along: ``(S,)``, how far along each was first met, from 0 to 1.
        edits: ``(S,)``, from the first of them.
        note: A line of text that says what is missing; empty if nothing is.
    """

    archs: tuple[Architecture, ...]
    along: Array
    edits: npt.NDArray[np.int64]
    note: str = ""

    @classmethod
    def of(
        cls,
        first: Architecture,
        second: Architecture,
        generator: Generator | None = None,
        *,
        steps: int = 9,
    ) -> Strip:
        """Decodes codes between those of two architectures, the likeliest choices of each.

        The ends are the two themselves, whatever their codes are decoded to.

        Args:
            first: Where the way begins.
            second: Where it ends, of the same space.
            generator: Of the space; by default the one that ships for it.
            steps: How many codes are looked at, both ends included; at least 2.

        Raises:
            InvalidInput: If the two are of different spaces, or there are too few steps.
            CheckpointError: If no generator is given and none ships.
        """
        space = first.space
        if second.space != space:
            raise InvalidInput(
                f"got architectures of {space.name} and {second.space.name}; expected one space"
            )
        made = load_pretrained(space) if generator is None else generator
        ends = made.encode([first, second])
        codes = interpolate(ends[:1], ends[1:], steps, spherical=True)[0]
        inner = made.decode(codes[1:-1], np.random.default_rng(0), temperature=0.0)
        every = [first, *inner, second]
        new = [at for at, arch in enumerate(every) if at == 0 or arch != every[at - 1]]
        archs = [every[at] for at in new]
        edits = space.edit_distance(space.batch([first] * len(archs)), space.batch(archs))
        return cls(tuple(archs), np.array(new) / (steps - 1), edits)

    @classmethod
    def of_best(cls, run: Run) -> Strip:
        """Leads from the best of a run to that of its best which differs most from it."""
        space, rows = run.benchmark.space, best_of(run)
        generator, _, why = generator_of(run)
        if len(rows) < 2:
            why = "Fewer than two feasible architectures were found."
        if generator is None or len(rows) < 2:
            return cls((), np.empty(0), np.empty(0, dtype=np.int64), why)
        archs = space.batch([run.arch(run.rows[row]) for row in rows])
        far = int(space.edit_distance(space.batch([archs[0]] * len(archs)), archs).argmax())
        return cls.of(archs[0], archs[far], generator)

    @property
    def captions(self) -> tuple[str, ...]:
        """How far along each architecture is, and how many edits from the first."""
        return tuple(
            f"{way:.0%} of the way, {count} edit{'' if count == 1 else 's'}"
            for way, count in zip(self.along, self.edits, strict=True)
        )

    def matplotlib(self) -> Figure:
        """Draws them in rows with matplotlib."""
        rows = -(-len(self.archs) // COLUMNS)
        figure = panels(max(rows, 1), COLUMNS, (4.4, 1.9))
        for axes in figure.axes:
            axes.set_axis_off()
        if self.note:
            say(figure.axes[1], self.note)
        for arch, caption, axes in zip(self.archs, self.captions, figure.axes, strict=False):
            draw(arch, axes)
            axes.set_title(caption, fontsize=9)
        return figure

    def plotly(self) -> go.Figure:
        """Shows them in rows with plotly, as pictures over points that tell the texts."""
        import plotly.graph_objects as go

        figure = chart()
        if self.note:
            say(figure, self.note)
            return figure
        x = np.arange(len(self.archs)) % COLUMNS
        y = -(np.arange(len(self.archs)) // COLUMNS)
        points = go.Scatter(
            x=x,
            y=y - 0.45,
            mode="text",
            text=self.captions,
            customdata=self.edits,
            hovertext=[hover(str(arch)) for arch in self.archs],
            hoverinfo="text",
        )
        figure.add_trace(points)
        place = {"xref": "x", "yref": "y", "xanchor": "center", "yanchor": "middle"}
        for arch, across, up in zip(self.archs, x.tolist(), y.tolist(), strict=True):
            source = _picture(arch)
            figure.add_layout_image(source=source, x=across, y=up, sizex=0.92, sizey=0.75, **place)
        figure.update_xaxes(visible=False, range=[-0.55, COLUMNS - 0.45])
        figure.update_yaxes(visible=False, range=[float(y.min()) - 0.6, 0.5])
        return figure


def _picture(arch: Architecture) -> str:
    drawn = svg(arch).replace("<svg ", f'<svg color="{INK}" ', 1)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
