"""Isomorphism classes of block cells: canonical forms, how many there are, and uniform draws.

A cell of ``b`` blocks is ``b`` unordered pairs of *halves*; a half is an operation and what it
reads, as one number ``input * O + operation`` of ``O`` operations. Inputs below ``L`` are previous
cells, input ``L + j`` is block ``j``. The blocks may be in any order, as long as none reads itself
by way of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations
from math import factorial, prod
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["canonical_codes", "class_count", "draw_cells", "is_acyclic", "reordered", "split_codes"]

Integers: TypeAlias = npt.NDArray[np.int64]

CHUNK: Final = 65_536
UNPLACED: Final = 1 << 20  # more than any place; a block that reads one has a larger digit
FORWARD: Final = np.iinfo(np.int64).max  # of an order in which a block would read a later one


def canonical_codes(
    halves: Integers, lookbacks: int, operations: int, blocks: int, *, ordered: bool = False
) -> Integers:
    """Returns the least number ``(n,)`` that any order of the blocks gives a cell.

    The number has a digit for each of ``blocks`` blocks, 0 where there is none; equal numbers mean
    isomorphic cells.

    Args:
        halves: ``(n, b, 2)``, of acyclic cells.
        lookbacks: How many previous cells can be read.
        operations: How many there are.
        blocks: The digits, at least ``b``.
        ordered: Whether the blocks are in the order that gives the least number.
    """
    count = halves.shape[1]
    codes: Integers = np.empty(len(halves), dtype=np.int64)
    for start in range(0, len(halves), CHUNK):
        rows = slice(start, start + CHUNK)
        part = halves[rows]
        if ordered:
            codes[rows] = _least(part, [tuple(range(count))], lookbacks, operations, blocks)
        else:
            codes[rows] = _canonical(part, lookbacks, operations, blocks)
    base = _base(lookbacks, operations, blocks)
    codes *= base ** (blocks - count)
    return codes


def _canonical(halves: Integers, lookbacks: int, operations: int, blocks: int) -> Integers:
    """Fills each place with the block of the least digit, of those whose inputs have places.

    What digit a block has is settled once its inputs have places, so that this is the least number.
    Where two blocks of a digit could come next, which are rare, all orders are tried.
    """
    count, base = halves.shape[1], _base(lookbacks, operations, blocks)
    sources, ops = np.divmod(halves, operations)
    each = np.arange(len(halves))
    place = np.full((len(halves), lookbacks + count), UNPLACED)
    place[:, :lookbacks] = np.arange(lookbacks)
    codes: Integers = np.zeros(len(halves), dtype=np.int64)
    tied = np.zeros(len(halves), dtype=bool)
    for step in range(count):
        own = place[each[:, None, None], sources] * operations + ops
        digit = 1 + own.min(axis=2) * _alphabet(lookbacks, operations, blocks) + own.max(axis=2)
        digit[place[:, lookbacks:] < UNPLACED] = FORWARD
        at = digit.argmin(axis=1)
        least = digit[each, at]
        tied |= (digit == least[:, None]).sum(axis=1) > 1
        codes = codes * base + least
        place[each, lookbacks + at] = lookbacks + step
    if not tied.any():
        return codes
    orders = list(permutations(range(count)))
    codes[tied] = _least(halves[tied], orders, lookbacks, operations, blocks)
    return codes


def _least(
    halves: Integers,
    orders: Sequence[tuple[int, ...]],
    lookbacks: int,
    operations: int,
    blocks: int,
) -> Integers:
    count, base = halves.shape[1], _base(lookbacks, operations, blocks)
    sources, ops = np.divmod(halves, operations)
    least = np.full(len(halves), FORWARD if count else 0)
    for order in orders:
        place = np.array((*range(lookbacks), *(lookbacks + at for at in order)))
        moved = place[sources]
        legal = (moved.max(axis=2, initial=0) < place[lookbacks:]).all(axis=1)
        own = moved[legal] * operations + ops[legal]
        digit = 1 + own.min(axis=2) * _alphabet(lookbacks, operations, blocks) + own.max(axis=2)
        worth = np.array([base ** (count - 1 - at) for at in order], dtype=np.int64)
        least[legal] = np.minimum(least[legal], digit @ worth)
    return least


def split_codes(codes: Integers, lookbacks: int, operations: int, blocks: int) -> Integers:
    """Returns the halves ``(n, blocks, 2)`` of numbers ``(n,)``, -1 where there is no block."""
    base = _base(lookbacks, operations, blocks)
    worth = np.array([base ** (blocks - 1 - at) for at in range(blocks)], dtype=np.int64)
    digits = codes[:, None] // worth % base
    halves = np.stack(np.divmod(digits - 1, _alphabet(lookbacks, operations, blocks)), axis=2)
    return np.where(digits[:, :, None] > 0, halves, -1)


def is_acyclic(halves: Integers, lookbacks: int, operations: int) -> npt.NDArray[np.bool_]:
    """Says for each ``(n, b, 2)`` whether no block reads itself, by way of others or not."""
    count = halves.shape[1]
    sources = halves // operations - lookbacks
    reads = (sources[..., None] == np.arange(count)).any(axis=2)  # (n, b, b)
    ready = np.zeros((len(halves), count), dtype=bool)
    for _ in range(count):
        ready |= ~(reads & ~ready[:, None, :]).any(axis=2)
    return np.asarray(ready.all(axis=1))


def reordered(
    halves: Integers, lookbacks: int, operations: int, rng: np.random.Generator
) -> Integers:
    """Puts the blocks of each cell ``(n, b, 2)``, and the halves of each block, into random order.

    Of the blocks whose inputs have places any comes next, equally likely.
    """
    count = halves.shape[1]
    sources, ops = np.divmod(halves, operations)
    each = np.arange(len(halves))
    place = np.full((len(halves), lookbacks + count), UNPLACED)
    place[:, :lookbacks] = np.arange(lookbacks)
    moved = np.empty_like(halves)
    for step in range(count):
        read = place[each[:, None, None], sources]
        ready = (read.max(axis=2) < UNPLACED) & (place[:, lookbacks:] == UNPLACED)
        at = np.where(ready, rng.random(ready.shape), -1.0).argmax(axis=1)
        moved[:, step] = read[each, at] * operations + ops[each, at]
        place[each, lookbacks + at] = lookbacks + step
    turned = rng.random((len(halves), count, 1)) < 0.5
    return np.where(turned, moved[:, :, ::-1], moved)


@cache
def class_count(lookbacks: int, operations: int, blocks: int) -> int:
    """The number of classes of cells of exactly so many blocks, by Burnside's lemma."""
    total = sum(weight * fixed for _, weight, fixed in _types(lookbacks, operations, blocks))
    return int(Fraction(total, factorial(blocks)))


