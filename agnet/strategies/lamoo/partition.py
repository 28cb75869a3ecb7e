"""A tree of learnt boundaries, each between what is dominated less and what is dominated more.

Zhao et al., "Multi-objective Optimization by Learning Space Partitions", ICLR 2022; Zhao, Wang and
Guo, "Multi-Objective Neural Architecture Search by Learning Search Space Partitions", JMLR 2024.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.pareto import hypervolume
from agnet.strategies.lamoo.points import Points, better_half, reference
from agnet.strategies.lamoo.region import Boundary, Inputs, Region

__all__ = ["Node", "Partition", "Splitting", "grow", "highest", "undivided"]

Rows = npt.NDArray[np.int64]

NODES: Final = 51  # at which a tree stops growing
DEGREE: Final = 4  # of polynomial kernels


@final
@dataclass(frozen=True)
class Splitting:
    """How nodes are split.

    Attributes:
        kernel: Of the support-vector classifier: ``rbf``, ``poly`` or ``linear``.
        min_split: How many samples a node needs.
        by_label: Give samples to the child of their label, which can lie on the other side of the
            boundary; else to that of the side on which they lie.
    """

    kernel: str = "rbf"
    min_split: int = 16
    by_label: bool = False


@final
@dataclass(frozen=True)
class Node:
    """Some of the samples, and what they are worth.

    Attributes:
        rows: ``(n,)``, of the samples.
        hypervolume: Of the samples.
        parent: Its position in the tree, -1 at the root.
        depth: 0 at the root.
        side: On which side of the parent's boundary it lies, 1 for the good one.
        boundary: What splits it; none in a leaf.
        accuracy: Share of its own samples that the boundary puts on the side of their label.
        children: Positions of the good and the bad one; none of a leaf.
    """

    rows: Rows
    hypervolume: float
    parent: int = -1
    depth: int = 0
    side: int = 1
    boundary: Boundary | None = None
    accuracy: float | None = None
    children: tuple[int, ...] = ()


@final
@dataclass(frozen=True)
class Partition:
    """A tree over all samples.

    Attributes:
        nodes: Parents before children, level by level.
    """

    nodes: tuple[Node, ...]

    def bounds(self, cp: float) -> Points:
        """Upper confidence bounds ``(nodes,)`` of what nodes are worth; that of the root is inf.

        They are ``v + 2 cp sqrt(2 ln(n of the parent) / n)``; a negative ``cp`` stands for a tenth
        of the hypervolume of all samples.
        """
        cp = 0.1 * self.nodes[0].hypervolume if cp < 0 else cp
        found = np.full(len(self.nodes), np.inf)
        for at, node in enumerate(self.nodes[1:], start=1):
            known = len(self.nodes[node.parent].rows)
            found[at] = node.hypervolume + 2 * cp * np.sqrt(2 * np.log(known) / len(node.rows))
        return found

    def best_leaf(self, bounds: Points, rng: np.random.Generator) -> int:
        """The leaf of the highest bound."""
        return highest(bounds, [i for i, node in enumerate(self.nodes) if not node.children], rng)

    def best_path(self, bounds: Points, rng: np.random.Generator) -> int:
        """The leaf that the child of the higher bound leads to, from the root down."""
        at = 0
        while self.nodes[at].children:
            at = highest(bounds, self.nodes[at].children, rng)
        return at

    def region(self, at: int) -> Region:
        """The sides of all boundaries from the root to a node."""
        sides: list[tuple[Boundary, int]] = []
        while (node := self.nodes[at]).parent >= 0:
            boundary = self.nodes[node.parent].boundary
            if boundary is not None:
                sides.append((boundary, node.side))
            at = node.parent
        return Region(tuple(reversed(sides)))

    def shares(self, inputs: Inputs) -> Points:
        """Says how much of some inputs ``(B, F)`` lies in the region of each node, ``(nodes,)``."""
        inside = [np.arange(len(inputs))]
        for node in self.nodes[1:]:
            there, boundary = inside[node.parent], self.nodes[node.parent].boundary
            if boundary is not None and len(there):
                there = there[boundary.predict(inputs[there]) == node.side]
            inside.append(there)
        return np.array([len(there) for there in inside]) / max(len(inputs), 1)


def highest(bounds: Points, among: list[int] | tuple[int, ...], rng: np.random.Generator) -> int:
    """Returns the position of the highest bound, of equals any."""
    values = bounds[list(among)]
    best = np.flatnonzero(values == values.max())
    return int(among[best[rng.integers(len(best))]])


def undivided(points: Points) -> Partition:
    """Returns the root alone, of samples worth ``(B, M)``."""
    return Partition((Node(np.arange(len(points)), _volume(points)),))


def grow(
    inputs: Inputs, points: Points, rng: np.random.Generator, splitting: Splitting
) -> Partition:
    """Grows a tree breadth first, until no leaf can be split or it has ``NODES`` nodes.

    Args:
        inputs: ``(B, F)``, what boundaries are drawn in.
        points: ``(B, M)``, what the samples are worth, comparable.
        rng: Breaks ties.
        splitting: How nodes are split.
    """
    nodes = list(undivided(points).nodes)
    at = 0
    while at < len(nodes) and len(nodes) + 2 <= NODES:
        node = nodes[at]
        split = _split(inputs[node.rows], points[node.rows], rng, splitting)
        if split is not None:
            boundary, good, accuracy = split
            born = (len(nodes), len(nodes) + 1)
            nodes[at] = replace(node, boundary=boundary, accuracy=accuracy, children=born)
            for side, part in ((1, node.rows[good]), (0, node.rows[~good])):
                nodes.append(Node(part, _volume(points[part]), at, node.depth + 1, side))
        at += 1
    return Partition(tuple(nodes))


def _split(
    inputs: Inputs, points: Points, rng: np.random.Generator, splitting: Splitting
) -> tuple[Boundary, npt.NDArray[np.bool_], float] | None:
    """A boundary, which samples go to the good child, and how well the boundary fits the labels."""
    if len(points) < splitting.min_split:
        return None
    label = better_half(points, rng)
    if label.all():
        return None
    from sklearn.svm import SVC

    boundary = SVC(C=1.0, kernel=splitting.kernel, degree=DEGREE, gamma="scale")
    boundary.fit(inputs, label.astype(np.int64))
    side = boundary.predict(inputs).astype(bool)
    if side.all() or not side.any():
        return None
    return boundary, label if splitting.by_label else side, float((side == label).mean())


def _volume(points: Points) -> float:
    return hypervolume(points, reference(points.shape[1]))
