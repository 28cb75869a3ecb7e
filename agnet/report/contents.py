"""What a page of runs holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agnet.markup import Markup, element, joined
from agnet.report.calibration import Calibration
from agnet.report.curves import Curves
from agnet.report.fronts import Fronts
from agnet.report.latent_map import LatentMap
from agnet.report.page import Chart, Section
from agnet.report.summary import best_of, how_to_go_on, metrics_of, summary
from agnet.spaces.drawing import svg

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["fragment", "sections_of"]

MAP: Final = (
    "Points are what was evaluated, contours how likely draws of the prior are; the line leads "
    "from round to round through their means."
)
DRAWN: Final = 3  # groups whose architectures are drawn


def sections_of(groups: Mapping[str, Sequence[Run]], *, deep: bool = True) -> list[Section]:
    """Returns the parts of a page, the most important first.

    Args:
        groups: Runs by name, at least one each; those of one group differ in their seeds.
        deep: Whether to show what takes seconds: what surrogates knew, and maps of latent spaces.
    """
    several = len(next(iter(groups.values()))[0].config.objectives) > 1
    best = {name: _best_run(runs) for name, runs in list(groups.items())[:DRAWN]}
    made = [Section("summary", "Summary", summary(groups), (_curves(groups, several),))]
    if several:
        made.append(Section("fronts", "Fronts", Markup(), _fronts(best)))
    made.append(Section("best", "Best architectures", _drawn(groups, best)))
    charts = _understood(best) if deep else ()
    if charts:
        made.append(Section("understood", "What it knew, and where it looked", Markup(), charts))
    made.append(Section("again", "Configuration, and how to go on", how_to_go_on(groups)))
    return made


def fragment(run: Run) -> str:
    """Returns what a notebook shows of a run: its summary, and its best architecture drawn."""
    name = "in memory" if run.folder is None else str(run.folder)
    cards = [_card(run, at) for at in best_of(run)[:1]]
    return element("div", [summary({name: [run]}), *cards])


def _curves(groups: Mapping[str, Sequence[Run]], several: bool) -> Chart:
    what = "The hypervolume of what" if several else "The best that"
    said = f"{what} was found, after each query. Bands are 95 % intervals of the mean over seeds."
    return Chart("chart-curves", said, _plain(Curves.of(groups)))


def _fronts(best: Mapping[str, Run]) -> tuple[Chart, ...]:
    """That of the best run of each group."""
    said = "Every architecture that was evaluated; lines join those that nothing is better than."
    return tuple(
        Chart(f"chart-front-{at}", f"{name}: {said}", _plain(Fronts.of(run)))
        for at, (name, run) in enumerate(best.items())
    )


def _understood(best: Mapping[str, Run]) -> tuple[Chart, ...]:
    """What the surrogate told, and where in the latent space queries lie, where there is one."""
    found: list[Chart] = []
    for at, (name, run) in enumerate(best.items()):
        told, place = Calibration.of(run), LatentMap.of(run)
        if not told.note:
            found.append(Chart(f"chart-told-{at}", f"{name}: {told.caption}", _plain(told)))
        if not place.note:
            said = f"{name}: {place.caption}. {MAP}"
            found.append(Chart(f"chart-map-{at}", said, _plain(place)))
    return tuple(found)


def _plain(figure: Any) -> dict[str, Any]:
    """A figure as data, NaN being null."""
    found: dict[str, Any] = json.loads(figure.plotly().to_json())
    return {name: found[name] for name in ("data", "layout")}


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
        parts.append(element("p", f"Drawn are those of the first {DRAWN} of {len(groups)}."))
    return joined(parts)


def _best_run(runs: Sequence[Run]) -> Run:
    """The run that found the best, or the largest hypervolume; the first of equals."""
    found = [run for run in runs if run.best_query is not None]
    if len(runs[0].config.objectives) > 1:
        return max(found, key=lambda run: run.hypervolume()[-1], default=runs[0])
    sign = runs[0].config.parsed_objectives()[0].sign
    return min(found, key=lambda run: sign * run.best_so_far()[-1], default=runs[0])


def _card(run: Run, at: int) -> Markup:
    row = run.rows[at]
    arch = run.benchmark.space.parse(row.arch)
    values = ", ".join(f"{name} {text}" for name, text in metrics_of(run, at))
    said = [element("strong", f"query {row.query}"), f": {values}", element("br")]
    return element(
        "figure", [Markup(svg(arch)), element("figcaption", [*said, element("code", row.arch)])]
    )