def draw_cells(
    n: int, lookbacks: int, operations: int, blocks: int, rng: np.random.Generator
) -> Integers:
    """Draws ``(n, blocks, 2)`` halves of cells whose classes are uniform and independent.

    A permutation is drawn as often as it leaves cells unchanged, and then one of these cells: its
    class is uniform (Dixon and Wilf, "The random selection of unlabeled graphs", J. Algorithms
    1983).
    """
    types = _types(lookbacks, operations, blocks)
    weights = np.array([float(weight * fixed) for _, weight, fixed in types])
    drawn = rng.choice(len(types), size=n, p=weights / weights.sum())
    halves = np.empty((n, blocks, 2), dtype=np.int64)
    for at, (cycles, _, _) in enumerate(types):
        rows = np.flatnonzero(drawn == at)
        while len(rows):
            halves[rows] = _unchanged(len(rows), cycles, lookbacks, operations, rng)
            rows = rows[~is_acyclic(halves[rows], lookbacks, operations)]
    return halves


def _alphabet(lookbacks: int, operations: int, blocks: int) -> int:
    return (lookbacks + blocks - 1) * operations


def _base(lookbacks: int, operations: int, blocks: int) -> int:
    return _alphabet(lookbacks, operations, blocks) ** 2 + 1


@cache
def _types(
    lookbacks: int, operations: int, blocks: int
) -> tuple[tuple[tuple[int, ...], int, int], ...]:
    """Cycle types of permutations, how many are of each, and how many labelled cells one fixes."""
    found = []
    for cycles in _partitions(blocks, blocks):
        repeats = prod(factorial(cycles.count(length)) for length in set(cycles))
        weight = factorial(blocks) // (prod(cycles) * repeats)
        fixed = _acyclic(frozenset(range(len(cycles))), cycles, lookbacks, operations)
        found.append((cycles, weight, fixed))
    return tuple(found)


