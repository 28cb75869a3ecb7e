"""NAS-Bench-101: cells that are small graphs of three operations.

Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces._nasbench101_classes import (
    CELLS_WITHIN,
    DIGITS,
    INNER,
    OUTPUT,
    PLACES,
    Integers,
    classes,
)
from agnet.spaces._nasbench101_distance import distance
from agnet.spaces._nasbench101_grammar import allowed, ends, steps
from agnet.spaces._nasbench101_hash import graph_hash
from agnet.spaces._nasbench101_moves import CHANCES, CHANGES, changed, mixed, with_one_more
from agnet.spaces._nasbench101_text import OPERATIONS, read_vertex
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace, check_level, text_of
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import in_range

__all__ = ["OPERATIONS", "NASBench101"]

NODE_TYPES: Final = ("input", "output", *OPERATIONS)


@final
@dataclass(frozen=True)
class NASBench101(SearchSpace):
    """The 423,624 cells of NAS-Bench-101, or those with fewer vertices.

    A cell is a directed acyclic graph of an input, up to five operations and an output, with at
    most nine edges, each vertex on a path from input to output. An architecture is an isomorphism
    class of such graphs. :meth:`index` numbers them by vertices first, so that a cell has the same
    number in every space that holds it.

    With ``n = max_vertices``, slot 0 is the input and slot ``n - 1`` the output. The choices are
    ``n (n - 1) / 2`` edges, there or not, in the order 0>1, 0>2, 1>2, 0>3, 1>3, 2>3, ..., then the
    operations of slots 1 to ``n - 2``: 0 for none, else 1 more than the index in ``OPERATIONS``.
    Choices are valid if a path from input to output and at most nine edges remain once empty slots
    and all that is on no such path are removed. (The benchmark's own check counts the edges before
    that.) In canonical form the operations fill the slots from 1 on, in the order that gives the
    smallest sequence of incoming edges, and the smallest operations among equals.

    The graph view has no gap: the output is the last existing node.

    Attributes:
        max_vertices: From 3 to 7.
    """

    max_vertices: int = OUTPUT + 1

    def __post_init__(self) -> None:
        """Checks the number of vertices.

        Raises:
            InvalidInput: If it is not from 3 to 7.
        """
        if self.max_vertices not in range(3, OUTPUT + 2):
            raise InvalidInput(f"got max_vertices {self.max_vertices}; NAS-Bench-101 takes 3 to 7")

    @property
    def name(self) -> str:
        """``nasbench101``, or ``nasbench101-5v`` for cells of at most five vertices."""
        full = self.max_vertices == OUTPUT + 1
        return "nasbench101" if full else f"nasbench101-{self.max_vertices}v"

    @property
    def size(self) -> int:
        """423,624; or 7, 91, 2,532 and 64,542 for at most 3, 4, 5 and 6 vertices."""
        return CELLS_WITHIN[self.max_vertices]

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """Two for each edge, four for each operation."""
        n = self.max_vertices
        return (2,) * (n * (n - 1) // 2) + (len(OPERATIONS) + 1,) * (n - 2)

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The target of each edge, then the slots of the operations."""
        n = self.max_vertices
        return (*[v for v in range(n) for _ in range(v)], *range(1, n - 1))

    @property
    def choice_order(self) -> tuple[int, ...]:
        """For each slot its operation, then its incoming edges."""
        return steps(self.max_vertices)

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """Fills slots from 1 on; whatever is there gets on a path within the nine edges."""
        return allowed(choices, step, self.max_vertices)

    def edit_distance(
        self, first: Sequence[Architecture], second: Sequence[Architecture]
    ) -> Integers:
        """Returns the fewest edges and operations ``(B,)`` to change, in whatever vertex order."""
        pairs = [self._columns(self.to_choices(archs)) for archs in (first, second)]
        return distance(pairs[0], pairs[1])

    @property
    def node_types(self) -> tuple[str, ...]:
        """Input, output and the three operations."""
        return NODE_TYPES

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text`` only: an architecture is a class already."""
        return ("text",)

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` cells, every one of the space equally likely."""
        return self._numbered(rng.integers(self.size, size=n))

    def enumerate(self) -> Architectures:
        """Returns all cells."""
        return self._numbered(np.arange(self.size))

    def index(self, archs: Sequence[Architecture]) -> Integers:
        """Returns the numbers ``(B,)``, the same in every space that holds the cell."""
        return classes().number(*self._columns(self.to_choices(archs)))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says for each vector whether a path and at most nine edges remain once it is pruned."""
        array = np.asarray(choices)
        inside = in_range(array, self.choice_sizes)
        valid: npt.NDArray[np.bool_] = inside.copy()
        valid[inside] = classes().find(*self._columns(array[inside])) >= 0
        return valid

    def canonical(self, choices: Choices) -> Choices:
        """Prunes valid vectors and puts their operations into canonical order."""
        return self._choices(classes().find(*self._columns(choices)))

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns the numbers ``(B,)``."""
        check_level(self, level)
        return self.index(archs)

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns the cells that one change makes, in order of their numbers.

        A change adds or removes an edge, replaces an operation, or puts a new vertex between two
        others. What is then on no path from input to output goes.
        """
        own = self.index([arch])
        found = np.unique(self._changed(np.repeat(own, len(CHANGES)), CHANGES))
        return self._numbered(found[(found >= 0) & (found != own)])

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Makes one random change to each cell: its kind is drawn first, then the place.

        Changes that are impossible, or change nothing, are drawn again.
        """
        own = self.index(archs)
        mutants = np.full(len(own), -1)
        while len(rows := np.flatnonzero(mutants < 0)):
            drawn = rng.choice(len(CHANGES), size=len(rows), p=CHANCES)
            found = self._changed(own[rows], CHANGES[drawn])
            mutants[rows] = np.where(found == own[rows], -1, found)
        return self._numbered(mutants)

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes each slot, its operation and incoming edges together, from either parent.

        What gives no cell is drawn again; the parents themselves are possible draws, so that an end
        is sure.
        """
        parents = [classes().canonical(self.index(archs)) for archs in (first, second)]
        children = np.full(len(parents[0][1]), -1)
        while len(rows := np.flatnonzero(children < 0)):
            pairs = [(columns[rows], labels[rows]) for columns, labels in parents]
            drawn = mixed(pairs[0], pairs[1], rng.random((len(rows), OUTPUT)) < 0.5)
            children[rows] = classes().find(*drawn)
        return self._numbered(children)

    def grown(self, archs: Sequence[Architecture]) -> Architectures:
        """Returns all cells that one more vertex makes of one of them, in order of their numbers.

        It reads some vertices and is read by some; edges that it stands between stay or go.
        """
        own = self.index(archs)
        found = [np.empty(0, dtype=np.int64)]
        for columns, label in zip(*classes().canonical(own), strict=True):  # some hundreds at most
            size = int((DIGITS[label] > 0).sum()) + 2
            if size < self.max_vertices:
                made = classes().find(*with_one_more(columns, label))
                larger = (made >= CELLS_WITHIN[size]) & (made < CELLS_WITHIN[size + 1])
                found.append(np.unique(made[larger]))
        return self._numbered(np.unique(np.concatenate(found)))

    def parse(self, text: str) -> Architecture:
        """Reads ``op~sources`` of each vertex, joined by '+', in any topological order.

        The input is vertex 0, the others are numbered as they stand, the output last; sources are
        the numbers of earlier vertices: ``conv3x3-bn-relu~0+maxpool3x3~0,1+output~1,2``. A text
        that is not in canonical order, or not pruned, is read as the cell it stands for.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        vertices = text_of(text).split("+")
        if len(vertices) >= self.max_vertices:
            raise InvalidArchitecture(
                f"got {len(vertices) + 1} vertices, the input included, in {text!r}; {self.name} "
                f"has at most {self.max_vertices}"
            )
        read = [
            read_vertex(vertex, at, len(vertices), text) for at, vertex in enumerate(vertices, 1)
        ]
        incoming = np.array([[0, *(sum(1 << u for u in sources) for _, sources in read)]])
        ops = np.array([[op for op, _ in read[:-1]]], dtype=np.int64)
        return self._found(incoming, ops, lambda _: repr(text))[0]

    def format(self, choices: Sequence[int]) -> str:
        """Writes ``op~sources`` of each vertex in canonical order."""
        columns, labels = self._columns(np.array([choices]))
        incoming, types = self._nodes(columns, labels)
        vertices = []
        for node in range(1, int((types[0] > 0).sum()) + 1):
            sources = [str(u) for u in range(node) if incoming[0, node] >> u & 1]
            vertices.append(f"{NODE_TYPES[types[0, node]]}~{','.join(sources)}")
        return "+".join(vertices)

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: input, operations in canonical order, output, then padding."""
        incoming, types = self._nodes(*self._columns(self.to_choices(archs)))
        adjacency = (incoming[:, None, :] >> np.arange(self.max_vertices)[:, None]) & 1
        mask = (types > 0) | (np.arange(self.max_vertices) == 0)
        return GraphBatch(*map(torch.from_numpy, (types, adjacency > 0, mask)))

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads any graphs that start with an input, end with an output and fit the vocabulary.

        They need be neither pruned nor in canonical order, and existing nodes may have gaps between
        them.

        Raises:
            InvalidArchitecture: If a graph is no cell; the message says which and why.
        """
        n = self.max_vertices
        if graphs.num_nodes != n:
            raise InvalidArchitecture(
                f"got graphs of {graphs.num_nodes} node slots; {self.name} has {n}"
            )
        types, edges, mask = (t.cpu().numpy() for t in (graphs.ops, graphs.adjacency, graphs.mask))
        last = n - 1 - mask[:, ::-1].argmax(axis=1, keepdims=True)
        inner = mask & (np.arange(n) > 0) & (np.arange(n) < last)
        fits = mask[:, 0] & (types[:, 0] == 0) & ~np.tril(edges).any(axis=(1, 2))
        fits &= np.take_along_axis(types, last, axis=1)[:, 0] == 1
        fits &= (~inner | ((types > 1) & (types < len(NODE_TYPES)))).all(axis=1)
        if not fits.all():
            raise InvalidArchitecture(
                f"graph {int(np.argmin(fits))} is no cell of {self.name}: expected an input first, "
                "an output last, operations between, and edges that lead forwards"
            )
        incoming = _incoming(edges)
        incoming[:, n - 1] = np.take_along_axis(incoming, last, axis=1)[:, 0]
        return self._found(incoming, np.where(inner, types - 1, 0)[:, 1:-1], "graph {}".format)

    def from_matrix(self, matrix: npt.ArrayLike, ops: Sequence[str]) -> Architecture:
        """Makes a cell of an adjacency matrix, as the benchmark's own package takes it.

        Args:
            matrix: ``(V, V)``, 0 and 1, upper triangular; it need not be pruned.
            ops: ``V`` names: ``input``, some of ``OPERATIONS``, ``output``.

        Raises:
            InvalidArchitecture: If this is no cell of the space.
        """
        known = [op in OPERATIONS for op in ops[1:-1]]
        if len(ops) < 2 or (ops[0], ops[-1]) != ("input", "output") or not all(known):
            raise InvalidArchitecture(
                f"got the operations {list(ops)}; expected input, some of {', '.join(OPERATIONS)}, "
                "output"
            )
        try:
            array = np.asarray(matrix)
        except ValueError as error:
            raise InvalidArchitecture(f"got a matrix of unequal rows: {error}") from error
        codes = np.array([[OPERATIONS.index(op) + 1 for op in ops[1:-1]]], dtype=np.int64)
        return self.from_matrices(array[None], codes)[0]

    def from_matrices(
        self, matrices: npt.NDArray[Any], ops: npt.NDArray[np.integer]
    ) -> Architectures:
        """Makes cells of ``B`` adjacency matrices of ``V`` vertices each.

        Args:
            matrices: ``(B, V, V)``, 0 and 1, upper triangular; vertex 0 is the input, vertex
                ``V - 1`` the output. They need not be pruned.
            ops: ``(B, V - 2)``, 0 where there is no vertex, else 1 more than the index in
                ``OPERATIONS``.

        Raises:
            InvalidArchitecture: If a matrix is no cell of the space; the message says which.
        """
        count, size = (*matrices.shape, 0, 0)[:2]
        if (
            matrices.dtype.kind not in "biuf"
            or not 2 <= size <= self.max_vertices
            or matrices.shape != (count, size, size)
            or ops.shape != (count, size - 2)
        ):
            raise InvalidArchitecture(
                f"got matrices {matrices.shape} of {matrices.dtype} and operations {ops.shape}; "
                f"expected numbers (B, V, V) and (B, V - 2) with V from 2 to {self.max_vertices}"
            )
        fits = ((matrices == 0) | (matrices == 1)).all(axis=(1, 2))
        fits &= ~np.tril(matrices != 0).any(axis=(1, 2)) & in_range(ops, len(OPERATIONS) + 1)
        if not fits.all():
            raise InvalidArchitecture(
                f"matrix {int(np.argmin(fits))} is no cell: expected 0 and 1, all 0 on and below "
                f"the diagonal, and operations from 0 to {len(OPERATIONS)}"
            )
        return self._found(_incoming(matrices != 0), ops.astype(np.int64), "matrix {}".format)

    def to_matrix(self, arch: Architecture) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Returns the matrix ``(V, V)`` and the ``V`` operation names of a cell."""
        incoming, types = self._nodes(*self._columns(self.to_choices([arch])))
        size = int((types > 0).sum()) + 1
        names = [NODE_TYPES[kind] for kind in types[0, :size].tolist()]
        return (incoming[0, :size] >> np.arange(size)[:, None]) & 1, names

    def official_hash(self, arch: Architecture) -> str:
        """Returns the hash by which the benchmark's own package names the cell."""
        matrix, ops = self.to_matrix(arch)
        return graph_hash(matrix, [-1, *(OPERATIONS.index(op) for op in ops[1:-1]), -2])

    def _numbered(self, numbers: Integers) -> Architectures:
        return Architectures(self, self._choices(numbers))

    def _changed(self, numbers: Integers, changes: Integers) -> Integers:
        """The numbers ``(B,)`` of changed cells, -1 where that is none of this space."""
        found = classes().find(*changed(*classes().canonical(numbers), changes))
        return np.where(found < self.size, found, -1)

    def _found(
        self, incoming: Integers, ops: Integers, named: Callable[[int], str]
    ) -> Architectures:
        """Makes cells of the sets of sources ``(B, V)`` of vertices and their operations."""
        columns = np.zeros((len(incoming), OUTPUT), dtype=np.int64)
        columns[:, : ops.shape[1]] = incoming[:, 1:-1]
        columns[:, -1] = incoming[:, -1]
        numbers = classes().find(columns, (ops << PLACES[: ops.shape[1]]).sum(axis=1))
        if (numbers < 0).any():
            raise InvalidArchitecture(
                f"{named(int(np.argmin(numbers)))} is outside {self.name}: expected a path from "
                "input to output, and at most 9 edges on such paths"
            )
        return self._numbered(numbers)

    def _columns(self, choices: npt.NDArray[np.integer]) -> tuple[Integers, Integers]:
        """Reads choices ``(B, C)`` as columns ``(B, 6)`` and labels ``(B,)``."""
        sources, columns = ends(self.max_vertices)
        wide = choices.astype(np.int64)
        edges, ops = wide[:, : len(sources)], wide[:, len(sources) :]
        weights = (columns[:, None] == np.arange(OUTPUT)) << sources[:, None]
        return edges @ weights, (ops << PLACES[: ops.shape[1]]).sum(axis=1)

    def _choices(self, numbers: Integers) -> Choices:
        sources, at = ends(self.max_vertices)
        columns, labels = classes().canonical(numbers)
        edges = (columns[:, at] >> sources) & 1
        ops = DIGITS[labels][:, : self.max_vertices - 2]
        return np.concatenate([edges, ops], axis=1).astype(np.int16)

    def _nodes(self, columns: Integers, labels: Integers) -> tuple[Integers, Integers]:
        """The sources, as bits, and the type ``(B, N)`` of the nodes of canonical cells."""
        digits = DIGITS[labels]
        last = (digits > 0).sum(axis=1, keepdims=True) + 1
        types = np.pad(np.where(digits > 0, digits + 1, 0), ((0, 0), (1, 1)))
        incoming = np.pad(columns[:, :INNER], ((0, 0), (1, 1)))
        np.put_along_axis(types, last, 1, axis=1)
        np.put_along_axis(incoming, last, columns[:, -1:], axis=1)
        return incoming[:, : self.max_vertices], types[:, : self.max_vertices]


def _incoming(edges: npt.NDArray[np.bool_]) -> Integers:
    """The sources of each vertex ``(B, V)`` as bits, of edges ``(B, V, V)``."""
    weights = 1 << np.arange(edges.shape[1], dtype=np.int64)
    incoming: Integers = (edges * weights[:, None]).sum(axis=1)
    return incoming
