from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from agnet.markup import Markup, element, joined, table


class Reader(HTMLParser):
    """Notes what a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_elements_by_hand() -> None:
    made = element("p", ["a < b ", element("b", "c"), element("br")], class_="x", hidden=True)
    assert made == '<p class="x" hidden>a &lt; b <b>c</b><br></p>'
    assert element("th", "n", scope="row", id=None, disabled=False) == '<th scope="row">n</th>'
    assert element("div", aria_label='say "hi"') == '<div aria-label="say &quot;hi&quot;"></div>'
    assert joined([Markup("<i>"), "<i>"]) == "<i>&lt;i&gt;"


@given(st.text(), st.text())
def test_no_text_becomes_an_element(content: str, label: str) -> None:
    clean = {"\r": "\n", "\x00": ""}
    found = Reader(element("p", content, title=label))
    assert [tag for tag, _ in found.tags] == ["p"]
    for one in clean:
        content = content.replace(one, "")
    if "\r" not in found.text and "\x00" not in found.text:
        assert found.text.replace("\n", "") == content.replace("\n", "")


def test_a_table_says_what_it_shows() -> None:
    found = Reader(table(["a", "n"], [["<b>", "1"]], caption="what", numbers=1))
    kinds = [attrs.get("class") for tag, attrs in found.tags if tag in ("th", "td")]
    assert kinds == [None, "number", None, "number"]
    scopes = [attrs.get("scope") for tag, attrs in found.tags if tag == "th"]
    assert scopes == ["col", "col", "row"]
    assert "what" in found.text
