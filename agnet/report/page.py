"""The page: one file that needs nothing else, on any screen, without a network."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from agnet import __version__
from agnet.markup import Markup, element
from agnet.report._packing import packed
from agnet.report.drawings import Drawings
from agnet.report.looks import SCRIPT, STYLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Chart", "Section", "page"]


@final
@dataclass(frozen=True)
class Chart:
    """A figure of a page.

    Attributes:
        name: Of its place, a word that no other has.
        caption: What it shows, and how to read it.
        figure: As plotly writes it: ``data`` and ``layout``.
        drawings: By the ``customdata`` of its points, if they can be drawn.
    """

    name: str
    caption: str
    figure: dict[str, Any]
    drawings: Drawings | None = None

    @classmethod
    def of(
        cls, name: str, caption: str, figure: go.Figure, drawings: Drawings | None = None
    ) -> Chart:
        """Takes a figure of plotly; NaN becomes null, and its title a part of the caption."""
        found: dict[str, Any] = json.loads(figure.to_json())
        title = html.unescape(found["layout"].pop("title", {}).get("text", ""))
        said = f"{caption} {title}." if title else caption
        return cls(name, said, {key: found[key] for key in ("data", "layout")}, drawings)

    @property
    def markup(self) -> Markup:
        """An empty place, which the page's script fills, and what is said below it."""
        drawn = self.drawings
        place = element(
            "div",
            id=self.name,
            class_="plot",
            role="img" if drawn is None else "application",
            tabindex="0",
            aria_label=self.caption,
            data_drawings=None if drawn is None else drawn.name,
        )
        below = [] if drawn is None else [drawn.place]
        return element("figure", [place, *below, element("figcaption", self.caption)])


@final
@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        name: A word that no other section has, for links.
        title: Its heading.
        content: What it holds before its charts.
        charts: Its figures.
    """

    name: str
    title: str
    content: Markup
    charts: tuple[Chart, ...] = ()

    @property
    def markup(self) -> Markup:
        """All of it."""
        parts = [
            element("h2", self.title, id=f"{self.name}-title"),
            element("div", self.content, id=f"{self.name}-content"),
            *(chart.markup for chart in self.charts),
        ]
        return element("section", parts, id=self.name, aria_labelledby=f"{self.name}-title")


def page(title: str, sections: Sequence[Section], *, live: str = "") -> str:
    """Returns the whole page.

    Args:
        title: Its heading.
        sections: Its parts, the most important first.
        live: A script that asks for what has changed, of a page that is served.
    """
    import plotly.offline

    charts = [chart for section in sections for chart in section.charts]
    links = [element("a", one.title, href=f"#{one.name}") for one in sections]
    top = element(
        "header",
        [
            element("h1", title),
            element("button", "Dark", id="theme", type="button", aria_pressed="false"),
        ],
    )
    main = element(
        "main",
        [
            top,
            element("nav", links, aria_label="Sections"),
            element("div", [one.markup for one in sections], id="sections"),
            element("p", f"agnet {__version__}"),
        ],
    )
    drawn = {chart.drawings.name: chart.drawings for chart in charts if chart.drawings}
    scripts = [packed("figures", {chart.name: chart.figure for chart in charts})]
    scripts += [one.markup for one in drawn.values()]
    if charts or live:
        scripts.append(packed("plotly", plotly.offline.get_plotlyjs()))
    scripts.append(Markup(f"<script>{SCRIPT}</script>"))
    if live:
        scripts.append(Markup(f"<script>{live}</script>"))
    head = element(
        "head",
        [
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content_="width=device-width, initial-scale=1"),
            element("link", rel="icon", href="data:,"),  # else a browser asks the server for one
            element("title", title),
            Markup(f"<style>{STYLE}</style>"),
        ],
    )
    body = element("body", [main, *scripts])
    return "<!doctype html>\n" + element("html", [head, body], lang="en")
