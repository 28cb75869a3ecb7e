"""Elementary changes of NAS-Bench-101 cells, on columns and labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.spaces._nasbench101_classes import DIGITS, INNER, OUTPUT, PLACES, Integers

__all__ = ["CHANCES", "CHANGES", "changed", "mixed", "with_one_more"]

EDGE, OPERATION, INSERTION = range(3)


def _changes() -> tuple[Integers, npt.NDArray[np.float64]]:
    """Every change as (kind, source, target, operation), and how often each is tried."""
    ends = [(u, v) for u in range(OUTPUT) for v in range(1, OUTPUT + 1) if u != v]
    table = [(EDGE, u, v, 0) for u, v in ends]
    table += [(OPERATION, v, v, op) for v in range(1, OUTPUT) for op in (1, 2, 3)]
    table += [(INSERTION, u, v, op) for u, v in ends for op in (1, 2, 3)]
    changes = np.array(table)
    return changes, 1 / (3 * np.bincount(changes[:, 0])[changes[:, 0]])


CHANGES, CHANCES = _changes()
"""All changes ``(139, 4)``; those that name an empty slot change nothing once pruned."""

PLACE_OF: Final = np.array([0, *PLACES, 0])


def changed(columns: Integers, labels: Integers, changes: Integers) -> tuple[Integers, Integers]:
    """Makes one change to each canonical cell: columns ``(B, 6)``, labels ``(B,)``.

    An edge is added or removed, in either direction; an operation is replaced; or a new operation
    is put between two vertices, into the first empty slot. The result is neither pruned nor
    canonical, and may have a cycle or too many edges.
    """
    kind, source, target, op = changes.T
    rows = np.arange(len(labels))
    new = (DIGITS[labels] > 0).sum(axis=1) + 1
    inserted = np.flatnonzero((kind == INSERTION) & (new < OUTPUT))
    flipped = np.flatnonzero(kind == EDGE)

    columns = columns.copy()
    columns[flipped, target[flipped] - 1] ^= 1 << source[flipped]
    columns[inserted, target[inserted] - 1] |= 1 << new[inserted]
    columns[inserted, new[inserted] - 1] = 1 << source[inserted]

    written = np.where(kind == OPERATION, target, np.where(kind == INSERTION, new, OUTPUT))
    place = PLACE_OF[written]
    replaced = (labels & ~(3 << place)) | (op << place)
    return columns, np.where(np.isin(rows, inserted) | (kind == OPERATION), replaced, labels)


def with_one_more(columns: Integers, labels: Integers) -> tuple[Integers, Integers]:
    """Puts a new operation into the first empty slot of a canonical cell, in every way.

    It reads some of the vertices and is read by some; where it stands between two that are
    connected, that edge stays, or all such go.

    Args:
        columns: ``(6,)``.
        labels: ``()``.

    Returns:
        Columns ``(n, 6)`` and labels ``(n,)``, neither pruned nor canonical; some have a cycle or
        too many edges.
    """
    new = int((DIGITS[labels] > 0).sum()) + 1
    reading = [sum(1 << v for v in some) for some in _subsets(range(new))]
    read = [sum(1 << v for v in some) for some in _subsets([*range(1, new), OUTPUT])]
    grid = np.stack(np.meshgrid(reading, read, [0, 1], [1, 2, 3]), axis=-1).reshape(-1, 4)
    sources, targets, replaced, op = grid.T
    made = np.repeat(columns[None], len(grid), axis=0)
    for slot in range(1, OUTPUT + 1):
        rows = (targets >> slot) & 1 == 1
        kept = np.where(replaced[rows], made[rows, slot - 1] & ~sources[rows], made[rows, slot - 1])
        made[rows, slot - 1] = kept | (1 << new)
    made[:, new - 1] = sources
    return made, labels | (op << PLACES[new - 1])


def _subsets(members: Sequence[int]) -> list[tuple[int, ...]]:
    """All that are not empty."""
    sizes = range(1, len(members) + 1)
    return [some for size in sizes for some in combinations(members, size)]


def mixed(
    first: tuple[Integers, Integers],
    second: tuple[Integers, Integers],
    from_second: npt.NDArray[np.bool_],
) -> tuple[Integers, Integers]:
    """Takes each slot, operation and incoming edges together, from one of two parents.

    Args:
        first: Columns ``(B, 6)`` and labels ``(B,)``.
        second: As ``first``.
        from_second: ``(B, 6)``, the slots that are taken from the second parent.
    """
    columns = np.where(from_second, second[0], first[0])
    digits = np.where(from_second[:, :INNER], DIGITS[second[1]], DIGITS[first[1]])
    return columns, (digits << PLACES).sum(axis=1)
