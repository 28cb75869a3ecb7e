"""How many changes are between two NAS-Bench-101 cells."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np

from agnet.spaces._nasbench101_classes import INNER, OUTPUT, Integers, classes

__all__ = ["distance"]

CHUNK = 4096  # pairs at a time: the 120 orders of each then fill 4 MB
BITS = OUTPUT * OUTPUT  # sources 0 to 5, targets 1 to 6


def distance(first: tuple[Integers, Integers], second: tuple[Integers, Integers]) -> Integers:
    """Returns the fewest edges and operations ``(B,)`` that differ, over all orders of vertices.

    A vertex that only one of the two has counts as one operation that differs.

    Args:
        first: Columns ``(B, 6)`` and labels ``(B,)``.
        second: As ``first``.
    """
    least = np.zeros(len(first[1]), dtype=np.int64)
    relabelled, same_order = classes().relabelled, _placed()[:, :, :1]
    for start in range(0, len(least), CHUNK):
        rows = slice(start, start + CHUNK)
        edges = _coded(_placed(), first[0][rows]) ^ _coded(same_order, second[0][rows])
        labels = relabelled[:, first[1][rows]].T ^ second[1][rows, None]
        changed = (labels | labels >> 1) & 0x155
        least[rows] = (_members(edges) + _ones()[changed]).min(axis=1)
    return least


def _coded(placed: Integers, columns: Integers) -> Integers:
    """The adjacency bits ``(B, 120)`` of columns ``(B, 6)`` under each order."""
    code: Integers = placed[0][columns[:, 0]]
    for slot in range(1, OUTPUT):
        code = code + placed[slot][columns[:, slot]]
    return code


@cache
def _placed() -> Integers:
    """The adjacency bits of each column ``(6, 64)`` under each order of the operations, ``120``."""
    orders = np.array([(0, *inner, OUTPUT) for inner in permutations(range(1, INNER + 1))])
    sets = np.arange(1 << OUTPUT)[:, None]
    moved = np.sum([((sets >> u) & 1) << orders[:, u] for u in range(OUTPUT)], axis=0)
    return np.stack([moved << (OUTPUT * (orders[:, v] - 1)) for v in range(1, OUTPUT + 1)])


@cache
def _ones() -> Integers:
    """How many bits are set in each number of 12 bits."""
    return np.asarray((np.arange(1 << 12)[:, None] >> np.arange(12) & 1).sum(axis=1))


def _members(codes: Integers) -> Integers:
    """How many of the 36 bits are set."""
    ones = _ones()
    count: Integers = ones[codes & 4095] + ones[codes >> 12 & 4095] + ones[codes >> 24]
    return count
