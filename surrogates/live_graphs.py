"""What is left of a batch of graphs once dead parts are pruned and skips are edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch

from agnet.spaces import GraphBatch

__all__ = ["LiveGraphs", "live_graphs"]


@final
@dataclass(frozen=True)
class LiveGraphs:
    """``B`` graphs in which every node lies on a way from an input to an output.

    Attributes:
        types: ``(B, N)`` int64, the type of each node.
        edges: ``(B, N, N)`` float32, how many ways lead from one node to another without a third
            between them; skip connections in parallel count each.
        mask: ``(B, N)`` bool, which nodes are left.
    """

    types: torch.Tensor
    edges: torch.Tensor
    mask: torch.Tensor

    def __len__(self) -> int:
        return len(self.types)


def live_graphs(graphs: GraphBatch, dead: torch.Tensor, silent: torch.Tensor) -> LiveGraphs:
    """Prunes what no data flows through, and replaces nodes that only pass data on by edges.

    Args:
        graphs: ``B`` graphs.
        dead: ``(T,)`` bool, the types that stop what flows, such as ``none``.
        silent: ``(T,)`` bool, the types that change nothing, such as a skip connection.
    """
    nodes = graphs.num_nodes
    exists = graphs.mask & ~dead[graphs.ops]
    linked = graphs.adjacency & exists[:, :, None] & exists[:, None, :]
    fed = exists & ~graphs.adjacency.any(dim=1)
    used = exists & ~graphs.adjacency.any(dim=2)
    for node in range(nodes):  # in topological order
        fed[:, node] |= (linked[:, :, node] & fed).any(dim=1)
    for node in reversed(range(nodes)):
        used[:, node] |= (linked[:, node, :] & used).any(dim=1)
    live = fed & used
    edges = (linked & live[:, :, None] & live[:, None, :]).float()
    passes = live & silent[graphs.ops]
    for node in range(nodes):
        if passes[:, node].any():
            around = edges[:, :, node, None] * edges[:, node, None, :]
            edges = edges + passes[:, node, None, None] * around
    kept = live & ~passes
    return LiveGraphs(graphs.ops, edges * kept[:, :, None] * kept[:, None, :], kept)
