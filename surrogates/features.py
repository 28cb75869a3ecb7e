"""Numbers that describe an architecture: which sequences of operations it holds, and a summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architecture, GraphBatch, SearchSpace
from agnet.surrogates.paths import Paths, live_paths

__all__ = ["Description", "Features", "features_of"]

REFERENCE: Final = 2_000  # architectures that settle the scale of the summary
TABLED: Final = 20_000  # spaces up to this size are described once and for all
ABSENT: Final = -1

# Weight of an indicator beside a summary of unit variance: for paths and for single choices.
PATH_WEIGHT: Final = 0.7
CHOICE_WEIGHT: Final = 0.3


@final
@dataclass(frozen=True)
class Description:
    """What ``B`` architectures have.

    Attributes:
        codes: ``(B, P)`` int64, distinct codes of what is there, ``-1`` where there is no more.
        summary: ``(B, S)``, of about zero mean and unit variance over the space.
    """

    codes: npt.NDArray[np.int64]
    summary: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: npt.NDArray[np.integer] | slice) -> Description:
        return Description(self.codes[rows], self.summary[rows])

    def vocabulary(self) -> npt.NDArray[np.int64]:
        """Returns all codes ``(V,)``, ascending."""
        return np.unique(self.codes[self.codes != ABSENT])

    def indicators(self, vocabulary: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Returns ``(B, V)``, 1 where a code of the vocabulary is there; others are left out."""
        filled = np.zeros((len(self), len(vocabulary) + 1))
        at = np.searchsorted(vocabulary, self.codes)
        known = np.append(vocabulary, ABSENT - 1)[at] == self.codes
        filled[np.arange(len(self))[:, None], np.where(known, at, len(vocabulary))] = 1.0
        return filled[:, :-1]


