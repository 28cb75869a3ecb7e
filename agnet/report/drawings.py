"""Drawings of what was evaluated, which a page shows where a point is pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from agnet.markup import Markup, element
from agnet.report._packing import packed
from agnet.report._some import some
from agnet.report.summary import best_of
from agnet.spaces.drawing import svg

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["Drawings"]


@final
@dataclass(frozen=True)
class Drawings:
    """Some architectures of a run as SVG.

    Attributes:
        name: A word that no others have.
        queries: Of the run.
        pictures: By the row in the run.
    """

    name: str
    queries: int
    pictures: dict[int, str]

    @classmethod
    def of(cls, run: Run, name: str, most: int) -> Drawings:
        """Draws the best, and evenly taken others, about ``most`` in all."""
        best = best_of(run)
        rows = np.union1d(some(np.arange(len(run)), most - len(best)), np.array(best, dtype=int))
        pictures = {row: svg(run.arch(run.rows[row])) for row in rows.tolist()}
        return cls(name, len(run), pictures)

    @property
    def markup(self) -> Markup:
        """The data."""
        return packed(self.name, self.pictures)

    @property
    def place(self) -> Markup:
        """Where one of them is shown, below a figure; until then it says how."""
        part = ""
        if len(self.pictures) < self.queries:
            part = f" ({len(self.pictures):,} of {self.queries:,} can be, the best among them)"
        how = "Point at a query, touch it, or come here and go on by the arrow keys"
        said = element("p", f"{how}, to see it drawn{part}.")
        return element("div", said, class_="drawn", aria_live="polite")
