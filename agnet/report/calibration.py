"""What the surrogate of a strategy says of queries before they are made, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt
from scipy import stats

from agnet.errors import MissingExtra
from agnet.objectives import Outcomes
from agnet.report._stretches import MOST, Stretch, stretches
from agnet.report.style import (
    COLOURS,
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
from agnet.strategies import AGNet, ModelBased, Problem, make_strategy
from agnet.strategies.nat.strategy import PREDICTORS
from agnet.strategies.targets import rank_scores, search_scores
from agnet.surrogates import Surrogate

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

__all__ = ["Calibration"]

Rows = npt.NDArray[np.int64]

LOOKED_AT: Final = 1000  # queries: a fit takes long with many more
FEWEST: Final = 3  # outcomes that are learnt from
RANKED: Final = 4  # queries of a stretch on average: the order of fewer says next to nothing
SURE: Final = 1.959964  # deviations on each side of the mean, for 95 %


def _ranked(values: Array) -> Array:
    return rank_scores(Outcomes(values[:, None], np.empty((len(values), 0))))[:, 0]


SCORES: Final[Mapping[str, Callable[[Array], Array]]] = {
    "agnet": search_scores,
    "gp": _ranked,
    "trees": _ranked,
    "nat": np.negative,
}
"""What each strategy's surrogate learns of values to be minimised."""


@final
@dataclass(frozen=True)
class Calibration:
    """Predictions of a surrogate that was refitted afterwards, beside what was observed.

    Each stretch of rounds is predicted from what was known before it. Means and intervals are of
    the first objective itself; the rank correlation is that of the score which the strategy's own
    surrogate learns.

    Attributes:
        stretches: At most twelve, of the rounds after the initial one.
        at: ``(P,)``, the stretch of each query.
        rows: ``(P,)``, its row in the run.
        observed: ``(P,)``, in the objective's unit.
        mean: ``(P,)``, what was to be expected.
        half: ``(P,)``, half the width of the 95 % interval.
        tau: ``(S,)``, Kendall's rank correlation of each stretch; NaN where nothing has an order.
        texts: ``(P,)``, the architectures.
        axis: The objective, with its unit.
        caption: What this is.
        note: A line of text that says what is missing; empty if nothing is.
    """

    stretches: tuple[Stretch, ...]
    at: Rows
    rows: Rows
    observed: Array
    mean: Array
    half: Array
    tau: Array
    texts: tuple[str, ...]
    axis: str
    caption: str
    note: str

    @classmethod
    def of(cls, run: Run) -> Calibration:
        """Refits the surrogate before each stretch; of long runs the first 1000 queries."""
        objective = run.config.parsed_objectives()[0]
        values = run.outcomes.objectives[:LOOKED_AT, 0]
        known = np.flatnonzero(np.isfinite(values))
        told, note = _told(run, values, known)
        rows = [stretch.rows for stretch, *_ in told]
        sizes = [len(part) for part in rows]
        empty = np.empty(0)
        every = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        first = f", the first {LOOKED_AT} queries" if len(run) > LOOKED_AT else ""
        return cls(
            stretches=tuple(stretch for stretch, *_ in told),
            at=np.repeat(np.arange(len(rows)), sizes),
            rows=every,
            observed=objective.sign * values[every],
            mean=objective.sign * np.concatenate([empty, *(mean for _, mean, _, _ in told)]),
            half=np.concatenate([empty, *(half for _, _, half, _ in told)]),
            tau=np.array([tau for *_, tau in told]),
            texts=tuple(run.rows[row].arch for row in every),
            axis=named(objective.metric, unit_of(run, objective.metric)),
            caption=f"Surrogate of {run.config.strategy}, refitted afterwards{first}",
            note=note,
        )

    @property
    def covered(self) -> float:
        """The share of the observations that lie in their 95 % intervals; NaN without any."""
        if not len(self.rows):
            return np.nan
        return float((np.abs(self.observed - self.mean) <= self.half).mean())

    def matplotlib(self) -> Figure:
        """Draws predictions against observations, and rank correlations, with matplotlib."""
        figure = panels(1, 2)
        left, right = figure.axes
        figure.suptitle(plain(self._title), fontsize=9, parse_math=False)
        if self.note:
            say(left, self.note)
        if len(self.rows):
            ends = self._ends
            left.plot(ends, ends, color=MUTED, linewidth=0.8, linestyle="--")
            errors: dict[str, Any] = {"fmt": "none", "ecolor": MUTED, "elinewidth": 0.5}
            left.errorbar(self.observed, self.mean, self.half, zorder=1, **errors)
            points = left.scatter(
                *(self.observed, self.mean), c=self.at, s=14, cmap=CONTINUOUS[0], zorder=2
            )
            figure.colorbar(points, ax=left, label="stretch of rounds, from 0")
            left.set_xlim(ends)
        places = np.arange(len(self.tau))
        right.plot(places, self.tau, marker="o", color=COLOURS[0], linewidth=1)
        right.axhline(0, color=MUTED, linewidth=0.8, linestyle="--")
        right.set_ylim(-1.05, 1.05)
        names = [str(stretch.last) for stretch in self.stretches]
        right.set_xticks(places, names)
        right.set_xlabel("up to round")
        right.set_ylabel("rank correlation (Kendall)")
        left.set_xlabel(plain(f"observed {self.axis}"), parse_math=False)
        left.set_ylabel("predicted, with 95 % intervals")
        return figure

    def plotly(self) -> go.Figure:
        """Draws the same with plotly; ``customdata`` is the row in the run."""
        import plotly.graph_objects as go

        figure = chart(1, 2)
        figure.update_layout(title={"text": escaped(self._title), "font": {"size": 13}})
        if len(self.rows):
            line = {"color": MUTED, "dash": "dash", "width": 1}
            ends = list(self._ends)
            straight = go.Scatter(x=ends, y=ends, mode="lines", line=line, hoverinfo="skip")
            shades: dict[str, Any] = {"color": self.at, "colorscale": CONTINUOUS[1], "size": 7}
            shades["line"] = {"color": MUTED, "width": 0.5}
            points = go.Scatter(
                x=self.observed,
                y=self.mean,
                error_y={"array": self.half, "color": MUTED, "thickness": 0.7, "width": 0},
                mode="markers",
                marker=shades,
                customdata=self.rows,
                hovertext=[self._hover(at) for at in range(len(self.rows))],
                hoverinfo="text",
            )
            figure.add_traces([straight, points], rows=[1, 1], cols=[1, 1])
            figure.update_xaxes(range=self._ends, row=1, col=1)
        order = go.Scatter(
            x=[str(stretch.last) for stretch in self.stretches],
            y=self.tau,
            mode="lines+markers",
            line={"color": COLOURS[0]},
            hovertext=[str(stretch) for stretch in self.stretches],
            hoverinfo="text+y",
        )
        figure.add_trace(order, row=1, col=2)
        figure.update_layout(showlegend=False)
        figure.update_xaxes(title_text=escaped(f"observed {self.axis}"), row=1, col=1)
        figure.update_yaxes(title_text="predicted, with 95 % intervals", row=1, col=1)
        title = "rank correlation (Kendall)"
        figure.update_xaxes(title_text="up to round", type="category", row=1, col=2)
        figure.update_yaxes(title_text=title, range=[-1.05, 1.05], row=1, col=2)
        if self.note:
            say(figure, self.note)
        return figure

    @property
    def _title(self) -> str:
        share = f"; {self.covered:.0%} lie in their intervals" if len(self.rows) else ""
        return self.caption + share

    @property
    def _ends(self) -> tuple[float, float]:
        return shown_range([self.observed]) or (0.0, 1.0)

    def _hover(self, at: int) -> str:
        told = f"expected {self.mean[at]:.4g} ± {self.half[at]:.2g}, was {self.observed[at]:.4g}"
        return hover(str(self.stretches[self.at[at]]), told, self.texts[at])


