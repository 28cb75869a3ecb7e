"""A drawing as plain shapes, in pixels: boxes, wires and words, for whatever can draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from agnet.spaces.drawing._anatomy import Cell, Part, Rows
from agnet.spaces.drawing._layering import Array, layered

__all__ = ["FONT", "Box", "Picture", "Wire", "Words", "picture"]

FONT: Final = 12.0
LETTER: Final = 6.6  # about as wide as one is
TALL: Final = 24.0
ROUND: Final = 18.0  # of a tensor
MARGIN: Final = 6.0
TITLE: Final = 24.0
CELL_GAP: Final = 18.0
STEP, ROW, SIDE = 24.0, 26.0, 14.0  # between layers and stages, and beside them


@final
@dataclass(frozen=True)
class Box:
    """A part, its centre and its size."""

    part: Part
    x: float
    y: float
    width: float
    height: float

    @property
    def radius(self) -> float:
        """Of its corners: half its height where it is no operation."""
        return 5.0 if self.part.kind == "operation" else self.height / 2


@final
@dataclass(frozen=True)
class Wire:
    """A link, as Bezier curves ``(K, 4, 2)``, with an arrow's head at its end."""

    curves: Array
    live: bool = True


@final
@dataclass(frozen=True)
class Words:
    """What is written beside boxes, from ``x`` on and around ``y``."""

    text: str
    x: float
    y: float


@final
@dataclass(frozen=True)
class Picture:
    """All that is drawn of one architecture; ``size`` is its width and height."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    words: tuple[Words, ...]
    size: tuple[float, float]


def picture(anatomy: Sequence[Cell] | Rows) -> Picture:
    """Places cells below each other, or a chain in rows."""
    return _wrapped(anatomy) if isinstance(anatomy, Rows) else _stacked(anatomy)


def _width(part: Part) -> float:
    return ROUND if part.kind == "tensor" else max(len(part.label) * LETTER + 14, 34.0)


def _stacked(cells: Sequence[Cell]) -> Picture:
    boxes: list[Box] = []
    wires: list[Wire] = []
    words: list[Words] = []
    top, widest = MARGIN, 0.0
    for cell in cells:
        if cell.title:
            words.append(Words(cell.title, MARGIN, top + TITLE / 2 - 4))
            top += TITLE
        tall = [ROUND if part.kind == "tensor" else TALL for part in cell.parts]
        sizes = np.array([[_width(part), h] for part, h in zip(cell.parts, tall, strict=True)])
        last = [at for at, part in enumerate(cell.parts) if part.kind == "output"]
        layout = layered(sizes, cell.links, last)
        shift = np.array([MARGIN, top])
        for part, (x, y), (w, h) in zip(cell.parts, layout.centres + shift, sizes, strict=True):
            boxes.append(Box(part, float(x), float(y), float(w), float(h)))
        for (source, target), route in zip(cell.links, layout.routes, strict=True):
            live = cell.parts[source].live and cell.parts[target].live
            wires.append(Wire(_level(route + shift), live))
        top += layout.size[1] + CELL_GAP
        widest = max(widest, layout.size[0])
    size = (widest + 2 * MARGIN, top - CELL_GAP + MARGIN)
    return Picture(tuple(boxes), tuple(wires), tuple(words), size)


def _wrapped(rows: Rows) -> Picture:
    """A row a stage; the wire from one row to the next runs back between them."""
    names = [f"stage {at}" for at in range(1, len(rows.stages) + 1)]
    width = max(_width(part) for stage in rows.stages for part in stage)
    left, head = MARGIN + len(names[-1]) * LETTER + SIDE, rows.head
    start = left + _width(head) + STEP
    right = start + max(map(len, rows.stages)) * (width + STEP) - STEP
    y = MARGIN + TALL / 2
    boxes = [Box(head, left + _width(head) / 2, y, _width(head), TALL)]
    wires, words = [], []
    for at, (name, stage) in enumerate(zip(names, rows.stages, strict=True)):
        y = MARGIN + TALL / 2 + at * (TALL + ROW)
        words.append(Words(name, MARGIN, y))
        for place, part in enumerate(stage):
            before = boxes[-1]
            box = Box(part, start + place * (width + STEP) + width / 2, y, width, TALL)
            corners = [(before.x + before.width / 2, before.y), (box.x - width / 2, y)]
            if at and not place:
                corners = _around(corners[0], corners[1], right + SIDE)
            wires.append(Wire(_straight(np.array(corners))))
            boxes.append(box)
    out, end = Part("out", "output"), boxes[-1]
    wide = _width(out)
    x = end.x + end.width / 2 + STEP + wide / 2
    wires.append(Wire(_straight(np.array([(end.x + end.width / 2, y), (x - wide / 2, y)]))))
    boxes.append(Box(out, x, y, wide, TALL))
    size = (max(right + SIDE, x + wide / 2) + MARGIN, y + TALL / 2 + MARGIN)
    return Picture(tuple(boxes), tuple(wires), tuple(words), size)


def _around(
    start: tuple[float, float], end: tuple[float, float], far: float
) -> list[tuple[float, float]]:
    """The corners of a way to the right, down between two rows, back to the left, and on."""
    middle, near = (start[1] + end[1]) / 2, end[0] - SIDE
    return [start, (far, start[1]), (far, middle), (near, middle), (near, end[1]), end]


def _straight(points: Array) -> Array:
    """Straight lines through ``(K, 2)`` points, as curves."""
    along = np.array([0, 1 / 3, 2 / 3, 1])[None, :, None]
    return np.asarray(points[:-1, None] * (1 - along) + points[1:, None] * along)


def _level(points: Array) -> Array:
    """Curves through ``(K, 2)`` points that are level at each of them."""
    curves = _straight(points)
    half = (points[1:, 0] - points[:-1, 0]) / 2
    curves[:, 1] = points[:-1] + np.stack([half, np.zeros_like(half)], axis=1)
    curves[:, 2] = points[1:] - np.stack([half, np.zeros_like(half)], axis=1)
    return curves
