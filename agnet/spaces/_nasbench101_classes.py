"""The isomorphism classes of NAS-Bench-101 cells, numbered without gaps.

A graph is held as six *columns* ``(B, 6)`` and a *label* ``(B,)``. Slot 0 is the input, slots 1 to
5 are operations or empty, slot 6 is the output; the column of slot ``v`` holds, as bits, the slots
that feed it. The label is a base-4 number with a digit for each of the slots 1 to 5, the first the
most significant: 0 where the slot is empty, else the operation.

A pruned graph is canonical if no other order of its operations gives a smaller sequence of columns
(empty slots last) and, among the orders that give this sequence, none gives a smaller label. A
canonical sequence of columns is called a *structure*; there are few of them, and what remains is to
number the labels of each up to its automorphisms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Final, final

import numpy as np
import numpy.typing as npt

__all__ = ["CELLS_WITHIN", "DIGITS", "INNER", "OUTPUT", "Classes", "Integers", "classes"]

Integers = npt.NDArray[np.int64]

INNER, OUTPUT, MAX_EDGES = 5, 6, 9
CELLS_WITHIN: Final = {2: 1, 3: 7, 4: 91, 5: 2_532, 6: 64_542, 7: 423_624}
"""How many cells have at most so many vertices; the smaller cells come first in the numbering."""

PLACES: Final = 2 * np.arange(INNER)[::-1]
DIGITS: Final = (np.arange(4**INNER)[:, None] >> PLACES) & 3
MEMBERS: Final = np.array([bin(bits).count("1") for bits in range(1 << OUTPUT)])
EMPTY, BACKWARD = (1 << OUTPUT) - 1, 1 << 40
CHUNK: Final = 4096  # graphs at a time: the 120 codes of each then fill 4 MB


@final
@dataclass(frozen=True)
class Classes:
    """Tables of ``S`` structures in ascending order of their codes, and of ``G`` kinds of them.

    A kind is a number of operations with a group of automorphisms.

    Attributes:
        codes: ``(S,)``, the number of operations, then the columns with six bits each.
        columns: ``(S, 6)``.
        first: ``(S,)``, the number of the first cell of each structure.
        kind: ``(S,)``.
        rank: ``(G, 1024)``, the position of each label's class.
        labels: ``(G, 243)``, the smallest label of each class.
        placed: ``(6, 64, 120)``, what a column adds to the code under each order of the operations.
        relabelled: ``(120, 1024)``, what becomes of each label under each order.
    """

    codes: Integers
    columns: Integers
    first: Integers
    kind: Integers
    rank: Integers
    labels: Integers
    placed: Integers
    relabelled: Integers

    def canonical(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Returns the canonical columns ``(B, 6)`` and labels ``(B,)`` of numbered cells."""
        at = np.searchsorted(self.first, numbers, side="right") - 1
        return self.columns[at], self.labels[self.kind[at], numbers - self.first[at]]

    def number(self, columns: Integers, labels: Integers) -> Integers:
        """Numbers canonical graphs ``(B,)``."""
        return self._number(_codes(self.placed[:, :, 0], columns), labels)

    def find(self, columns: Integers, labels: Integers) -> Integers:
        """Prunes any graphs and numbers them ``(B,)``.

        Edges may go in any direction, and to and from empty slots. The number is -1 where no path
        leads from input to output, where more than nine edges remain, and where a cycle remains.
        """
        columns, labels = _prune(columns, labels)
        numbers = np.full(len(labels), -1)
        fit = np.flatnonzero((columns[:, -1] > 0) & (MEMBERS[columns].sum(axis=1) <= MAX_EDGES))
        for start in range(0, len(fit), CHUNK):
            rows = fit[start : start + CHUNK]
            codes = _codes(self.placed, columns[rows])
            order = codes.argmin(axis=1)
            least = codes[np.arange(len(rows)), order]
            acyclic = least < BACKWARD
            rows, order, least = rows[acyclic], order[acyclic], least[acyclic]
            numbers[rows] = self._number(least, self.relabelled[order, labels[rows]])
        return numbers

    def _number(self, codes: Integers, labels: Integers) -> Integers:
        at = np.searchsorted(self.codes, codes)
        numbers: Integers = self.first[at] + self.rank[self.kind[at], labels]
        return numbers


