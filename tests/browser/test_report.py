"""A report in a browser: it loads without errors, and can be used."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agnet import Run
from agnet.report import report_page, serving
from tests.browser.driver import Browser, browser
from tests.report.runs import resumed, searched, three, two

pytestmark = pytest.mark.browser

DRAWN = "return [...document.querySelectorAll('.plot')].filter(p => p.querySelector('svg')).length"
BACKGROUND = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def until(window: Browser, script: str, expected: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while (found := window.run(script)) != expected:
        assert time.monotonic() < end, f"{script}: {found}"
        time.sleep(0.1)


def shown(window: Browser, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    window.open(path.as_uri())


def test_a_report_loads_without_a_word(window: Browser, tmp_path: Path) -> None:
    for at, run in enumerate((searched(), two(), three())):
        shown(window, tmp_path / f"{at}.html", report_page({"a": [run]}))
        places = window.run("return document.querySelectorAll('.plot').length")
        assert places >= 1
        until(window, DRAWN, places)
        assert window.complaints() == []


def test_names_are_harmless(window: Browser, tmp_path: Path) -> None:
    name = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>"
    shown(window, tmp_path / "a.html", report_page({name: [searched()]}, name))
    until(window, DRAWN, 2)
    assert window.run("return window.hurt") is None
    assert window.run("return document.querySelector('h1').textContent") == name
    assert window.complaints() == []


def test_light_and_dark_by_preference_and_by_key(window: Browser, tmp_path: Path) -> None:
    for scheme, expected in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")):
        window.prefer(scheme)
        shown(window, tmp_path / "a.html", report_page({"a": [searched()]}))
        until(window, BACKGROUND, expected)
    window.press("\ue004", "\ue00d")  # tab to the button, and space
    until(window, BACKGROUND, "rgb(255, 255, 255)")
    assert window.run("return document.getElementById('theme').ariaPressed") == "false"
    window.prefer("light")


def spot(window: Browser, selector: str) -> tuple[int, int]:
    """Scrolls to an element, and returns where its middle is."""
    x, y = window.run(
        "const found = document.querySelector(arguments[0]);"
        "found.scrollIntoView({block: 'center'});"
        "const box = found.getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]",
        selector,
    )
    return round(x), round(y)


def test_points_tell_what_they_are(window: Browser, tmp_path: Path) -> None:
    shown(window, tmp_path / "a.html", report_page({"a": [two(queries=30)]}))
    until(window, DRAWN, 3)
    window.point(*spot(window, "#chart-front-0 .points path"))
    said = "return document.querySelector('#chart-front-0 .hoverlayer').textContent.includes('~0|')"
    until(window, said, True)


@pytest.mark.parametrize("chart", ["chart-front-0", "chart-map-0"])
def test_points_are_drawn(window: Browser, tmp_path: Path, chart: str) -> None:
    run = two(queries=30)
    shown(window, tmp_path / "a.html", report_page({"a": [run]}))
    until(window, DRAWN, 3)
    below = f"document.querySelector('#{chart}').nextElementSibling"
    assert "to see it drawn" in window.run(f"return {below}.textContent")
    window.point(*spot(window, f"#{chart} .points path:last-of-type"))
    until(window, f"return {below}.querySelectorAll('svg').length", 1)
    drawn = window.run(f"return {below}.querySelector('title').textContent")
    told = window.run(f"return document.querySelector('#{chart} .hoverlayer').textContent")
    assert drawn in told and drawn in [row.arch for row in run.rows]
    assert window.complaints() == []


def test_queries_are_gone_to_by_keys(window: Browser, tmp_path: Path) -> None:
    run = searched(queries=30)
    shown(window, tmp_path / "a.html", report_page({"a": [run]}))
    until(window, DRAWN, 2)
    window.run("document.getElementById('chart-map-0').focus()")
    right, left, home, end = "\ue014", "\ue012", "\ue011", "\ue010"
    cell = "return document.querySelector('#chart-map-0 ~ .drawn title')?.textContent"
    told = "return document.querySelector('#chart-map-0 .hoverlayer').textContent.includes('{}')"
    for key, row in ((right, 0), (right, 1), (left, 0), (end, 29), (right, 29), (home, 0)):
        window.press(key)
        until(window, cell, run.rows[row].arch)
        until(window, told.format(f"query {row + 1}"), True)
    assert window.complaints() == []


def test_a_curve_can_be_left_out(window: Browser, tmp_path: Path) -> None:
    groups = {"one": [searched(seed=0)], "other": [searched(seed=1)]}
    shown(window, tmp_path / "a.html", report_page(groups))
    until(window, DRAWN, 3)
    lines = "return document.querySelectorAll('#chart-curves .trace .js-line').length"
    assert window.run(lines) == 2
    window.click(*spot(window, "#chart-curves .legendtoggle"))
    until(window, lines, 1)


@pytest.mark.parametrize(("strategy", "charts"), [("lamoo", 6), ("importance", 5)])
def test_what_strategies_tell_of_themselves_is_drawn(
    window: Browser, tmp_path: Path, strategy: str, charts: int
) -> None:
    run = two(strategy=strategy, queries=40, batch=8, out=tmp_path / "run")
    shown(window, tmp_path / "a.html", report_page({"a": [run]}))
    until(window, DRAWN, charts)
    assert window.complaints() == []


def test_a_phone_is_wide_enough(window: Browser, tmp_path: Path) -> None:
    window.phone()
    shown(window, tmp_path / "a.html", report_page({"a": [three()]}))
    until(window, DRAWN, 3)
    width = window.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width == [390, 390]
    panels = window.run(
        "return [...document.querySelectorAll('#chart-front-0 .scatterlayer')]"
        ".map(one => one.getBoundingClientRect()).map(box => [box.top, box.bottom])"
    )
    assert len(panels) == 3
    window.point(*spot(window, "#chart-front-0 .points path"))
    until(window, "return document.querySelectorAll('#chart-front-0 .hovertext').length", 1)
    label = window.run(
        "const box = document.querySelector('#chart-front-0 .hovertext').getBoundingClientRect();"
        "return [box.left, box.right]"
    )
    assert label[0] >= 0 and label[1] <= 390
    assert all(above[1] < below[0] for above, below in zip(panels, panels[1:], strict=False))
    window.phone(1280, 900)


def test_a_page_that_is_served_changes_without_reloading(window: Browser, tmp_path: Path) -> None:
    searched(tmp_path / "run", queries=6)
    with serving(lambda: {"run": [Run.open(tmp_path / "run")]}, "t", "127.0.0.1", 0) as address:
        window.open(str(address))
        until(window, DRAWN, 1)
        window.run("window.same = true")
        first = "return document.getElementById('summary-content').textContent.includes('6 quer')"
        assert window.run(first)
        resumed(tmp_path / "run", 11)
        until(window, first.replace("6 quer", "11 quer"), True)
        assert window.run("return window.same")
        assert window.complaints() == []
