"""Where in the latent space of the generator a run has looked, in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

import numpy as np
from scipy import stats

from agnet.errors import InvalidInput
from agnet.extras import needs
from agnet.generators import GraphVAE
from agnet.report._generators import generator_of
from agnet.report._some import Rows, some
from agnet.report._stretches import stretches
from agnet.report.style import (
    CONTINUOUS,
    MUTED,
    Array,
    chart,
    escaped,
    hover,
    named,
    panels,
    plain,
    say,
    shown_range,
    unit_of,
)
from agnet.runs import Run
from agnet.seeds import stream

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["LatentMap", "Reduction"]

Reduction: TypeAlias = Literal["pca", "umap"]

POINTS: Final = 1000
DRAWS: Final = 2000
GRID: Final = 48
MASS: Final = (0.95, 0.75, 0.5, 0.25)  # of the prior, inside of each contour


@final
@dataclass(frozen=True)
class LatentMap:
    """Codes of what was evaluated, flattened.

    Attributes:
        rows: ``(P,)``, the row in the run of each point; of thousands an even choice.
        places: ``(P, 2)``.
        values: ``(P,)``, the first objective in its unit, NaN where there is no number.
        path: ``(S, 2)``, the means of stretches of rounds, in order.
        across: ``(G,)``, where the density of the prior is known,
        up: ``(G,)``, and in the other direction.
        density: ``(G, G)``, by ``up``, then ``across``.
        levels: Of the density, rising: inside of them lie 95, 75, 50 and 25 % of the draws.
        texts: ``(P,)``, the architectures.
        queries: ``(P,)``.
        shades: The values at the ends of the map of colours: the best, and, so that a few bad ones
            do not make all others look alike, what a tenth is worse than.
        axis: The objective, with its unit.
        caption: Which generator and which reduction.
        note: A line of text that says what is missing; empty if nothing is.
    """

    rows: Rows
    places: Array
    values: Array
    path: Array
    across: Array
    up: Array
    density: Array
    levels: Array
    texts: tuple[str, ...]
    queries: Rows
    shades: tuple[float, float]
    axis: str
    caption: str
    note: str

    @classmethod
    def of(
        cls, run: Run, generator: GraphVAE | None = None, reduction: Reduction = "pca"
    ) -> LatentMap:
        """Encodes what was evaluated.

        Args:
            run: The run.
            generator: What encodes; by default that of the run's checkpoint, or else the one that
                ships for the space.
            reduction: ``pca``: the two directions in which the codes differ most; or ``umap``
                (McInnes et al., 2018), which needs the package.

        Raises:
            InvalidInput: If there is no such reduction.
            MissingExtra: If umap-learn is wanted and not installed.
        """
        if reduction not in ("pca", "umap"):
            raise InvalidInput(f"got the reduction {reduction!r}; expected pca or umap")
        name, note = "given", ""
        if generator is None:
            generator, name, note = generator_of(run)
        rows = some(np.arange(len(run) if generator is not None else 0), POINTS)
        objective = run.config.parsed_objectives()[0]
        places, drawn = np.empty((0, 2)), np.empty((0, 2))
        if generator is not None and len(rows):
            places, drawn = _flattened(run, generator, rows, reduction)
        if not note and not len(rows):
            note = "Nothing has been evaluated."
        part = f", {len(rows):,} of {len(run):,} queries" if len(rows) < len(run) else ""
        position = {int(row): at for at, row in enumerate(rows)}
        parts = [[position[int(row)] for row in s.rows] for s in stretches(run, rows)]
        values = run.values[:, run.columns.index(objective.metric)][rows]
        values = np.where(np.isfinite(values), values, np.nan)
        return cls(
            rows,
            places,
            values,
            np.array([places[part].mean(axis=0) for part in parts]).reshape(-1, 2),
            *_density(drawn, places),
            texts=tuple(run.rows[row].arch for row in rows),
            queries=np.array([run.rows[row].query for row in rows], dtype=np.int64),
            shades=_shades(values, objective.sign),
            axis=named(objective.metric, unit_of(run, objective.metric)),
            caption=f"Latent space of the {name} generator ({reduction.upper()}){part}",
            note=note,
        )

    def matplotlib(self) -> Figure:
        """Draws the map with matplotlib."""
        figure = panels(size=(5.6, 4.4))
        (axes,) = figure.axes
        axes.set_title(plain(self.caption), fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        if self.note:
            say(axes, self.note)
        if not len(self.rows):
            return figure
        if len(self.levels):
            grid = (self.across, self.up, self.density)
            axes.contour(*grid, levels=self.levels, colors=MUTED, linewidths=0.7)
        there = np.isfinite(self.values)
        look: dict[str, Any] = {"s": 16, "linewidths": 0.4, "zorder": 2}
        missing = self.places[~there]
        axes.scatter(*missing.T, facecolors="none", edgecolors=MUTED, label="failed", **look)
        points = axes.scatter(
            self.places[there, 0],
            self.places[there, 1],
            c=self.values[there],
            cmap=CONTINUOUS[0],
            vmin=self.shades[0],
            vmax=self.shades[1],
            edgecolors="white",
            label="evaluated",
            **look,
        )
        bar = figure.colorbar(points, ax=axes)
        bar.set_label(plain(self.axis), parse_math=False)
        axes.plot(*self.path.T, color="black", linewidth=1.0, marker=".", markersize=4, zorder=3)
        if len(self.path) > 1:
            arrow = {"arrowstyle": "->", "color": "black"}
            axes.annotate("", self.path[-1], self.path[-2], arrowprops=arrow, zorder=3)
        return figure

    def plotly(self) -> go.Figure:
        """Draws the map with plotly; ``customdata`` is the row in the run."""
        import plotly.graph_objects as go

        figure = chart()
        figure.update_layout(title={"text": escaped(self.caption), "font": {"size": 13}})
        if self.note:
            say(figure, self.note)
        if not len(self.rows):
            return figure
        for level in self.levels.tolist():
            figure.add_trace(self._contour(level))
        there = np.isfinite(self.values)
        shades: dict[str, Any] = {
            "color": self.values[there],
            "colorscale": CONTINUOUS[1],
            "cmin": self.shades[0],
            "cmax": self.shades[1],
            "line": {"color": MUTED, "width": 0.5},
            "colorbar": {"title": {"text": escaped(self.axis)}},
        }
        open_ = {"symbol": "circle-open", "color": MUTED}
        for name, part, marker in (("failed", ~there, open_), ("evaluated", there, shades)):
            if part.any():
                points = go.Scatter(
                    x=self.places[part, 0],
                    y=self.places[part, 1],
                    mode="markers",
                    name=name,
                    marker={"size": 8, **marker},
                    customdata=self.rows[part],
                    hovertext=[self._hover(at) for at in np.flatnonzero(part).tolist()],
                    hoverinfo="text",
                )
                figure.add_trace(points)
        sizes = [5] * (len(self.path) - 1) + [12]
        way = go.Scatter(
            x=self.path[:, 0],
            y=self.path[:, 1],
            mode="lines+markers",
            name="path of the rounds",
            line={"color": "#D55E00", "width": 2},
            marker={"symbol": "arrow", "angleref": "previous", "size": sizes},
            hoverinfo="skip",
        )
        figure.add_trace(way)
        figure.update_xaxes(showticklabels=False, ticks="", zeroline=False)
        figure.update_yaxes(showticklabels=False, ticks="", zeroline=False)
        figure.update_layout(showlegend=False)
        return figure

    def _contour(self, level: float) -> Any:
        import plotly.graph_objects as go

        ends = {"start": level, "end": level, "size": 1, "coloring": "none"}
        return go.Contour(
            x=self.across,
            y=self.up,
            z=self.density,
            contours=ends,
            line={"color": MUTED, "width": 1},
            showscale=False,
            hoverinfo="skip",
        )

    def _hover(self, at: int) -> str:
        value = f"{self.axis}: {self.values[at]:g}"
        return hover(f"query {self.queries[at]}", value, self.texts[at])


def _flattened(
    run: Run, generator: GraphVAE, rows: Rows, reduction: Reduction
) -> tuple[Array, Array]:
    """Places of the rows, and of draws from the prior."""
    space = run.benchmark.space
    archs = space.batch([run.arch(run.rows[row]) for row in rows])
    codes = generator.encode(archs).numpy().astype(np.float64)
    drawn = stream(run.config.seed, "latent map").standard_normal((DRAWS, codes.shape[1]))
    if reduction == "umap":
        with needs("notebooks", "a map by UMAP"):
            umap = import_module("umap")
        flat = umap.UMAP(random_state=0, n_jobs=1).fit_transform(np.concatenate([codes, drawn]))
        return flat[: len(codes)], flat[len(codes) :]
    centre = codes.mean(axis=0)
    # Of few or equal codes the leading directions are as good as any.
    axes = np.linalg.svd(codes - centre, full_matrices=True)[2][:2]
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    return (codes - centre) @ axes.T, (drawn - centre) @ axes.T


def _shades(values: Array, sign: float) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    shares = (0.0, 0.9) if sign > 0 else (0.1, 1.0)
    low, high = np.quantile(known, shares).tolist()
    return low, high if high > low else low + 1.0


def _density(drawn: Array, places: Array) -> tuple[Array, Array, Array, Array]:
    """The density of draws on a grid around all that is shown, and its levels."""
    ends = [shown_range([drawn[:, at], places[:, at]]) or (0.0, 1.0) for at in range(2)]
    across, up = (np.linspace(low, high, GRID) for low, high in ends)
    if not len(drawn):
        return across, up, np.zeros((GRID, GRID)), np.empty(0)
    estimate = stats.gaussian_kde(drawn.T)
    grid = np.stack(np.meshgrid(across, up)).reshape(2, -1)
    density = estimate(grid).reshape(GRID, GRID)
    levels = np.quantile(estimate(drawn.T), 1 - np.array(MASS))
    return across, up, density, levels