@cache
def classes() -> Classes:
    """Enumerates the classes, once a process."""
    orders = np.array([(0, *inner, OUTPUT) for inner in permutations(range(1, OUTPUT))])
    placed = _placed(orders)
    relabelled = (DIGITS[None] << (2 * (INNER - orders[:, None, 1:OUTPUT]))).sum(axis=2)

    columns = _candidates()
    codes = _codes(placed, columns)
    kept = np.flatnonzero(codes[:, 0] == codes.min(axis=1))  # the first order changes nothing
    kept = kept[codes[kept, 0].argsort()]
    columns, codes = columns[kept], codes[kept]
    automorphic = codes == codes[:, :1]

    sizes = (columns[:, :INNER] > 0).sum(axis=1)
    signature = np.column_stack([sizes.astype(np.uint8), np.packbits(automorphic, axis=1)])
    _, example, kind = np.unique(signature, axis=0, return_index=True, return_inverse=True)
    rank = np.zeros((len(example), len(DIGITS)), dtype=np.int64)
    labels = np.zeros((len(example), 3**INNER), dtype=np.int64)
    count = np.zeros(len(example), dtype=np.int64)
    for i, row in enumerate(example):
        filled = ((DIGITS > 0) == (np.arange(INNER) < sizes[row])).all(axis=1)
        least = relabelled[automorphic[row]].min(axis=0)
        own = np.flatnonzero(filled & (least == np.arange(len(DIGITS))))
        rank[i, filled] = np.searchsorted(own, least[filled])
        labels[i, : len(own)] = own
        count[i] = len(own)
    kind = kind.reshape(-1)
    first = np.cumsum(count[kind]) - count[kind]
    return Classes(codes[:, 0], columns, first, kind, rank, labels, placed, relabelled)


def _placed(orders: Integers) -> Integers:
    """What each column ``(6, 64)`` adds to the code under each order ``(120,)``.

    An empty slot sorts behind all others; an edge that an order turns backwards adds so much that
    the order is never the least one of an acyclic graph.
    """
    sets = np.arange(1 << OUTPUT)[:, None]
    moved = sum((((sets >> u) & 1) << orders[:, u]) for u in range(OUTPUT))
    placed = []
    for slot in range(1, OUTPUT + 1):
        target = orders[:, slot]
        column = np.where((sets == 0) & (slot < OUTPUT), EMPTY, moved)
        backward = (moved >> target > 0) * BACKWARD
        operation = ((sets > 0) & (slot < OUTPUT)) << (OUTPUT * OUTPUT)
        placed.append((column << (OUTPUT * (OUTPUT - target))) + backward + operation)
    return np.stack(placed)


def _candidates() -> Integers:
    """All pruned graphs whose columns ascend, as those of every structure do.

    If a column were smaller than the one before it, its slot could not be fed by that one, and
    exchanging the two would give a smaller sequence.
    """
    closed = []
    inner = np.zeros((1, 0), dtype=np.int64)
    for size in range(INNER + 1):
        whole = _grown(inner, size)
        feeds_something = np.bitwise_or.reduce(whole, axis=1) == (2 << size) - 1
        few = MEMBERS[whole].sum(axis=1) <= MAX_EDGES
        kept = whole[feeds_something & few]
        empty = np.zeros((len(kept), INNER - size), dtype=np.int64)
        closed.append(np.hstack([kept[:, :size], empty, kept[:, size:]]))
        ascending = whole[:, -1] >= whole[:, :-1].max(axis=1, initial=0)
        inner = whole[ascending & (MEMBERS[whole].sum(axis=1) < MAX_EDGES)]
    return np.concatenate(closed)


def _grown(inner: Integers, size: int) -> Integers:
    """Appends to columns of ``size`` slots every column that the next slot can have."""
    columns = np.arange(1, 2 << size)
    return np.column_stack([np.repeat(inner, len(columns), axis=0), np.tile(columns, len(inner))])


def _codes(placed: Integers, columns: Integers) -> Integers:
    """Adds up what the columns ``(B, 6)`` contribute: ``(B,)`` or ``(B, 120)``, as ``placed``."""
    codes: Integers = placed[0][columns[:, 0]]
    for slot in range(1, OUTPUT):
        codes += placed[slot][columns[:, slot]]
    return codes


def _prune(columns: Integers, labels: Integers) -> tuple[Integers, Integers]:
    """Empties every slot that is on no path from input to output, the output too if none is."""
    slots = np.arange(1, OUTPUT + 1)
    exist = 1 | (1 << OUTPUT) | ((DIGITS[labels] > 0) << slots[:INNER]).sum(axis=1)
    columns = columns & exist[:, None]
    ahead, back = np.ones_like(exist), np.full_like(exist, 1 << OUTPUT)
    while True:
        known = ahead + (back << 8)
        for slot in slots:
            ahead = ahead | ((((columns[:, slot - 1] & ahead) > 0) << slot) & exist)
        for slot in slots[::-1]:
            back = back | (columns[:, slot - 1] * ((back >> slot) & 1))
        if np.array_equal(ahead + (back << 8), known):  # two sweeps where edges go forwards
            break
    kept = ahead & back
    here = (kept[:, None] >> slots) & 1
    return (columns & kept[:, None]) * here, labels & (here[:, :INNER] @ (3 << PLACES))
