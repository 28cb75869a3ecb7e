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
    until(window, DRAWN, 1)
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


def test_points_tell_what_they_are(window: Browser, tmp_path: Path) -> None:
    shown(window, tmp_path / "a.html", report_page({"a": [two(queries=30)]}))
    until(window, DRAWN, 2)
    spot = window.run(
        "const place = document.getElementById('chart-front-0');"
        "place.scrollIntoView({block: 'center'});"
        "const point = place.querySelector('.points path').getBoundingClientRect();"
        "return [point.x + point.width / 2, point.y + point.height / 2]"
    )
    window.point(round(spot[0]), round(spot[1]))
    said = "return document.querySelector('#chart-front-0 .hoverlayer').textContent.includes('~0|')"
    until(window, said, True)


def test_a_phone_is_wide_enough(window: Browser, tmp_path: Path) -> None:
    window.phone()
    shown(window, tmp_path / "a.html", report_page({"a": [two()]}))
    until(window, DRAWN, 2)
    width = window.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width == [390, 390]
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
