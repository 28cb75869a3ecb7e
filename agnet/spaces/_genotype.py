"""Reads the text of a DARTS genotype token by token; nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias, final

from agnet.errors import InvalidArchitecture

__all__ = ["Edge", "read_genotype"]

FIELDS: Final = ("normal", "normal_concat", "reduce", "reduce_concat")

Edge: TypeAlias = tuple[str, int]
"""An operation and the tensor it reads."""

TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'[^'\n]*'|"[^"\n]*")|(?P<word>[A-Za-z_]+)|(?P<number>[0-9]{1,9})"""
    r"""|(?P<mark>[][(),=]))"""
)


def read_genotype(text: str) -> dict[str, list[Any]]:
    """Reads the four fields of ``Genotype(normal=[('op', source), ...], ...)``, in any order.

    Lists may be written as tuples, and ``range(2, 6)`` for what a cell concatenates.

    Returns:
        Edges of ``normal`` and ``reduce``, numbers of ``normal_concat`` and ``reduce_concat``.

    Raises:
        InvalidArchitecture: If the text is not of this form; the message says where.
    """
    return _Reader(text).genotype()


@final
class _Reader:
    """Where in the text the reading has come to, and what can be read next."""

    def __init__(self, text: str) -> None:
        self.text = text.rstrip()
        self.at = 0

    def fail(self, expected: str) -> NoReturn:
        rest = self.text[self.at :].lstrip()
        found = f"{rest[:20]!r} at character {len(self.text) - len(rest)}" if rest else "the end"
        raise InvalidArchitecture(
            f"got {found} of the genotype; expected {expected}, as in "
            "Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...], "
            "reduce_concat=range(2, 6))"
        )

    def found(self, *tokens: str) -> bool:
        """Steps over the next token if it is one of these."""
        match = TOKEN.match(self.text, self.at)
        if match is None or match[0].strip() not in tokens:
            return False
        self.at = match.end()
        return True

    def mark(self, *tokens: str) -> None:
        if not self.found(*tokens):
            self.fail(" or ".join(map(repr, tokens)))

    def kind(self, kind: str, expected: str) -> str:
        match = TOKEN.match(self.text, self.at)
        if match is None or match[kind] is None:
            self.fail(expected)
        self.at = match.end()
        return match[kind]

    def opening(self) -> str:
        """Steps over an opening bracket and returns the one that closes it."""
        if self.found("["):
            return "]"
        self.mark("(", "[")
        return ")"

    def many(self, item: Callable[[], Any]) -> list[Any]:
        """Reads a list or tuple, with or without a comma after the last item."""
        close = self.opening()
        items: list[Any] = []
        while not self.found(close):
            if items:
                self.mark(",")
                if self.found(close):
                    break
            items.append(item())
        return items

    def number(self) -> int:
        return int(self.kind("number", "a number"))

    def edge(self) -> Edge:
        close = self.opening()
        op = self.kind("string", "the name of an operation in quotes")[1:-1]
        self.mark(",")
        source = self.number()
        self.mark(close)
        return op, source

    def concat(self) -> list[int]:
        if not self.found("range"):
            return self.many(self.number)
        for token in ("(", "2", ",", "6", ")"):
            self.mark(token)
        return [2, 3, 4, 5]

    def genotype(self) -> dict[str, list[Any]]:
        """Reads all four fields, in any order, to the end of the text."""
        wanted = list(FIELDS)
        fields: dict[str, list[Any]] = {}
        self.mark("Genotype")
        self.mark("(")
        while wanted:
            choices = " or ".join(wanted)
            start = self.at
            field = self.kind("word", choices)
            if field not in wanted:
                self.at = start
                self.fail(choices)
            wanted.remove(field)
            self.mark("=")
            fields[field] = self.concat() if "concat" in field else self.many(self.edge)
            if wanted or not self.found(")"):
                self.mark(",")
                if not wanted:
                    self.mark(")")
        if self.at != len(self.text):
            self.fail("the end")
        return fields
