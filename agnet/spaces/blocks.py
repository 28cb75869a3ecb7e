"""Cells of blocks with look-backs, which grow block by block: the space of PNAS and POPNAS.

Liu et al., "Progressive Neural Architecture Search", ECCV 2018; Falanti et al., "POPNASv2: An
Efficient Multi-Objective Neural Architecture Search Technique", IJCNN 2022.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces._blocks_classes import (
    canonical_codes,
    class_count,
    draw_cells,
    reordered,
    split_codes,
)
from agnet.spaces._blocks_moves import KINDS, Change, apply, changes, pairs
from agnet.spaces._blocks_text import read_blocks, write_blocks
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import LISTABLE, SearchSpace, check_level, text_of, too_many
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.key_index import KeyIndex
from agnet.spaces.product import in_range

__all__ = ["OPERATIONS", "BlockCells"]

Integers: TypeAlias = npt.NDArray[np.int64]

OPERATIONS: Final = (
    "identity",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "conv_1x3_3x1",
    "conv_1x5_5x1",
    "conv_1x7_7x1",
    "conv_1x1",
    "conv_3x3",
    "conv_5x5",
    "max_pool_2x2",
    "avg_pool_2x2",
)
LARGEST: Final = 2**63 - 1
PARTS: Final = 4  # choices of a block


@final
@dataclass(frozen=True)
class BlockCells(SearchSpace):
    """Cells of up to ``max_blocks`` blocks, the empty one included; 1.7e14 by default.

    A block is the sum of two operations, each on one of the last ``lookbacks`` cells or an earlier
    block; blocks that none reads are joined to the cell's output. An architecture is an isomorphism
    class: the order of the blocks, and of the two halves of one, does not matter.

    The choices are, for each block: input, operation, input, operation; 0 where there is no block,
    else inputs count from 1, the last cell first, the earliest block after the furthest look-back.
    In canonical form they are the least among all orders of the blocks.

    In the graph view (``N = lookbacks + 2 max_blocks + 1``) operations are nodes, as are the cells
    before and the output; what reads a block has edges from both its operations. The output of the
    empty cell reads the last cell.

    Attributes:
        max_blocks: The most blocks of a cell.
        lookbacks: How many previous cells can be read.
        operations: The names of the operations.
    """

    max_blocks: int = 5
    lookbacks: int = 2
    operations: tuple[str, ...] = OPERATIONS

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If there are no blocks, look-backs or operations, an operation occurs
                twice or has a name that texts cannot hold, or numbers of cells exceed 64 bits.
        """
        sizes = (self.max_blocks, self.lookbacks, len(self.operations))
        if min(sizes) < 1 or len(set(self.operations)) < len(self.operations):
            raise InvalidInput(
                f"got {self.max_blocks} blocks, {self.lookbacks} look-backs and the operations "
                f"{', '.join(self.operations)}; expected at least one of each, all different"
            )
        wrong = [name for name in self.operations if not re.fullmatch(r"\w+", name)]
        if wrong:
            raise InvalidInput(
                f"got the operation {wrong[0]!r}; expected letters, digits and underscores"
            )
        halves = (self.lookbacks + self.max_blocks - 1) * len(self.operations)
        if (halves**2 + 1) ** self.max_blocks > LARGEST:
            raise InvalidInput(
                f"got {self.max_blocks} blocks of {len(self.operations)} operations and "
                f"{self.lookbacks} look-backs; cells must be numbered within 64 bits: use fewer"
            )

    @property
    def name(self) -> str:
        """``blocks``, with settings that are not the defaults."""
        parts = ["blocks"]
        if self.max_blocks != 5:
            parts.append(f"{self.max_blocks}b")
        if self.lookbacks != 2:
            parts.append(f"{self.lookbacks}l")
        if self.operations != OPERATIONS:
            parts.append("+".join(self.operations))
        return "-".join(parts)

    @property
    def size(self) -> int:
        """The number of classes of cells of any number of blocks."""
        return sum(self._counts())

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """Inputs, operations, inputs, operations of each block, each with "no block"."""
        ops = len(self.operations) + 1
        read = [self.lookbacks + block + 1 for block in range(self.max_blocks)]
        return tuple(size for inputs in read for size in (inputs, ops, inputs, ops))

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The node of each operation; its input goes with it."""
        first = range(self.lookbacks, self.lookbacks + 2 * self.max_blocks)
        return tuple(slot for slot in first for _ in range(2))

    @property
    def node_types(self) -> tuple[str, ...]:
        """The cells before, from -1 on, the output, and the operations."""
        return (*(str(-1 - at) for at in range(self.lookbacks)), "output", *self.operations)

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text`` only: an architecture is a class already."""
        return ("text",)

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` cells, every class equally likely; nearly all have the most blocks."""
        counts = np.array(self._counts(), dtype=np.float64)
        drawn = rng.choice(len(counts), size=n, p=counts / counts.sum())
        codes = np.zeros(n, dtype=np.int64)
        for blocks in range(1, self.max_blocks + 1):
            rows = np.flatnonzero(drawn == blocks)
            halves = draw_cells(len(rows), self.lookbacks, len(self.operations), blocks, rng)
            codes[rows] = self._codes(halves)
        return self._numbered(codes)

    def enumerate(self) -> Architectures:
        """Returns all cells, those of fewest blocks first.

        Raises:
            InvalidInput: If there are too many.
        """
        return _listed(self)[0]

    def index(self, archs: Sequence[Architecture]) -> Integers:
        """Returns the row ``(B,)`` of each cell in the enumeration.

        Raises:
            InvalidInput: If the space is too large to be listed.
        """
        return _listed(self)[1].find(self.keys(archs))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says for each vector whether blocks are whole, and the first ones are filled."""
        array = np.asarray(choices)
        there = array.reshape(len(array), self.max_blocks, PARTS) > 0
        broken = (there != there[:, :, :1]).any(axis=(1, 2))
        gap = (there[:, 1:, 0] & ~there[:, :-1, 0]).any(axis=1)
        return np.asarray(in_range(array, self.choice_sizes) & ~broken & ~gap)

    def canonical(self, choices: Choices) -> Choices:
        """Puts the blocks of valid vectors, and the halves of each, into canonical order."""
        return self._numbered(self._keys(choices, ordered=False)).choices

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns a number ``(B,)`` for each cell: its choices read as digits."""
        check_level(self, level)
        return self._keys(self.to_choices(archs), ordered=True)

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """No block follows on none, and a block is whole."""
        block, part = divmod(step, PARTS)
        options = np.ones((len(choices), self.choice_sizes[step]), dtype=np.bool_)
        if part:
            there = choices[:, block * PARTS] > 0
            options[:, 0], options[:, 1:] = ~there, there[:, None]
        elif block:
            options[:, 1:] = (choices[:, (block - 1) * PARTS] > 0)[:, None]
        return options

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns the cells that one change makes, in order of their numbers.

        A change replaces an input or an operation, appends a block, or removes one that none reads.
        """
        own = self.keys([arch])
        halves = self._halves(self.to_choices([arch]))[0, : self.blocks([arch])[0]]
        change = changes(len(halves), *self._sizes)
        found = np.unique(apply(np.repeat(halves[None], len(change.kind), 0), change, *self._sizes))
        return self._numbered(found[(found >= 0) & (found != own)])

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Makes one random change to each cell: its kind is drawn first, then the place.

        Changes that are impossible, or change nothing, are drawn again.
        """
        own = self.keys(archs)
        count, halves = self.blocks(archs), self._halves(self.to_choices(archs))
        mutants = np.full(len(own), -1)
        while len(rows := np.flatnonzero(mutants < 0)):
            kinds = rng.integers(len(KINDS), size=len(rows))
            places = rng.random(len(rows))
            for blocks in np.unique(count[rows]).tolist():
                some = np.flatnonzero(count[rows] == blocks)
                change, there = self._drawn(blocks, kinds[some], places[some])
                at = rows[some[there]]
                found = apply(halves[at, :blocks], change, *self._sizes)
                mutants[at] = np.where(found == own[at], -1, found)
        return self._numbered(mutants)

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes the number of blocks, and each block where both have one, from either parent."""
        left, right = (
            self.to_choices(archs).reshape(len(archs), self.max_blocks, PARTS)
            for archs in (first, second)
        )
        taken = rng.random((len(left), self.max_blocks)) < 0.5
        longer = rng.random(len(left)) < 0.5
        there = np.where(longer[:, None], left[..., 0] > 0, right[..., 0] > 0)
        taken = np.where(right[..., 0] == 0, True, np.where(left[..., 0] == 0, False, taken))
        mixed = np.where(taken[..., None], left, right) * there[..., None]
        return self.from_choices(mixed.reshape(len(left), PARTS * self.max_blocks))

    def parse(self, text: str) -> Architecture:
        """Reads ``[(-1,identity,-2,conv_3x3);(0,conv_3x3,-1,identity)]``, or ``[]``.

        Each block is an input, its operation, and the same again. A negative input is a cell
        before, another one an earlier block, counted from 0.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        read = read_blocks(text_of(text), self.lookbacks, self.operations, self.max_blocks)
        choices = np.zeros((1, self.max_blocks * PARTS), dtype=np.int16)
        flat = [1 + number for block in read for number in block]
        choices[0, : len(flat)] = flat
        return self.from_choices(choices)[0]

    def format(self, choices: Sequence[int]) -> str:
        """Writes the blocks in canonical order."""
        rows = np.reshape(choices, (-1, PARTS)) - 1
        return write_blocks(rows[rows[:, 0] >= 0].tolist(), self.lookbacks, self.operations)

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: the cells before, two operations a block, the output."""
        rows = torch.from_numpy(self.to_choices(archs).astype(np.int64))
        rows = rows.view(len(rows), self.max_blocks, 2, 2)
        there = rows[:, :, 0, 0] > 0
        first, last = self.lookbacks, self.lookbacks + 2 * self.max_blocks
        ops = torch.zeros(len(rows), last + 1, dtype=torch.int64)
        ops[:, :first] = torch.arange(first)
        ops[:, first:last] = torch.where(there[:, :, None], rows[..., 1] + first, 0).flatten(1)
        ops[:, last] = first
        mask = torch.ones(len(rows), last + 1, dtype=torch.bool)
        mask[:, first:last] = there.repeat_interleave(2, dim=1)
        makers = self._makers()
        adjacency = torch.zeros(len(rows), last + 1, last + 1, dtype=torch.bool)
        adjacency[:, :, first:last] = makers[rows[..., 0].flatten(1)].mT
        blocks = range(first + 1, first + 1 + self.max_blocks)
        read = torch.stack([(rows[..., 0] == b).flatten(1).any(1) for b in blocks], dim=1)
        adjacency[:, first:last, last] = (there & ~read).repeat_interleave(2, dim=1)
        adjacency[:, 0, last] = ~there[:, 0]
        return GraphBatch(ops, adjacency, mask)

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads operations off the nodes, and what they read off the edges.

        Raises:
            InvalidArchitecture: If a graph is no cell.
        """
        first, last = self.lookbacks, self.lookbacks + 2 * self.max_blocks
        if graphs.num_nodes != last + 1:
            raise InvalidArchitecture(
                f"got graphs of {graphs.num_nodes} node slots; expected {last + 1}"
            )
        into = graphs.adjacency[:, :, first:last].mT
        read = (into[:, :, None] == self._makers()).all(-1).int().argmax(-1)
        ops = graphs.ops[:, first:last] - first
        there = graphs.mask[:, first:last]
        choices = (torch.stack([read, ops], dim=-1) * there[..., None]).flatten(1).numpy()
        # What was read is right if it makes the same graph again.
        valid = self.is_valid(choices)
        archs = self.from_choices(np.where(valid[:, None], choices, 0))
        fits = torch.from_numpy(valid) & self.encode(archs).same(graphs)
        if not bool(fits.all()):
            raise InvalidArchitecture(
                f"graph {int((~fits).nonzero()[0])} is no cell of {self.name} in canonical order: "
                "expected the cells before, two operations a block, and an output that reads what "
                "nothing else reads"
            )
        return archs

    def blocks(self, archs: Sequence[Architecture]) -> Integers:
        """Returns how many blocks each of ``B`` cells has, ``(B,)``."""
        return np.asarray((self.to_choices(archs)[:, ::PARTS] > 0).sum(axis=1), dtype=np.int64)

    def parts(self, archs: Sequence[Architecture]) -> tuple[Integers, Integers]:
        """Returns what each half reads, and its operation, ``(B, blocks, 2)``; -1 for no block.

        Inputs count from 0, the last cell first, the earliest block after the furthest look-back.
        """
        return self._parts(self.to_choices(archs))

    def grown(self, archs: Sequence[Architecture]) -> Architectures:
        """Returns all distinct cells that have one block more than one of ``B`` cells.

        Cells that are full have none.
        """
        count, halves = self.blocks(archs), self._halves(self.to_choices(archs))
        found = [np.empty(0, dtype=np.int64)]
        for blocks in np.unique(count[count < self.max_blocks]).tolist():
            own = halves[count == blocks, :blocks]
            new = pairs(self.lookbacks + blocks, len(self.operations))
            for parent in own:  # a few hundred, with thousands of children each
                kept = np.repeat(parent[None], len(new), axis=0)
                found.append(self._codes(np.concatenate([kept, new[:, None]], axis=1)))
        return self._numbered(np.unique(np.concatenate(found)))

    def reordered(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Choices:
        """Returns choices ``(B, C)`` of the same cells in another order, which is not canonical.

        What reads blocks in an order can so be shown that it does not matter.
        """
        count, halves = self.blocks(archs), self._halves(self.to_choices(archs))
        for blocks in np.unique(count[count > 0]).tolist():
            rows = count == blocks
            own = halves[rows, :blocks]
            halves[rows, :blocks] = reordered(own, self.lookbacks, len(self.operations), rng)
        return self._written(halves)

    @property
    def _sizes(self) -> tuple[int, int, int]:
        return self.lookbacks, len(self.operations), self.max_blocks

    def _counts(self) -> list[int]:
        lookbacks, operations, limit = self._sizes
        return [class_count(lookbacks, operations, blocks) for blocks in range(limit + 1)]

    def _codes(self, halves: Integers) -> Integers:
        return canonical_codes(halves, *self._sizes)

    def _keys(self, choices: Choices, *, ordered: bool) -> Integers:
        """Numbers of choices ``(B, C)``, whose blocks may already be in canonical order."""
        count = (choices[:, ::PARTS] > 0).sum(axis=1)
        halves = self._halves(choices)
        codes = np.zeros(len(choices), dtype=np.int64)
        for blocks in np.unique(count).tolist():
            rows = count == blocks
            codes[rows] = canonical_codes(halves[rows, :blocks], *self._sizes, ordered=ordered)
        return codes

    def _halves(self, choices: Choices) -> Integers:
        """Halves ``(B, blocks, 2)`` of choices ``(B, C)``, below 0 where there is no block."""
        sources, operations = self._parts(choices)
        return sources * len(self.operations) + operations

    def _parts(self, choices: Choices) -> tuple[Integers, Integers]:
        rows = choices.reshape(len(choices), self.max_blocks, 2, 2).astype(np.int64) - 1
        return rows[..., 0], rows[..., 1]

    def _numbered(self, codes: Integers) -> Architectures:
        """The cells of numbers ``(B,)``."""
        lookbacks, operations, limit = self._sizes
        return Architectures(self, self._written(split_codes(codes, lookbacks, operations, limit)))

    def _written(self, halves: Integers) -> Choices:
        """Choices ``(B, C)`` of halves ``(B, blocks, 2)``, -1 where there is no block."""
        parts = np.stack(np.divmod(halves, len(self.operations)), axis=-1) + 1
        parts[halves < 0] = 0
        return parts.reshape(len(halves), PARTS * self.max_blocks).astype(np.int16)

    def _drawn(
        self, blocks: int, kinds: Integers, places: npt.NDArray[np.float64]
    ) -> tuple[Change, npt.NDArray[np.bool_]]:
        """Changes of given kinds, and which rows have one, of cells of so many blocks."""
        every = changes(blocks, *self._sizes)
        starts = np.searchsorted(every.kind, np.arange(len(KINDS) + 1))
        sizes = np.diff(starts)[kinds]
        at = (starts[kinds] + (places * sizes).astype(np.int64))[sizes > 0]
        return Change(every.kind[at], every.at[at], every.value[at]), sizes > 0

    def _makers(self) -> torch.Tensor:
        """Which nodes make each input, ``(1 + L + B, N)``: none, a cell before, or a block."""
        first, nodes = self.lookbacks, self.lookbacks + 2 * self.max_blocks + 1
        makers = torch.zeros(1 + first + self.max_blocks, nodes, dtype=torch.bool)
        for at in range(first):
            makers[1 + at, at] = True
        for block in range(self.max_blocks):
            makers[1 + first + block, first + 2 * block : first + 2 * block + 2] = True
        return makers


@lru_cache(maxsize=8)
def _listed(space: BlockCells) -> tuple[Architectures, KeyIndex]:
    """All cells of a space, and where their numbers are."""
    if space.size > LISTABLE:
        raise too_many(space)
    last = Architectures(space, np.zeros((1, PARTS * space.max_blocks)))
    every = last
    for _ in range(space.max_blocks):
        last = space.grown(last)
        every = every + last
    return every, KeyIndex(space.keys(every))
