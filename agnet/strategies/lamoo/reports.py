"""What a search by partitions tells of itself."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Any, final

import torch

from agnet.strategies.lamoo.partition import Partition
from agnet.strategies.lamoo.points import Points

__all__ = [
    "NodeReport",
    "Round",
    "load_rounds",
    "load_tree",
    "report",
    "save_rounds",
    "save_tree",
]


@final
@dataclass(frozen=True)
class NodeReport:
    """One node of the tree that the last proposals were chosen by.

    Attributes:
        n: How many samples it has.
        hypervolume: Of its samples, on the common scale of the search.
        ucb: Its upper confidence bound; infinite at the root.
        depth: 0 at the root.
        accuracy: Share of its samples that its boundary puts on the side of their label; None in a
            leaf.
        chosen: Whether it is the leaf that proposals were to lie in.
        parent: Its position in the tree, -1 at the root; the good child comes before the bad one.
        share: Of the whole space, as of some hundred uniform draws; NaN if the state is an old one.
    """

    n: int
    hypervolume: float
    ucb: float
    depth: int
    accuracy: float | None
    chosen: bool
    parent: int
    share: float


@final
@dataclass(frozen=True)
class Round:
    """One batch of proposals.

    Attributes:
        known: How many architectures had been evaluated before.
        nodes: Of the tree.
        depth: How many boundaries the chosen region has.
        proposed: How many architectures were proposed,
        inside: how many of them lie in the region,
        relaxed: how many only in the region without some of its deepest splits, and the rest is
            from the whole space.
    """

    known: int
    nodes: int
    depth: int
    proposed: int
    inside: int
    relaxed: int


def report(
    partition: Partition, bounds: Points, chosen: int, shares: Points
) -> tuple[NodeReport, ...]:
    """Describes the nodes of a tree, with their ``bounds`` and ``shares``, parents first."""
    return tuple(
        NodeReport(
            len(node.rows),
            node.hypervolume,
            float(bounds[at]),
            node.depth,
            node.accuracy,
            at == chosen,
            node.parent,
            float(shares[at]),
        )
        for at, node in enumerate(partition.nodes)
    )


def save_rounds(rounds: tuple[Round, ...]) -> torch.Tensor:
    """Returns rounds as integers ``(rounds, 6)``."""
    return torch.tensor([astuple(one) for one in rounds], dtype=torch.int64).reshape(-1, 6)


def load_rounds(rows: Any) -> tuple[Round, ...]:
    """Reads rounds back."""
    return tuple(Round(*row) for row in rows.tolist())


def save_tree(tree: tuple[NodeReport, ...]) -> torch.Tensor:
    """Returns nodes as numbers ``(nodes, 8)``; NaN is the accuracy of a leaf."""
    rows = [astuple(node) for node in tree]
    table = [[math.nan if cell is None else float(cell) for cell in row] for row in rows]
    return torch.tensor(table, dtype=torch.float64).reshape(-1, 8)


def load_tree(rows: Any) -> tuple[NodeReport, ...]:
    """Reads nodes back."""
    return tuple(
        NodeReport(
            *(int(n), volume, ucb, int(depth)),
            *(None if math.isnan(accuracy) else accuracy, bool(chosen), int(parent)),
            *(share or [math.nan]),
        )
        for n, volume, ucb, depth, accuracy, chosen, parent, *share in rows.tolist()
    )