def _partitions(total: int, largest: int) -> Iterator[tuple[int, ...]]:
    if not total:
        yield ()
    for part in range(min(total, largest), 0, -1):
        yield from ((part, *rest) for rest in _partitions(total - part, part))


def _acyclic(own: frozenset[int], cycles: tuple[int, ...], lookbacks: int, operations: int) -> int:
    """How many cells on some cycles of a permutation it leaves unchanged.

    A block never reads its own cycle, and cycles that read one another would make a circle, so that
    the cycles themselves are acyclic: by inclusion and exclusion over those that none reads.
    """
    if not own:
        return 1
    total = 0
    for size in range(1, len(own) + 1):
        for unread in combinations(sorted(own), size):
            rest = own - set(unread)
            pairs = prod(_pairs(cycles[at], rest, cycles, lookbacks, operations) for at in unread)
            total -= (-1) ** size * pairs * _acyclic(rest, cycles, lookbacks, operations)
    return total


def _pairs(
    length: int, rest: frozenset[int], cycles: tuple[int, ...], lookbacks: int, operations: int
) -> int:
    """How many pairs of halves the first block of a cycle can be made of.

    After ``length`` steps the permutation is back at that block: the pair must be unchanged by so
    many steps, which either keep both halves or exchange them.
    """
    kept = lookbacks + sum(cycles[at] for at in rest if length % cycles[at] == 0)
    turned = sum(cycles[at] for at in rest if length % cycles[at] and 2 * length % cycles[at] == 0)
    halves = kept * operations
    return halves * (halves + 1) // 2 + turned * operations // 2


def _unchanged(
    n: int, cycles: tuple[int, ...], lookbacks: int, operations: int, rng: np.random.Generator
) -> Integers:
    """Draws cells ``(n, b, 2)``, perhaps cyclic, that a permutation of these cycles keeps."""
    blocks = sum(cycles)
    starts = np.cumsum((0, *cycles[:-1]))
    everywhere = frozenset(range(len(cycles)))
    halves = np.empty((n, blocks, 2), dtype=np.int64)
    shift = np.arange(lookbacks + blocks)  # where one step of the permutation takes an input
    for start, length in zip(starts, cycles, strict=True):
        slots = lookbacks + start + np.arange(length)
        shift[slots] = np.roll(slots, -1)
    for at, (start, length) in enumerate(zip(starts, cycles, strict=True)):
        options = _options(length, everywhere - {at}, cycles, lookbacks, operations, shift)
        pair = options[rng.integers(len(options), size=n)]
        for step in range(length):
            halves[:, start + step] = pair
            pair = shift[pair // operations] * operations + pair % operations
    return halves


def _options(
    length: int,
    rest: frozenset[int],
    cycles: tuple[int, ...],
    lookbacks: int,
    operations: int,
    shift: Integers,
) -> Integers:
    """The pairs ``(P, 2)`` that :func:`_pairs` counts."""
    starts = np.cumsum((0, *cycles[:-1]))
    slots = [lookbacks + starts[at] + step for at in sorted(rest) for step in range(cycles[at])]
    sources = np.array([*range(lookbacks), *slots], dtype=np.int64)
    moved = np.arange(len(shift))
    for _ in range(length):
        moved = shift[moved]
    every = (sources[:, None] * operations + np.arange(operations)).reshape(-1)
    after = moved[every // operations] * operations + every % operations
    kept = every[after == every]
    first, second = np.triu_indices(len(kept))
    swapped = (after != every) & (moved[after // operations] == every // operations)
    swapped &= every < after
    return np.concatenate(
        [
            np.stack([kept[first], kept[second]], axis=1),
            np.stack([every[swapped], after[swapped]], axis=1),
        ]
    )