Told = tuple[Stretch, Array, Array, float]


def _told(run: Run, values: Array, known: Rows) -> tuple[list[Told], str]:
    """What a fresh surrogate tells of each stretch, and why if there is nothing to tell."""
    name = run.config.strategy
    if name not in SCORES or run.config.options.get("surrogate") == "none":
        return [], f"The strategy {name} has no surrogate that can be looked at."
    later = known[[run.rows[row].round > 0 for row in known]] if len(known) else known
    told, archs = [], run.benchmark.space.batch([])
    if len(known):
        space = run.benchmark.space
        archs = space.batch([run.arch(row) for row in run.rows[: len(values)]])
    try:
        for stretch in stretches(run, later, min(MOST, max(len(later) // RANKED, 1))):
            before = known[known < stretch.rows.min()]
            if len(np.unique(values[before])) < FEWEST:
                continue
            targets = np.stack([values[before], SCORES[name](values[before])], axis=1)
            surrogate = _fresh(run)
            surrogate.fit(archs[before], targets)
            mean, std = surrogate.predict(archs[stretch.rows])
            half = SURE * np.hypot(std, surrogate.noise)[:, 0]
            tau = _kendall(mean[:, 1], -values[stretch.rows])
            told.append((stretch, mean[:, 0], half, tau))
    except MissingExtra as error:
        return [], str(error)
    return told, "" if told else "There is too little to learn from before the last round."


def _fresh(run: Run) -> Surrogate:
    """A surrogate as the strategy begins with it.

    Raises:
        MissingExtra: If what it needs is not installed.
    """
    config, rng = run.config, stream(run.config.seed, "calibration")
    if config.strategy == "nat":
        return PREDICTORS[config.options.get("predictor", "boosting")](run.benchmark.space, rng)
    problem = Problem(run.benchmark.space, config.parsed_objectives(), config.parsed_limits())
    # Its generator has nothing to do with it, and would take long to open or even to train.
    options = {**config.options, **({"generator": False} if config.strategy == "agnet" else {})}
    strategy = make_strategy(config.strategy, problem, rng, options)
    if not isinstance(strategy, AGNet | ModelBased) or strategy.surrogate is None:
        raise TypeError(f"{config.strategy} was expected to have a surrogate")
    return strategy.surrogate


def _kendall(one: Array, other: Array) -> float:
    if len(np.unique(one)) < 2 or len(np.unique(other)) < 2:
        return np.nan
    return float(stats.kendalltau(one, other).statistic)