@final
class Features:
    """Describes the architectures of one space, the same way for every space of cells.

    A *live path* leads from an input to an output through no ``none``. The codes are the sequences
    of operations on live paths, where skip connections leave no trace. The summary holds, for each
    cell: how many live operations there are of each type; how many live edges leave its inputs and
    how many enter its output (among which NAS-Bench-101 divides the channels); and the most and the
    fewest, along a live path, of operations, convolutions, operations that mix neighbouring pixels,
    and convolutions that do.

    Where no node of the graph view joins two others, paths say nothing: the codes are then the
    single choices, and the summary their totals over runs of choices with equally many options (for
    Once-for-All: the resolution, the depths, and kernels with expansions).

    What a type is, is read off its name: ``none``, ``skip`` or ``identity``, ``conv``, and a kernel
    such as ``3x3``. The scale of the summary is that of a fixed sample of the space.

    Attributes:
        space: The space.
        weight: What the presence of a code is worth beside the summary.
        groups: ``(S,)``, what each column of the summary is about: 0 counts of types or totals of
            choices, 1 edges at inputs and outputs, 2 the most and 3 the fewest along a path.
        dead: ``(T,)``, the types that stop what flows.
        silent: ``(T,)``, the types that change nothing.
    """

    def __init__(self, space: SearchSpace) -> None:
        """Settles the scale on a sample of the space."""
        self.space = space
        names = space.node_types
        self.dead = np.array([name == "none" for name in names])
        self.silent = np.array(["skip" in name or name == "identity" for name in names])
        self._worth = _worth(names)
        reference = space.sample(REFERENCE, np.random.default_rng(0))
        graphs = space.encode(reference)
        self._chains = int(graphs.adjacency.sum(dim=1).max()) <= 1
        self._cells = int(_sinks(graphs).sum(axis=1).max())
        self.weight = CHOICE_WEIGHT if self._chains else PATH_WEIGHT
        _, raw = self._raw(reference)
        self._kept = raw.std(axis=0) > 0
        self.groups = self._all_groups(raw.shape[1])[self._kept]
        self._mean, self._std = raw.mean(axis=0)[self._kept], raw.std(axis=0)[self._kept]
        self._table: Description | None = None

    def describe(self, archs: Sequence[Architecture]) -> Description:
        """Describes ``B`` architectures."""
        if self.space.size > TABLED:
            return self._scaled(archs)
        if self._table is None:
            self._table = self._scaled(self.space.enumerate())
        return self._table[self.space.index(archs)]

    def _scaled(self, archs: Sequence[Architecture]) -> Description:
        codes, raw = self._raw(archs)
        return Description(codes, (raw[:, self._kept] - self._mean) / self._std)

    def _raw(
        self, archs: Sequence[Architecture]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Returns codes and the summary before scaling."""
        if self._chains:
            return self._choices(archs)
        graphs = self.space.encode(archs)
        paths = live_paths(graphs, self.dead)
        codes = _padded(paths.row, paths.codes(self.silent), len(graphs))
        return codes, self._summary(graphs, paths)

    def _all_groups(self, columns: int) -> npt.NDArray[np.int64]:
        """The group of each column of the summary before constant ones are left out."""
        if self._chains:
            return np.zeros(columns, dtype=np.int64)
        lengths = [len(self._worth), 2, self._worth.shape[1], self._worth.shape[1]]
        return np.tile(np.repeat(np.arange(4), lengths), self._cells)

    def _choices(
        self, archs: Sequence[Architecture]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        choices = self.space.to_choices(archs).astype(np.int64)
        sizes = self.space.choice_sizes
        lengths = [len(list(run)) for _, run in groupby(sizes)]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        totals = np.add.reduceat(choices, starts, axis=1).astype(np.float64)
        return choices + np.concatenate([[0], np.cumsum(sizes)[:-1]]), totals

    def _summary(self, graphs: GraphBatch, paths: Paths) -> npt.NDArray[np.float64]:
        """Returns ``(B, cells * S)``, all zero for a cell without a live path."""
        cell_of = _cell_of(graphs)
        group = paths.row * self._cells + cell_of[paths.row, paths.visited.argmax(axis=1)]
        along = paths.sums(self._worth)
        most = np.zeros((len(graphs) * self._cells, along.shape[1]))
        np.maximum.at(most, group, along)
        fewest = np.full_like(most, np.inf)
        np.minimum.at(fewest, group, along)
        fewest[np.isinf(fewest)] = 0.0
        per_node = _live_counts(graphs, paths, len(self._worth))
        at, node = np.nonzero(graphs.mask.numpy())
        counted = np.zeros((len(most), per_node.shape[2]))
        np.add.at(counted, at * self._cells + cell_of[at, node], per_node[at, node])
        joined = np.concatenate([counted, most, fewest], axis=1)
        return np.asarray(joined.reshape(len(graphs), self._cells * joined.shape[1]))


@lru_cache(maxsize=8)
def features_of(space: SearchSpace) -> Features:
    """Returns the features of a space, which all surrogates of a process share."""
    return Features(space)


def _worth(names: Sequence[str]) -> npt.NDArray[np.float64]:
    """What each type adds along a path, ``(T, 4)``: see :class:`Features`."""
    convolves = np.array(["conv" in name for name in names])
    sizes = [re.search(r"(\d+)x\1", name) for name in names]
    mixes = np.array([size is not None and int(size[1]) > 1 for size in sizes])
    works = convolves | np.array([size is not None for size in sizes])
    return np.stack([works, convolves, mixes, convolves & mixes], axis=1).astype(np.float64)


def _live_counts(graphs: GraphBatch, paths: Paths, types: int) -> npt.NDArray[np.float64]:
    """What each node adds to the counts of its cell, ``(B, N, T + 2)``.

    A live operation adds one to its type; an input its live edges, and so does an output.
    """
    ops, adjacency = graphs.ops.numpy(), graphs.adjacency.numpy()
    live = np.zeros(ops.shape, dtype=bool)
    np.logical_or.at(live, paths.row, paths.visited)
    adjacency = adjacency & live[:, :, None] & live[:, None, :]
    into, out_of = adjacency.sum(axis=1), adjacency.sum(axis=2)
    operates = (into > 0) & (out_of > 0)
    counts = (ops[:, :, None] == np.arange(types)) & operates[:, :, None]
    fans = np.stack([np.where(into == 0, out_of, 0), np.where(out_of == 0, into, 0)], axis=2)
    return np.concatenate([counts, fans], axis=2, dtype=np.float64)


def _cell_of(graphs: GraphBatch) -> npt.NDArray[np.int64]:
    """The number of the cell of each node, ``(B, N)``: a cell ends with its output."""
    sinks = _sinks(graphs)
    return np.asarray(np.cumsum(sinks, axis=1) - sinks, dtype=np.int64)


def _sinks(graphs: GraphBatch) -> npt.NDArray[np.bool_]:
    """Which nodes are outputs, ``(B, N)``."""
    return np.asarray((graphs.mask & ~graphs.adjacency.any(dim=2)).numpy())


def _padded(
    row: npt.NDArray[np.int64], code: npt.NDArray[np.int64], rows: int
) -> npt.NDArray[np.int64]:
    """Gathers the distinct codes of each row, ``(B, P)``."""
    order = np.lexsort((code, row))
    row, code = row[order], code[order]
    new = np.ones(len(row), dtype=bool)
    new[1:] = (row[1:] != row[:-1]) | (code[1:] != code[:-1])
    row, code = row[new], code[new]
    count = np.bincount(row, minlength=rows)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    padded = np.full((rows, int(count.max(initial=0))), ABSENT, dtype=np.int64)
    padded[row, place] = code
    return padded
