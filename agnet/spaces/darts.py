"""The DARTS space: a normal and a reduction cell of four nodes, each the sum of two operations.

Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from math import comb, prod
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture
from agnet.spaces._genotype import Edge, read_genotype
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace, check_level, text_of
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import change_one, in_range, mixed_radix, one_change_variants

__all__ = ["DARTS"]

OPERATIONS: Final = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODE_TYPES: Final = ("c_{k-2}", "c_{k-1}", "output", *OPERATIONS)
CELLS: Final = ("normal", "reduce")
NODES: Final = 4
CONCAT: Final = (2, 3, 4, 5)

# Pairs of tensors by the larger one, so that those open to node i (tensors 0 .. i+1) come first.
PAIRS: Final = np.array([(low, high) for high in range(1, NODES + 1) for low in range(high)])
# What node i can be: a block of three choices, namely a pair and two operations.
BLOCK_SIZES: Final = [(comb(i + 2, 2), len(OPERATIONS), len(OPERATIONS)) for i in range(NODES)]
BLOCKS: Final = [prod(sizes) for sizes in BLOCK_SIZES]
SIZES: Final = tuple(size for _ in CELLS for sizes in BLOCK_SIZES for size in sizes)

# Slots of a cell's graph: two inputs, two operations a node, one output.
SLOTS: Final = 2 + 2 * NODES + 1
OPERATING: Final = slice(2, SLOTS - 1)
# Which slots make up each of the tensors 0 .. 4 that can be read.
MAKERS: Final = torch.tensor(
    [
        [slot == t if t < 2 else slot in (2 * t - 2, 2 * t - 1) for slot in range(SLOTS)]
        for t in range(5)
    ]
)


@cache
def _renumbered() -> npt.NDArray[np.int64]:
    """What node ``i`` with a block adds to its cell's number, for each renumbering of the nodes.

    Returns:
        ``(4, 490, 24)``; the sum over the nodes exceeds every cell's number where a renumbering
        would make a node read a later one.
    """
    position = np.array(list(permutations(range(NODES)))).T  # (node, renumbering)
    inputs = np.repeat([[0], [1]], position.shape[1], axis=1)
    tensor = np.concatenate([inputs, 2 + position])  # where each of the tensors 0 .. 5 goes
    pair, op_low, op_high = np.unravel_index(np.arange(BLOCKS[-1]), BLOCK_SIZES[-1])
    low, high = tensor[PAIRS[pair, 0]], tensor[PAIRS[pair, 1]]  # (block, renumbering)
    swapped = low > high
    first = np.where(swapped, op_high[:, None], op_low[:, None])
    second = np.where(swapped, op_low[:, None], op_high[:, None])
    pair = _pair(np.minimum(low, high), np.maximum(low, high))
    new = mixed_radix(np.stack([pair, first, second], axis=-1), BLOCK_SIZES[-1])
    place = np.array([prod(BLOCKS[i + 1 :]) for i in range(NODES)])
    readable = np.maximum(low, high) < 2 + position[:, None, :]
    return np.where(readable, new * place[position][:, None, :], 2**40)


def _pair(low: Any, high: Any) -> Any:
    """The index in ``PAIRS`` of two tensors, as integers or arrays."""
    return high * (high - 1) // 2 + low


@final
@dataclass(frozen=True)
class DARTS(SearchSpace):
    """The 1.08e18 genotypes of DARTS: ``(7^8 * 1 * 3 * 6 * 10)^2``.

    Node ``i`` of a cell makes tensor ``i + 2`` of two different earlier tensors; 0 and 1 are the
    outputs of the cells before. The ``C = 24`` choices are, for each node of the normal and then of
    the reduction cell: the pair of tensors read, the operation on the smaller, the operation on the
    larger. In the graph view (``N = 22``) operations are nodes: each cell has two inputs, two
    operations a node in order of the tensor read, and an output fed by all eight; an operation that
    reads tensor ``t >= 2`` has edges from both operations that make it.

    Key levels: ``text`` (the genotype is the same) and ``function`` (the same up to the order in
    which a cell's nodes are numbered, which permutes the channels of its output).
    """

    @property
    def name(self) -> str:
        """``darts``."""
        return "darts"

    @property
    def size(self) -> int:
        """1,076,746,950,455,072,400."""
        return prod(SIZES)

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """One, three, six or ten pairs, and seven operations twice, for each of eight nodes."""
        return SIZES

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """For each node its two operations; the pair that they read is with the first."""
        first = [cell * SLOTS + 2 + 2 * i for cell in range(len(CELLS)) for i in range(NODES)]
        return tuple(slot for low in first for slot in (low, low, low + 1))

    @property
    def node_types(self) -> tuple[str, ...]:
        """The two inputs, the output and the seven operations."""
        return NODE_TYPES

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text``, ``function``."""
        return ("text", "function")

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` genotypes uniformly."""
        return Architectures(self, rng.integers(SIZES, size=(n, len(SIZES))))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Every vector in range is a genotype."""
        return in_range(np.asarray(choices), SIZES)

    def canonical(self, choices: Choices) -> Choices:
        """Returns the choices: the two inputs of a node are a pair without order already."""
        return choices

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns the number of each genotype, or of the least among its renumberings, ``(B,)``."""
        check_level(self, level)
        choices = self.to_choices(archs)
        if level in (None, "text"):
            return mixed_radix(choices, SIZES)
        blocks = mixed_radix(choices.reshape(-1, NODES, 3), BLOCK_SIZES[-1])
        table = _renumbered()
        cells = np.stack([table[i][blocks[:, i]] for i in range(NODES)]).sum(axis=0).min(axis=1)
        return mixed_radix(cells.reshape(-1, len(CELLS)), [prod(BLOCKS)] * len(CELLS))

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns the 128 genotypes that differ in one pair of inputs or one operation."""
        return Architectures(self, one_change_variants(self.to_choices([arch])[0], SIZES))

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Changes one random pair of inputs, keeping its operations, or one random operation."""
        return Architectures(self, change_one(self.to_choices(archs), SIZES, rng))

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes each node, inputs and operations together, from either parent."""
        left, right = self.to_choices(first), self.to_choices(second)
        taken = np.repeat(rng.random((len(left), len(CELLS) * NODES)) < 0.5, 3, axis=1)
        return Architectures(self, np.where(taken, left, right))

    def parse(self, text: str) -> Architecture:
        """Reads a genotype, ``Genotype(normal=[('sep_conv_3x3', 0), ...], ...)``.

        The two edges of a node come in either order; ``range(2, 6)`` may be written out.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        fields = read_genotype(text_of(text))
        rows = [_node(edges, node, cell) for cell in CELLS for node, edges in _nodes(fields, cell)]
        return Architecture(self, [choice for row in rows for choice in row])

    def format(self, choices: Sequence[int]) -> str:
        """Writes a genotype, the two edges of a node in order of the tensor read."""
        parts = []
        for cell, rows in zip(CELLS, np.reshape(choices, (len(CELLS), NODES, 3)), strict=True):
            edges = [
                (OPERATIONS[op], int(source))
                for pair, *ops in rows.tolist()
                for op, source in zip(ops, PAIRS[pair], strict=True)
            ]
            parts.append(f"{cell}={edges}, {cell}_concat=range(2, 6)")
        return f"Genotype({', '.join(parts)})"

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: the normal cell's 11 nodes, then the reduction cell's."""
        choices = torch.from_numpy(self.to_choices(archs).astype(np.int64))
        rows = choices.view(-1, len(CELLS), NODES, 3)
        ops = torch.empty(len(rows), len(CELLS), SLOTS, dtype=torch.int64)
        ops[..., :2] = torch.arange(2)
        ops[..., OPERATING] = rows[..., 1:].flatten(2) + 3
        ops[..., -1] = 2
        read = torch.from_numpy(PAIRS)[rows[..., 0]].flatten(2)  # (B, 2, 8)
        adjacency = torch.zeros(len(rows), len(CELLS), SLOTS, len(CELLS), SLOTS, dtype=torch.bool)
        for cell in range(len(CELLS)):
            adjacency[:, cell, :, cell, OPERATING] = MAKERS[read[:, cell]].transpose(1, 2)
            adjacency[:, cell, OPERATING, cell, -1] = True
        nodes = len(CELLS) * SLOTS
        mask = torch.ones(len(rows), nodes, dtype=torch.bool)
        return GraphBatch(ops.flatten(1), adjacency.view(-1, nodes, nodes), mask)

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads operations off the nodes, and what they read off the edges.

        Raises:
            InvalidArchitecture: If a graph is no pair of cells.
        """
        nodes = len(CELLS) * SLOTS
        if graphs.num_nodes != nodes:
            raise InvalidArchitecture(
                f"got graphs of {graphs.num_nodes} node slots; expected {nodes}"
            )
        edges = graphs.adjacency.reshape(-1, len(CELLS), SLOTS, len(CELLS), SLOTS)
        into = torch.stack([edges[:, i, :, i, OPERATING].mT for i in range(len(CELLS))], dim=1)
        read = (into[..., None, :] == MAKERS).all(-1).int().argmax(-1)  # (B, 2, 8)
        ops = graphs.ops.reshape(-1, len(CELLS), SLOTS)[..., OPERATING] - 3
        pair = _pair(read[..., 0::2], read[..., 1::2])
        choices = torch.stack([pair, ops[..., 0::2], ops[..., 1::2]], dim=-1).flatten(1).numpy()
        # What was read is right if it makes the same graph again.
        valid = self.is_valid(choices)
        archs = Architectures(self, np.where(valid[:, None], choices, 0))
        fits = torch.from_numpy(valid) & self.encode(archs).same(graphs)
        if not bool(fits.all()):
            raise InvalidArchitecture(
                f"graph {int((~fits).nonzero()[0])} is no DARTS genotype: expected a normal and a "
                "reduction cell of 11 nodes each, two operations a node that read different "
                "earlier tensors, the smaller first"
            )
        return archs


def _nodes(fields: dict[str, list[Any]], cell: str) -> list[tuple[int, list[Edge]]]:
    """Splits a cell's edges by node."""
    edges, concat = fields[cell], fields[f"{cell}_concat"]
    if len(edges) != 2 * NODES:
        raise InvalidArchitecture(
            f"got {len(edges)} edges in the {cell} cell; expected {2 * NODES}, two for each of "
            f"{NODES} nodes"
        )
    if tuple(concat) != CONCAT:
        raise InvalidArchitecture(
            f"got {cell}_concat={concat}; expected range(2, 6): a cell's output joins all its nodes"
        )
    return [(i, edges[2 * i : 2 * i + 2]) for i in range(NODES)]


def _node(edges: list[Edge], node: int, cell: str) -> tuple[int, int, int]:
    """Reads the two edges of one node as choices."""
    where = f"node {node} of the {cell} cell"
    for op, source in edges:
        if op not in OPERATIONS:
            raise InvalidArchitecture(
                f"got the operation {op!r} in {where}; expected one of {', '.join(OPERATIONS)}"
            )
        if source > node + 1:
            raise InvalidArchitecture(
                f"got the source {source} in {where}; expected one of 0 to {node + 1}"
            )
    (op_low, low), (op_high, high) = sorted(edges, key=lambda edge: edge[1])
    if low == high:
        raise InvalidArchitecture(
            f"got the source {low} twice in {where}; expected two different earlier tensors"
        )
    return int(_pair(low, high)), OPERATIONS.index(op_low), OPERATIONS.index(op_high)
