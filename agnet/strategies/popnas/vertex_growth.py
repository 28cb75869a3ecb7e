"""Cells of NAS-Bench-101 grow by one vertex a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architecture, Architectures
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101
from agnet.strategies.popnas.graph_features import graph_features
from agnet.strategies.popnas.growth import Array, Growth, Integers, Usage

__all__ = ["VertexGrowth"]

SMALLEST = 3  # vertices: the largest cells that are evaluated at first


@final
class VertexGrowth(Growth):
    """From the cell without operations and those of one to those of the most vertices."""

    def __init__(self, space: NASBench101) -> None:
        """Takes a space."""
        self._space = space

    @property
    def steps(self) -> int:
        """Vertices that can be added to an input, an operation and an output."""
        return self._space.max_vertices - SMALLEST

    def start(self) -> Architectures:
        """The seven cells of at most three vertices: the numbering begins with them."""
        return self._space.batch([self._space.parse(text) for text in _small()])

    def step(self, archs: Sequence[Architecture]) -> Integers:
        """Vertices beyond three."""
        types, _ = self._graphs(archs)
        return np.asarray(np.maximum((types > 1).sum(axis=1) - (SMALLEST - 2), 0))

    def grown(self, archs: Architectures) -> Architectures:
        """All cells that one more vertex makes of one with operations, by number."""
        types, _ = self._graphs(archs)
        return self._space.grown(archs[np.flatnonzero((types > 1).any(axis=1))])

    def probes(self) -> tuple[Architectures, Architectures]:
        """The cell without operations, and a chain of each operation alone."""
        chains = [f"{op}~0+output~1" for op in OPERATIONS]
        empty = self._space.batch([self._space.parse("output~0")])
        return empty, self._space.batch([self._space.parse(text) for text in chains])

    def features(self, archs: Sequence[Architecture], scores: Array) -> Array:
        """See :func:`agnet.strategies.popnas.graph_features.graph_features`."""
        types, edges = self._graphs(archs)
        score = np.concatenate([np.zeros(2), scores])[types]
        return graph_features(edges, score)

    def usage(self, archs: Sequence[Architecture]) -> Usage:
        """Counts the vertices that are read, from the input on, and operations."""
        types, edges = self._graphs(archs)
        vertices = int((types > 1).sum(axis=1).max(initial=0)) + 1
        operations = (types[:, :, None] == 2 + np.arange(len(OPERATIONS))).sum(axis=1)
        return Usage(edges.sum(axis=2)[:, :vertices], operations)

    def _graphs(self, archs: Sequence[Architecture]) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Types ``(B, N)``, and edges ``(B, N, N)`` with the output in the last place."""
        graphs = self._space.encode(archs)
        types, edges = graphs.ops.numpy(), graphs.adjacency.numpy().copy()
        output = types == 1
        edges[:, :, -1] = (edges & output[:, None, :]).any(axis=2)
        edges[:, :, :-1] &= ~output[:, None, :-1]
        return types, edges


def _small() -> list[str]:
    chains = [f"{op}~0+output~1" for op in OPERATIONS]
    beside = [f"{op}~0+output~0,1" for op in OPERATIONS]
    return ["output~0", *chains, *beside]
