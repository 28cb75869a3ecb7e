"""Elementary changes of block cells: one input or operation, one block more or less."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.spaces._blocks_classes import canonical_codes, is_acyclic

__all__ = ["KINDS", "Change", "apply", "changes", "pairs"]

Integers: TypeAlias = npt.NDArray[np.int64]

KINDS: Final = ("input", "operation", "append", "remove")
IMPOSSIBLE: Final = -1


class Change(NamedTuple):
    """What to do to each of ``n`` cells of ``b`` blocks.

    Attributes:
        kind: ``(n,)``, an index in ``KINDS``.
        at: ``(n,)``, the half to change, as ``2 * block + half``, or the block to remove.
        value: ``(n,)``, the new input or operation, or the row in :func:`pairs` to append.
    """

    kind: Integers
    at: Integers
    value: Integers


@cache
def pairs(inputs: int, operations: int) -> Integers:
    """All blocks ``(P, 2)`` that read some of so many inputs: unordered pairs of halves."""
    first, second = np.triu_indices(inputs * operations)
    return np.stack([first, second], axis=1)


def changes(blocks: int, lookbacks: int, operations: int, limit: int) -> Change:
    """Every change that there is to a cell of so many blocks; not all are possible in each.

    Args:
        blocks: Of the cell.
        lookbacks: How many previous cells can be read.
        operations: How many there are.
        limit: The most blocks of a cell.
    """
    inputs = lookbacks + blocks
    more = len(pairs(inputs, operations)) if blocks < limit else 0
    sizes = [(2 * blocks, inputs), (2 * blocks, operations), (1, more), (blocks, 1)]
    grids = [np.indices(size).reshape(2, -1) for size in sizes]
    kind = np.repeat(np.arange(len(KINDS)), [grid.shape[1] for grid in grids])
    at, value = np.concatenate(grids, axis=1)
    return Change(kind, at, value)


def apply(
    halves: Integers, change: Change, lookbacks: int, operations: int, limit: int
) -> Integers:
    """Makes a change to each cell.

    Args:
        halves: ``(n, b, 2)``, with every block reading earlier ones only.
        change: One for each cell.
        lookbacks: How many previous cells can be read.
        operations: How many there are.
        limit: The most blocks of a cell.

    Returns:
        The numbers ``(n,)`` of what comes out, -1 where a change makes no cell: a block would read
        itself, or one that is read would go.
    """
    codes = np.full(len(halves), IMPOSSIBLE)
    for kind, name in enumerate(KINDS):
        rows = np.flatnonzero(change.kind == kind)
        if not len(rows):
            continue
        own, at, value = halves[rows], change.at[rows], change.value[rows]
        if name == "append":
            block = pairs(lookbacks + halves.shape[1], operations)[value]
            made = np.concatenate([own, block[:, None]], axis=1)
        elif name == "remove":
            made, unread = _without(own, at, lookbacks, operations)
            rows, made = rows[unread], made[unread]
        else:
            made = own.reshape(len(own), -1).copy()
            each = np.arange(len(own))
            source, op = np.divmod(made[each, at], operations)
            source, op = (value, op) if name == "input" else (source, value)
            made[each, at] = source * operations + op
            made = made.reshape(own.shape)
            acyclic = is_acyclic(made, lookbacks, operations)
            rows, made = rows[acyclic], made[acyclic]
        codes[rows] = canonical_codes(made, lookbacks, operations, limit)
    return codes


def _without(
    halves: Integers, block: Integers, lookbacks: int, operations: int
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Takes a block out of each cell, and says in which cells none reads it."""
    count = halves.shape[1]
    own = lookbacks + block[:, None, None]
    source, op = np.divmod(halves, operations)
    unread = ~(source == own).any(axis=(1, 2))
    moved = (source - (source > own)) * operations + op
    kept = np.arange(count) != block[:, None]
    return moved[kept].reshape(len(halves), count - 1, 2), unread
