"""Cells of NAS-Bench-201 grow by one active edge a step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, final

import numpy as np

from agnet.spaces import Architecture, Architectures
from agnet.spaces.nasbench201 import EDGES, OPERATIONS, NASBench201
from agnet.strategies.popnas.graph_features import graph_features
from agnet.strategies.popnas.growth import Array, Growth, Integers, Usage

__all__ = ["EdgeGrowth"]

FEWEST: Final = 3  # active edges: with fewer a vertex could not be attached to both sides
NONE: Final = OPERATIONS.index("none")
ACTIVE: Final = [op for op in range(len(OPERATIONS)) if op != NONE]


@final
class EdgeGrowth(Growth):
    """From cells of at most three active edges to those of six.

    Of the cells that compute the same function one stands for all: the first of those with the
    fewest active edges. A cell that computes nothing is none of them.
    """

    def __init__(self, space: NASBench201) -> None:
        """Takes the space."""
        self._space = space

    @property
    def steps(self) -> int:
        """Edges beyond three."""
        return len(EDGES) - FEWEST

    def start(self) -> Architectures:
        """The 86 cells of at most three active edges."""
        few = np.unique(self._first[self._fewest <= FEWEST])
        return self._every[few[few >= 0]]

    def step(self, archs: Sequence[Architecture]) -> Integers:
        """Active edges beyond three, of those that the function needs."""
        return np.asarray(np.maximum(self._fewest[self._space.index(archs)] - FEWEST, 0))

    def grown(self, archs: Architectures) -> Architectures:
        """All functions that one more active edge makes of one of them, by number."""
        choices = np.repeat(archs.choices, len(EDGES) * len(ACTIVE), axis=0)
        at, op = np.divmod(np.arange(len(choices)) % (len(EDGES) * len(ACTIVE)), len(ACTIVE))
        rows = np.arange(len(choices))
        more = np.repeat(1 + self.step(archs), len(EDGES) * len(ACTIVE))
        empty = choices[rows, at] == NONE
        choices[rows, at] = np.array(ACTIVE)[op]
        made = self._space.from_choices(choices[empty])
        found = self._first[self._space.index(made)]
        found = found[(found >= 0) & (self.step(made) == more[empty])]
        return self._every[np.unique(found)]

    def probes(self) -> tuple[Architectures, Architectures]:
        """A skip connection from input to output, and each operation in its place."""
        choices = np.full((len(ACTIVE), len(EDGES)), NONE)
        choices[:, EDGES.index((0, 3))] = ACTIVE
        chains = self._every[self._first[self._space.index(self._space.from_choices(choices))]]
        skip = ACTIVE.index(OPERATIONS.index("skip_connect"))
        return chains[skip : skip + 1], chains

    def features(self, archs: Sequence[Architecture], scores: Array) -> Array:
        """See :func:`agnet.strategies.popnas.graph_features.graph_features`."""
        graphs = self._space.encode(archs)
        worth = np.zeros(len(self._space.node_types))
        worth[[self._space.node_types.index(OPERATIONS[op]) for op in ACTIVE]] = scores
        types = graphs.ops.numpy()
        there = types != self._space.node_types.index("none")
        edges = graphs.adjacency.numpy() & there[:, :, None] & there[:, None, :]
        return graph_features(edges, worth[types])

    def usage(self, archs: Sequence[Architecture]) -> Usage:
        """Counts the nodes that are read by active edges, and operations."""
        choices = self._space.to_choices(archs)
        active = choices != NONE
        sources = np.array([source for source, _ in EDGES])
        read = [(active & (sources == node)).sum(axis=1) for node in range(3)]
        used = [(choices == op).sum(axis=1) for op in ACTIVE]
        return Usage(np.stack(read, axis=1), np.stack(used, axis=1))

    @cached_property
    def _every(self) -> Architectures:
        return self._space.enumerate()

    @cached_property
    def _fewest(self) -> Integers:
        """The fewest active edges that compute the function of each cell, ``(15625,)``."""
        active = (self._every.choices != NONE).sum(axis=1)
        _, group = np.unique(self._space.keys(self._every, "function"), return_inverse=True)
        fewest = np.full(group.max() + 1, len(EDGES))
        np.minimum.at(fewest, group, active)
        return np.asarray(fewest[group])

    @cached_property
    def _first(self) -> Integers:
        """The cell that stands for the function of each, ``(15625,)``; -1 for nothing."""
        active = (self._every.choices != NONE).sum(axis=1)
        order = np.lexsort((np.arange(len(active)), active))
        keys = self._space.keys(self._every, "function")
        _, at, group = np.unique(keys[order], return_index=True, return_inverse=True)
        first = np.empty(len(active), dtype=np.int64)
        first[order] = order[at][group]
        return np.where(self._fewest > 0, first, -1)
