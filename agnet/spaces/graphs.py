"""The graph view of a batch of architectures, as dense tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from agnet.errors import InvalidInput

__all__ = ["GraphBatch"]


@dataclass(frozen=True)
class GraphBatch:
    """``B`` directed acyclic graphs of at most ``N`` nodes, in topological order.

    Attributes:
        ops: ``(B, N)`` int64, the type of each node: an index into ``space.node_types``; 0 where
        padded.
        adjacency: ``(B, N, N)`` bool; ``[b, u, v]`` is an edge from ``u`` to ``v``, and ``u < v``.
        mask: ``(B, N)`` bool, which nodes exist.
    """

    ops: torch.Tensor
    adjacency: torch.Tensor
    mask: torch.Tensor

    def __post_init__(self) -> None:
        """Checks the shapes.

        Raises:
            InvalidInput: If the three tensors do not describe the same ``B`` graphs of ``N`` nodes.
        """
        shape = self.ops.shape
        if (
            len(shape) != 2
            or self.mask.shape != shape
            or self.adjacency.shape != (*shape, shape[1])
        ):
            raise InvalidInput(
                f"got ops {tuple(shape)}, adjacency {tuple(self.adjacency.shape)}, mask "
                f"{tuple(self.mask.shape)}; expected (B, N), (B, N, N), (B, N)"
            )

    def __len__(self) -> int:
        return int(self.ops.shape[0])

    @property
    def num_nodes(self) -> int:
        """``N``, padding included."""
        return int(self.ops.shape[1])

    def same(self, other: GraphBatch) -> torch.Tensor:
        """Says ``(B,)`` which graphs equal those of another batch of ``B``, padding included."""
        found = (self.mask == other.mask).all(1) & (self.ops == other.ops).all(1)
        return found & (self.adjacency == other.adjacency).flatten(1).all(1)

    def __getitem__(self, index: slice | torch.Tensor) -> GraphBatch:
        return GraphBatch(self.ops[index], self.adjacency[index], self.mask[index])
