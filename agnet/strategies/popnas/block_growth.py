"""Cells of blocks grow by one block a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces import Architecture, Architectures, BlockCells
from agnet.strategies.popnas.growth import Array, Growth, Integers, Usage

__all__ = ["BlockGrowth"]


@final
class BlockGrowth(Growth):
    """From the empty cell and all cells of one block to those of the most blocks."""

    def __init__(self, space: BlockCells, cells: int = 8) -> None:
        """Takes a space, and how many cells a network stacks.

        Raises:
            InvalidInput: If there are no cells.
        """
        if cells < 1:
            raise InvalidInput(f"got {cells} cells; expected at least 1")
        self._space, self._cells = space, cells

    @property
    def steps(self) -> int:
        """One less than the most blocks."""
        return self._space.max_blocks - 1

    def start(self) -> Architectures:
        """The empty cell, and all cells of one block."""
        empty = self._empty()
        return empty + self._space.grown(empty)

    def step(self, archs: Sequence[Architecture]) -> Integers:
        """One less than the number of blocks."""
        return np.asarray(np.maximum(self._space.blocks(archs) - 1, 0))

    def grown(self, archs: Architectures) -> Architectures:
        """All cells with one more block; nothing grows of the empty one, which is of no step."""
        return self._space.grown(archs[self._space.blocks(archs) > 0])

    def probes(self) -> tuple[Architectures, Architectures]:
        """The empty cell, and ``[(-1,o,-1,o)]`` for each operation ``o``."""
        texts = [f"[(-1,{op},-1,{op})]" for op in self._space.operations]
        return self._empty(), self._space.batch([self._space.parse(text) for text in texts])

    def features(self, archs: Sequence[Architecture], scores: Array) -> Array:
        """The nine numbers of POPNASv2, ``(B, 9)``.

        Blocks; cells stacked, without those between the nearest look-backs; sum of the scores;
        whether several look-backs are read; share of the score that reads look-backs;
        inputs that are blocks; blocks on the longest chain; blocks that are concatenated; share of
        the score on the heaviest path, of one half a block. Where all scores are 0 the shares are
        1, as for the empty cell.
        """
        source, op, there = self._halves(archs)
        lookbacks = self._space.lookbacks
        before = there & (source < lookbacks)
        reads = before[..., None] & (source[..., None] == np.arange(lookbacks))
        reads = reads.any(axis=(1, 2))  # (B, L)
        nearest = np.where(reads.any(axis=1), reads.argmax(axis=1) + 1, 1)
        score = np.where(there, scores[np.where(there, op, 0)], 0.0)
        total = score.sum(axis=(1, 2))
        depth, heaviest, used = self._chains(source, there, score)
        blocks = there[..., 0].sum(axis=1)
        unused = (there[..., 0] & ~used).sum(axis=1)
        share = np.stack([np.where(before, score, 0.0).sum(axis=(1, 2)), heaviest])
        share = np.divide(share, total, out=np.ones_like(share), where=total > 0)
        columns = [
            blocks,
            np.where(blocks > 0, -(-self._cells // nearest), 0),
            total,
            reads.sum(axis=1) > 1,
            share[0],
            (there & ~before).sum(axis=(1, 2)),
            depth,
            np.where(unused > 1, unused, 0),
            share[1],
        ]
        return np.stack(columns, axis=1).astype(np.float64)

    def usage(self, archs: Sequence[Architecture]) -> Usage:
        """Counts look-backs, earlier blocks and operations."""
        source, op, there = self._halves(archs)
        highest = self._space.lookbacks + max(int(there[..., 0].sum(axis=1).max(initial=1)) - 1, 0)
        counts = [
            (there[..., None] & (values[..., None] == np.arange(size))).sum(axis=(1, 2))
            for values, size in ((source, highest), (op, len(self._space.operations)))
        ]
        return Usage(*counts)

    def _empty(self) -> Architectures:
        return self._space.batch([self._space.parse("[]")])

    def _halves(
        self, archs: Sequence[Architecture]
    ) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
        """Sources, operations and which there are, each ``(B, blocks, 2)``."""
        source, op = self._space.parts(archs)
        return source, op, source >= 0

    def _chains(
        self, source: Integers, there: npt.NDArray[np.bool_], score: Array
    ) -> tuple[Integers, Array, npt.NDArray[np.bool_]]:
        """Longest chain and heaviest path ``(B,)``, and which blocks are read ``(B, blocks)``."""
        count, limit, _ = source.shape
        each = np.arange(count)[:, None]
        depth = np.zeros((count, limit), dtype=np.int64)
        weight = np.zeros((count, limit))
        used = np.zeros((count, limit), dtype=bool)
        for block in range(limit):
            inner = source[:, block] - self._space.lookbacks
            reads = there[:, block] & (inner >= 0)
            at = np.where(reads, inner, 0)
            before = np.where(reads, depth[each, at], 0)
            along = score[:, block] + np.where(reads, weight[each, at], 0.0)
            depth[:, block] = np.where(there[:, block, 0], 1 + before.max(axis=1), 0)
            weight[:, block] = along.max(axis=1)
            used[np.broadcast_to(each, at.shape)[reads], at[reads]] = True
        return depth.max(axis=1), weight.max(axis=1), used
