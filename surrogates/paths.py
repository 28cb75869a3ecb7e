"""All live paths of a batch of graphs: the routes on which data gets from an input to an output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agnet.spaces import GraphBatch

__all__ = ["Paths", "live_paths"]

# An odd multiplier (the golden ratio in 64 bits): the code of a sequence is its hash.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Paths:
    """``P`` paths from a node without predecessors to one without successors.

    Attributes:
        row: ``(P,)`` int64, the graph that each path is in, ascending.
        visited: ``(P, N)`` bool, which nodes it goes through.
        kinds: ``(P, N)`` int64, the node types of that graph.
    """

    row: npt.NDArray[np.int64]
    visited: npt.NDArray[np.bool_]
    kinds: npt.NDArray[np.int64]

    def sums(self, worth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Adds up along each path what its node types are worth: ``(T, K)`` to ``(P, K)``."""
        total = np.zeros((len(self.row), worth.shape[1]))
        for node in range(self.visited.shape[1]):
            on = self.visited[:, node]
            total[on] += worth[self.kinds[on, node]]
        return total

    def codes(self, silent: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Numbers ``(P,)`` the sequence of node types of each path, at least 0.

        A path starts with the place of its input, since inputs of one type are not the same tensor.

        Args:
            silent: ``(T,)``, types that leave no trace in a sequence, such as a skip connection.
        """
        code = self.visited.argmax(axis=1).astype(np.uint64) + np.uint64(1)
        for node in range(self.visited.shape[1]):
            on = self.visited[:, node] & ~silent[self.kinds[:, node]]
            code[on] = code[on] * MULTIPLIER + self.kinds[on, node].astype(np.uint64)
        return np.asarray(code >> np.uint64(1), dtype=np.int64)


def live_paths(graphs: GraphBatch, dead: npt.NDArray[np.bool_]) -> Paths:
    """Lists the paths of ``B`` graphs that go through no node of a dead type.

    Paths grow node by node for all graphs at once. There can be exponentially many in the number of
    nodes of a dense graph; published cells have at most 36.

    Args:
        graphs: The graphs.
        dead: ``(T,)``, the types that stop what flows, such as ``none``.
    """
    ops, adjacency, mask = graphs.ops.numpy(), graphs.adjacency.numpy(), graphs.mask.numpy()
    alive = mask & ~dead[ops]
    source = mask & ~adjacency.any(axis=1)
    sink = mask & ~adjacency.any(axis=2)
    nodes = graphs.num_nodes
    reached: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]] = []
    for node in range(nodes):
        starts = np.flatnonzero(source[:, node] & alive[:, node])
        parts = [(starts, np.zeros((len(starts), nodes), dtype=bool))]
        for before, (rows, visited) in enumerate(reached):
            goes_on = adjacency[rows, before, node] & alive[rows, node]
            parts.append((rows[goes_on], visited[goes_on]))
        rows = np.concatenate([part[0] for part in parts])
        visited = np.concatenate([part[1] for part in parts])
        visited[:, node] = True
        reached.append((rows, visited))
    ended = [sink[rows, node] for node, (rows, _) in enumerate(reached)]
    row = np.concatenate([rows[end] for (rows, _), end in zip(reached, ended, strict=True)])
    visited = np.concatenate([seen[end] for (_, seen), end in zip(reached, ended, strict=True)])
    order = np.argsort(row, kind="stable")
    return Paths(row[order], visited[order], ops[row[order]])
