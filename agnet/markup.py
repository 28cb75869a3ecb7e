"""Markup of pages: elements whose texts are escaped unless they are markup themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias, final

__all__ = ["Content", "Markup", "element", "joined", "table"]

VOID = frozenset({"meta", "br", "hr", "input", "link"})


@final
class Markup(str):
    """Text that is markup already, and goes into a page as it is."""

    __slots__ = ()


Content: TypeAlias = "str | Markup | Iterable[str | Markup]"


def element(tag: str, content: Content = "", **attributes: str | bool | None) -> Markup:
    """Makes an element; what is not :class:`Markup` is escaped.

    Args:
        tag: Its name.
        content: A text, markup, or several of them.
        **attributes: By name; an underscore at the end is left out, others become hyphens. True
            stands alone, False and None are left out.
    """
    texts = []
    for name, value in attributes.items():
        word = name.rstrip("_").replace("_", "-")
        if value is True:
            texts.append(f" {word}")
        elif value is not None and value is not False:
            texts.append(f' {word}="{escape(str(value), quote=True)}"')
    start = f"<{tag}{''.join(texts)}>"
    return Markup(start if tag in VOID else f"{start}{joined(content)}</{tag}>")


def joined(content: Content) -> Markup:
    """Puts texts and markup together, texts escaped."""
    parts = [content] if isinstance(content, str) else content
    return Markup("".join(p if isinstance(p, Markup) else escape(p, quote=False) for p in parts))


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Markup]], *, caption: str, numbers: int = 0
) -> Markup:
    """Makes a table that scrolls by itself where it is too wide.

    Args:
        head: The names of the columns.
        rows: Its cells; the first of each is its heading.
        caption: What it shows, for those who do not see it.
        numbers: The first column of numbers, which are aligned at the right.
    """

    def cell(tag: str, at: int, content: str | Markup, **more: str) -> Markup:
        kind = "number" if numbers and at >= numbers else None
        return element(tag, content, class_=kind, **more)

    top = element("tr", [cell("th", at, name, scope="col") for at, name in enumerate(head)])
    lines = [
        element(
            "tr",
            [
                cell("td", at, one) if at else cell("th", at, one, scope="row")
                for at, one in enumerate(row)
            ],
        )
        for row in rows
    ]
    inner = [element("caption", caption), element("thead", top), element("tbody", lines)]
    made = element("table", inner)
    return element("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)
