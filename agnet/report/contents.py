"""What a page of runs holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from agnet.markup import Markup, element, joined
from agnet.report.curves import Curves
from agnet.report.drawings import Drawings
from agnet.report.fronts import Fronts
from agnet.report.latent_map import Reduction
from agnet.report.page import Chart, Section
from agnet.report.strips import Strip
from agnet.report.summary import best_of, how_to_go_on, metrics_of, summary
from agnet.report.understood import understood
from agnet.spaces.drawing import svg

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["fragment", "sections_of"]

DRAWN: Final = 3  # groups of which one run is looked at closely: the best, or the first if live
PICTURES: Final = 240  # that points of all of them show


def sections_of(
    groups: Mapping[str, Sequence[Run]], *, deep: bool = True, reduction: Reduction = "pca"
) -> list[Section]:
    """Returns the parts of a page, the most important first.

    Args:
        groups: Runs by name, at least one each; those of one group differ in their seeds.
        deep: Whether to show what takes seconds: what surrogates knew, maps of latent spaces and
            ways through them, what strategies tell of themselves, and each query that is pointed
            at drawn.
        reduction: Of those maps.

    Raises:
        MissingExtra: If umap-learn is wanted and not installed.
    """
    shown = sorted(groups, key=lambda name: _rank(groups[name])) if deep else list(groups)
    best = {name: _best_run(groups[name]) for name in shown[:DRAWN]}
    drawn: dict[str, Drawings] = {}
    if deep:
        most = PICTURES // len(best)
        drawn = {
            name: Drawings.of(run, f"drawings-{at}", most)
            for at, (name, run) in enumerate(best.items())
        }
    made = [
        Section("summary", "Summary", summary(groups), (_curves(groups),)),
        Section("fronts", "Fronts", Markup(), _fronts(best, drawn)),
        Section("best", "Best architectures", _drawn(groups, best)),
    ]
    if deep:
        charts = understood(best, drawn, reduction)
        made += [
            Section("between", "Between the best", _between(best)),
            Section("understood", "What it knew, and where it looked", Markup(), charts),
        ]
    made.append(Section("again", "Configuration, and how to go on", how_to_go_on(groups)))
    return [section for section in made if section.content or section.charts]


def fragment(run: Run) -> str:
    """Returns what a notebook shows of a run: its summary, and its best architecture drawn."""
    name = "in memory" if run.folder is None else str(run.folder)
    cards = [_card(run, at) for at in best_of(run)[:1]]
    return element("div", [summary({name: [run]}), *cards])


def _curves(groups: Mapping[str, Sequence[Run]]) -> Chart:
    several = len(next(iter(groups.values()))[0].config.objectives) > 1
    what = "The hypervolume of what" if several else "The best that"
    said = f"{what} was found, after each query. Bands are 95 % intervals of the mean over seeds."
    return Chart.of("chart-curves", said, Curves.of(groups).plotly())


def _fronts(best: Mapping[str, Run], drawn: Mapping[str, Drawings]) -> tuple[Chart, ...]:
    """That of the best run of each group, if there is more than one metric to look at."""
    made = {name: Fronts.of(run) for name, run in best.items()}
    return tuple(
        Chart.of(
            f"chart-front-{at}",
            f"{name}: {_said(front, len(best[name]))}",
            front.plotly(),
            None if front.note else drawn.get(name),
        )
        for at, (name, front) in enumerate(made.items())
        if len(front.metrics) > 1
    )


def _said(front: Fronts, queries: int) -> str:
    what = "what nothing is better than" if front.aims > 1 else "the best"
    limits = "; dashed lines are limits" if front.limits else ""
    shown = len(front.rows)
    part = f" ({shown:,} of {queries:,} queries)" if shown < queries else ""
    far = f"; {front.outside:,} of the worst lie outside until one zooms" if front.outside else ""
    return f"what was evaluated{part}. Diamonds are {what}{limits}{far}."


def _between(best: Mapping[str, Run]) -> Markup:
    """Ways through latent spaces, of the runs that have a generator and two good architectures."""
    parts: list[Markup] = []
    for name, run in best.items():
        strip = Strip.of_best(run)
        if not strip.note:
            cards = [
                element("figure", [Markup(svg(arch)), element("figcaption", caption)])
                for arch, caption in zip(strip.archs, strip.captions, strict=True)
            ]
            said = (
                "The way through the latent space from the best to that of the best which differs "
                "most from it: what the codes between them are decoded to."
            )
            parts += [element("h3", name), element("p", said)]
            parts.append(element("div", cards, class_="cards"))
    return joined(parts)


def _drawn(groups: Mapping[str, Sequence[Run]], best: Mapping[str, Run]) -> Markup:
    parts: list[Markup] = []
    for name, run in best.items():
        rows = best_of(run)
        parts.append(
            element("h3", name if len(groups[name]) == 1 else f"{name}, seed {run.config.seed}")
        )
        if not rows:
            parts.append(element("p", "Nothing feasible was found."))
        parts.append(element("div", [_card(run, at) for at in rows], class_="cards"))
    if len(groups) > DRAWN:
        some = ", ".join(best)
        parts.append(element("p", f"Of {len(groups)} these are looked at closely: {some}."))
    return joined(parts)


def _rank(runs: Sequence[Run]) -> float:
    """A number that is smaller for what found better things, in the mean over seeds."""
    if not all(map(len, runs)):
        return np.inf
    several = len(runs[0].config.objectives) > 1
    sign = -1.0 if several else runs[0].config.parsed_objectives()[0].sign
    ends = [(run.hypervolume() if several else run.best_so_far())[-1] for run in runs]
    return float(np.nan_to_num(sign * np.mean(ends), nan=np.inf))


def _best_run(runs: Sequence[Run]) -> Run:
    """The run that found the best, or the largest hypervolume; the first of equals."""
    found = [run for run in runs if run.best_query is not None]
    if len(runs[0].config.objectives) > 1:
        return max(found, key=lambda run: run.hypervolume()[-1], default=runs[0])
    sign = runs[0].config.parsed_objectives()[0].sign
    return min(found, key=lambda run: sign * run.best_so_far()[-1], default=runs[0])


def _card(run: Run, at: int) -> Markup:
    row = run.rows[at]
    arch = run.arch(row)
    values = ", ".join(f"{name} {text}" for name, text in metrics_of(run, at))
    said = [element("strong", f"query {row.query}"), f": {values}", element("br")]
    return element(
        "figure", [Markup(svg(arch)), element("figcaption", [*said, element("code", row.arch)])]
    )
