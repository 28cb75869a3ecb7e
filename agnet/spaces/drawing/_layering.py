"""Places the parts of a directed graph in columns, from its inputs on, with few crossings.

Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures",
IEEE Transactions on Systems, Man, and Cybernetics, 1981.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Layout", "Links", "layered"]

Array = npt.NDArray[np.float64]
Links = Sequence[tuple[int, int]]

COLUMN_GAP: Final = 30.0
ROW_GAP: Final = 10.0
SWEEPS: Final = 16
STIFF: Final = 8.0  # how much more a waypoint counts than a part


@final
@dataclass(frozen=True)
class Layout:
    """Where things are, in pixels, y downwards.

    Attributes:
        centres: ``(P, 2)``, of the parts.
        routes: For each link points ``(K, 2)`` that it passes, level at each of them.
        size: Width and height.
    """

    centres: Array
    routes: tuple[Array, ...]
    size: tuple[float, float]


def layered(sizes: Array, links: Links, last: Sequence[int] = ()) -> Layout:
    """Places ``P`` parts of given sizes.

    The column of a part is the longest way to it. Long links pass the columns between in gaps of
    their own. Within the columns the order is improved by sweeps that sort by the mean place of
    neighbours; then parts move towards their neighbours as far as there is room.

    Args:
        sizes: ``(P, 2)``, widths and heights.
        links: Pairs of parts, the smaller number first.
        last: Parts that are put into the last column.
    """
    depth = _depths(len(sizes), links, last)
    chains, depth = _chains(links, depth)
    sizes = np.concatenate([sizes, np.zeros((len(depth) - len(sizes), 2))])
    short = [pair for chain in chains for pair in zip(chain, chain[1:], strict=False)]
    columns = _ordered(depth, short)
    y = _heights(columns, short, sizes)
    widths = np.array([sizes[column, 0].max() for column in columns])
    left = np.concatenate([[0.0], np.cumsum(widths + COLUMN_GAP)[:-1]])
    x = (left + widths / 2)[depth]
    low = float((y - sizes[:, 1] / 2).min())
    centres = np.stack([x, y - low], axis=1)
    size = float(left[-1] + widths[-1]), float((y + sizes[:, 1] / 2).max()) - low
    half = np.where(sizes[:, :1] > 0, sizes[:, :1], widths[depth][:, None]) / 2
    sides = np.concatenate([half, np.zeros_like(half)], axis=1)
    routes = [
        np.concatenate([[centres[at] - sides[at], centres[at] + sides[at]] for at in chain])[1:-1]
        for chain in chains
    ]
    return Layout(centres[: len(centres) - sum(len(c) - 2 for c in chains)], tuple(routes), size)


def _depths(parts: int, links: Links, last: Sequence[int]) -> list[int]:
    depth = [0] * parts
    for source, target in sorted(links, key=lambda link: link[1]):
        depth[target] = max(depth[target], depth[source] + 1)
    end = max(depth, default=0)
    for part in last:
        depth[part] = max(end, 1)  # beside an input it would seem to be one
    return depth


def _chains(links: Links, depth: list[int]) -> tuple[list[list[int]], list[int]]:
    """Each link as a chain through waypoints, new numbers, in all columns; and all depths."""
    chains, depth = [], list(depth)
    for source, target in links:
        between = list(range(depth[source] + 1, depth[target]))
        first = len(depth)
        chains.append([source, *range(first, first + len(between)), target])
        depth += between
    return chains, depth


def _ordered(depth: list[int], links: Links) -> list[list[int]]:
    """The parts of each column in the order of fewest crossings that some sweeps find."""
    columns: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for part, column in enumerate(depth):
        columns[column].append(part)
    before, after = _neighbours(len(depth), links)
    best, fewest = columns, _crossings(columns, after)
    for sweep in range(SWEEPS):
        near = before if sweep % 2 == 0 else after
        columns = _sorted(columns, near, backwards=sweep % 2 == 1)
        count = _crossings(columns, after)
        if count < fewest:
            best, fewest = columns, count
    return best


def _neighbours(parts: int, links: Links) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(parts)]
    after: list[list[int]] = [[] for _ in range(parts)]
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    return before, after


def _sorted(columns: list[list[int]], near: list[list[int]], *, backwards: bool) -> list[list[int]]:
    """Sorts column after column by the mean place of neighbours in the one before."""
    place = {part: at / len(column) for column in columns for at, part in enumerate(column)}
    found = []
    for column in reversed(columns) if backwards else columns:
        aim = {p: np.mean([place[q] for q in near[p]]) if near[p] else place[p] for p in column}
        column = sorted(column, key=aim.__getitem__)
        place.update({part: at / len(column) for at, part in enumerate(column)})
        found.append(column)
    return found[::-1] if backwards else found


def _crossings(columns: list[list[int]], after: list[list[int]]) -> int:
    """How many pairs of links between neighbouring columns cross."""
    total = 0
    for column, following in zip(columns, columns[1:], strict=False):
        place = {part: at for at, part in enumerate(following)}
        ends = [(at, place[q]) for at, p in enumerate(column) for q in after[p]]
        total += sum(a < c and b > d for a, b in ends for c, d in ends)
    return total


def _heights(columns: list[list[int]], links: Links, sizes: Array) -> Array:
    """The vertical places of all parts: near the mean of their neighbours, in order, apart."""
    before, after = _neighbours(len(sizes), links)
    near = [first + second for first, second in zip(before, after, strict=True)]
    stiff = np.where(sizes[:, 0] > 0, 1.0, STIFF)  # so that long links are straight
    y = np.zeros(len(sizes))
    offsets: list[Array] = []
    for column in columns:
        tall = sizes[column, 1]
        apart = (tall[1:] + tall[:-1]) / 2 + ROW_GAP
        offset = np.concatenate([[0.0], np.cumsum(apart)])
        offsets.append(offset)
        y[column] = offset - offset[-1] / 2
    for sweep in range(SWEEPS):
        turn = list(zip(columns, offsets, strict=True))[:: 1 if sweep % 2 == 0 else -1]
        for column, offset in turn:
            wanted = np.array(
                [
                    np.average(y[near[p]], weights=stiff[near[p]]) if near[p] else y[p]
                    for p in column
                ]
            )
            y[column] = _rising(wanted - offset, stiff[column]) + offset
    return y


def _rising(values: Array, weights: Array) -> Array:
    """The nearest sequence, in weighted squares, that never falls: what falls is averaged."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, n, j), (a, m, i) = blocks.pop(), blocks.pop()
            blocks.append(((a * m + b * n) / (m + n), m + n, i + j))
    return np.repeat([value for value, _, _ in blocks], [count for _, _, count in blocks])
