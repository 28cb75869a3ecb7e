"""What cells that are graphs cost is predicted from: the numbers of POPNASv2, read off a graph."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["graph_features"]

Array: TypeAlias = npt.NDArray[np.float64]


def graph_features(edges: npt.NDArray[np.bool_], scores: Array) -> Array:
    """Returns numbers ``(B, 7)`` of graphs that start with an input and end with an output.

    Operations; the sum of their scores; the share of it that reads the input; edges between
    operations; operations on the longest chain; edges into the output; the share of the score on
    the heaviest path. Where all scores are 0 the shares are 1.

    Args:
        edges: ``(B, N, N)``, from earlier nodes to later ones; node 0 is the input and the last
            one the output. What is on no path from one to the other does not count.
        scores: ``(B, N)``, what each operation costs; 0 where there is none.
    """
    edges, there = _live(edges)
    nodes = edges.shape[1]
    inner = edges & there[:, :, None] & there[:, None, :]
    score = np.where(there, scores, 0.0)
    total = score.sum(axis=1)
    depth = np.zeros((len(edges), nodes))
    weight = np.zeros((len(edges), nodes))
    for node in range(1, nodes - 1):
        reads = inner[:, :, node]
        depth[:, node] = there[:, node] * (1 + np.where(reads, depth, 0).max(axis=1))
        weight[:, node] = score[:, node] + np.where(reads, weight, 0.0).max(axis=1)
    first = np.where(edges[:, 0], score, 0.0).sum(axis=1)
    shares = np.stack([first, weight.max(axis=1)])
    shares = np.divide(shares, total, out=np.ones_like(shares), where=total > 0)
    columns = [
        there.sum(axis=1),
        total,
        shares[0],
        inner.sum(axis=(1, 2)),
        depth.max(axis=1),
        edges[:, :, -1].sum(axis=1),
        shares[1],
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _live(
    edges: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The edges on paths from input to output, and the operations on them, ``(B, N)``."""
    nodes = edges.shape[1]
    fed = np.zeros(edges.shape[:2], dtype=bool)
    used = np.zeros(edges.shape[:2], dtype=bool)
    fed[:, 0] = used[:, -1] = True
    for node in range(1, nodes):
        fed[:, node] |= (edges[:, :, node] & fed).any(axis=1)
    for node in reversed(range(nodes - 1)):
        used[:, node] |= (edges[:, node] & used).any(axis=1)
    live = fed & used
    there = live.copy()
    there[:, [0, -1]] = False
    return edges & live[:, :, None] & live[:, None, :], there
