"""The page: one file that needs nothing else, on any screen, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from agnet import __version__
from agnet.markup import Markup, element, script_json
from agnet.report.looks import SCRIPT, STYLE

__all__ = ["Chart", "Section", "page"]


@final
@dataclass(frozen=True)
class Chart:
    """A figure of a page.

    Attributes:
        name: Of its place, a word that no other has.
        caption: What it shows, and how to read it.
        figure: As plotly writes it: ``data`` and ``layout``.
    """

    name: str
    caption: str
    figure: dict[str, Any]


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
        """All of it; charts are empty places, which the page's script fills."""
        parts = [
            element("h2", self.title, id=f"{self.name}-title"),
            element("div", self.content, id=f"{self.name}-content"),
        ]
        for chart in self.charts:
            place = element(
                "div",
                id=chart.name,
                class_="plot",
                role="img",
                tabindex="0",
                aria_label=chart.caption,
            )
            parts.append(element("figure", [place, element("figcaption", chart.caption)]))
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
    scripts = [figures_of(charts)]
    if charts or live:
        scripts.append(Markup(f"<script>{plotly.offline.get_plotlyjs()}</script>"))
    else:
        scripts.append(Markup("<script>window.Plotly = {react() {}};</script>"))
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


def figures_of(charts: Sequence[Chart]) -> Markup:
    """The figures as data of the page's script."""
    values = script_json({chart.name: chart.figure for chart in charts})
    return Markup(f'<script type="application/json" id="figures">{values}</script>')
