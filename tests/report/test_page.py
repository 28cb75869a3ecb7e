from __future__ import annotations

import re

import pytest

from agnet.markup import Markup, element
from agnet.report.page import Chart, Section, page
from tests.report.test_packing import unpacked
from tests.test_markup import Reader

CHART = Chart("one", "what it </script> shows", {"data": [{"x": ["</script>"]}], "layout": {}})


@pytest.mark.parametrize("charts", [(), (CHART,)])
def test_a_page_needs_nothing_else(charts: tuple[Chart, ...]) -> None:
    text = page("<script>alert(1)</script>", [Section("a", "A", element("p", "b"), charts)])
    found = Reader(re.sub(r"(?s)<script.*?</script>", "", text))
    assert "script" not in [tag for tag, _ in found.tags]
    assert "<script>alert(1)</script>" in found.text
    links = [attrs for _, attrs in Reader(text).tags for name in attrs if name in ("src", "href")]
    assert all(str(attrs.get("href")).startswith(("#", "data:")) for attrs in links)
    assert len(text) < 6_000_000
    assert (len(text) > 1_000_000) == bool(charts)


def test_figures_are_data_with_places() -> None:
    text = page("t", [Section("a", "A", Markup(), (CHART,))])
    assert unpacked(text, "figures") == {"one": CHART.figure}
    places = [attrs for tag, attrs in Reader(text).tags if attrs.get("id") == "one"]
    assert [attrs["aria-label"] for attrs in places] == [CHART.caption]


def test_a_page_is_as_wide_as_the_screen() -> None:
    tags = Reader(page("t", [])).tags
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in tags
