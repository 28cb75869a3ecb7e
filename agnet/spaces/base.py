"""The contract of a search space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.graphs import GraphBatch

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import Data

__all__ = ["LISTABLE", "SearchSpace", "check_level", "text_of", "too_many"]

LISTABLE: Final = 1_000_000
"""Spaces of at most so many architectures can be enumerated."""


class SearchSpace(ABC):
    """What an architecture is: sampling, text, keys, moves and the graph view, all batched.

    A space is a small immutable value (a frozen dataclass): two spaces with the same settings are
    equal, and it can be sent to another process. An architecture is a vector of ``C`` categorical
    *choices* in canonical form; everything is computed on ``(B, C)`` integer arrays. ``N`` is the
    number of node slots of the graph view. :class:`agnet.testing.SpaceContract` checks an
    implementation.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name, with settings that change the space: ``nasbench101``, ``nasbench101-5v``."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The exact number of architectures."""

    @property
    @abstractmethod
    def choice_sizes(self) -> tuple[int, ...]:
        """The number of options of each of the ``C`` choices."""

    @property
    @abstractmethod
    def choice_nodes(self) -> tuple[int, ...]:
        """The node slot of the graph view that each of the ``C`` choices is about."""

    @property
    @abstractmethod
    def node_types(self) -> tuple[str, ...]:
        """The vocabulary of ``GraphBatch.ops``."""

    @property
    @abstractmethod
    def key_levels(self) -> tuple[str, ...]:
        """The levels at which two architectures can count as equal, the finest first."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` architectures uniformly and independently (repeats can occur)."""

    def enumerate(self) -> Architectures:
        """Returns all architectures in the order of :meth:`index`.

        By default refuses, as a space does that is too large.

        Raises:
            InvalidInput: If the space has more than ``LISTABLE`` architectures.
        """
        raise too_many(self)

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the row ``(B,)`` of each architecture in the enumeration.

        By default refuses, as a space does that is too large.

        Raises:
            InvalidInput: If the space has more than ``LISTABLE`` architectures.
        """
        raise too_many(self)

    @abstractmethod
    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says for each vector ``(B, C)``, canonical or not, whether it is an architecture."""

    @abstractmethod
    def canonical(self, choices: Choices) -> Choices:
        """Maps valid choice vectors ``(B, C)`` to their canonical form; a projection."""

    @abstractmethod
    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns sortable keys, equal if and only if the architectures are, at a level.

        Args:
            archs: ``B`` architectures.
            level: One of ``key_levels``; by default the finest, at which equal keys mean equal
            values.

        Returns:
            ``(B,)``, int64, or a structured integer type where 64 bits do not suffice.
        """

    @abstractmethod
    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns all distinct others that are one elementary change away."""

    @abstractmethod
    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Makes one random elementary change to each of ``B`` architectures."""

    @abstractmethod
    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Mixes ``B`` pairs of parents into ``B`` valid children."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """Reads the text form.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """

    @abstractmethod
    def format(self, choices: Sequence[int]) -> str:
        """Writes canonical choices ``(C,)`` as text; ``str(arch)`` calls it."""

    @abstractmethod
    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graph view."""

    @abstractmethod
    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads the graph view back: ``decode(encode(archs)) == archs``.

        Raises:
            InvalidArchitecture: If a graph is none of this space; the message says which.
        """

    @property
    def choice_order(self) -> tuple[int, ...]:
        """The order in which the ``C`` choices are made, one a step: node after node."""
        nodes = self.choice_nodes
        return tuple(sorted(range(len(nodes)), key=nodes.__getitem__))

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """Says which options of the next choice can still lead to an architecture.

        Whoever takes an allowed option at every step of ``choice_order`` ends with valid choices,
        and every canonical vector can be made so.

        Args:
            choices: ``(B, C)``; only the choices of earlier steps are looked at.
            step: Which choice is next, as a position in ``choice_order``.

        Returns:
            ``(B, K)`` for a choice of ``K`` options, at least one of them in each row. By default
            all of them: the choices of the space are independent.
        """
        return np.ones((len(choices), self.choice_sizes[self.choice_order[step]]), dtype=np.bool_)

    def edit_distance(
        self, first: Sequence[Architecture], second: Sequence[Architecture]
    ) -> npt.NDArray[np.int64]:
        """Returns in how many choices the two of each of ``B`` pairs differ, ``(B,)``."""
        differ: npt.NDArray[np.int64] = (self.to_choices(first) != self.to_choices(second)).sum(1)
        return differ

    def batch(self, archs: Sequence[Architecture]) -> Architectures:
        """Gathers architectures of this space into one batch.

        Raises:
            InvalidInput: If one belongs to another space.
        """
        if isinstance(archs, Architectures):
            if archs.space != self:
                raise InvalidInput(f"got {archs.space.name} architectures; expected {self.name}")
            return archs
        for arch in archs:
            if not isinstance(arch, Architecture) or arch.space != self:
                raise InvalidInput(f"got {arch!r}; expected an architecture of {self.name}")
        width = len(self.choice_sizes)
        rows = np.array([arch.choices for arch in archs], dtype=np.int16).reshape(-1, width)
        return Architectures(self, rows)

    def to_choices(self, archs: Sequence[Architecture]) -> Choices:
        """Returns the canonical choice vectors ``(B, C)``."""
        return self.batch(archs).choices

    def from_choices(self, choices: npt.ArrayLike) -> Architectures:
        """Makes architectures of choice vectors ``(B, C)``, which need not be canonical.

        Raises:
            InvalidArchitecture: If one of them is no architecture of this space.
        """
        array = np.asarray(choices)
        width = len(self.choice_sizes)
        if array.ndim != 2 or array.shape[1] != width or array.dtype.kind not in "iu":
            raise InvalidArchitecture(
                f"got choices of shape {array.shape} and type {array.dtype}; "
                f"{self.name} takes integers of shape (B, {width})"
            )
        wrong = np.flatnonzero(~self.is_valid(array))
        if len(wrong):
            raise InvalidArchitecture(
                f"row {wrong[0]} of the choices, {array[wrong[0]].tolist()}, "
                f"is no architecture of {self.name}"
            )
        return Architectures(self, self.canonical(array.astype(np.int16)))

    def to_networkx(self, arch: Architecture) -> nx.DiGraph[int]:
        """Returns the graph view of one architecture with the node attribute ``op``."""
        import networkx as nx

        graphs = self.encode([arch])
        graph: nx.DiGraph[int] = nx.DiGraph(space=self.name, text=str(arch))
        for node in graphs.mask[0].nonzero().flatten().tolist():
            graph.add_node(node, op=self.node_types[int(graphs.ops[0, node])])
        graph.add_edges_from(graphs.adjacency[0].nonzero().tolist())
        return graph

    def to_pyg(self, arch: Architecture) -> Data:
        """Returns the graph view of one architecture for PyTorch Geometric.

        ``x (n,)`` holds node types and ``edge_index (2, E)`` the edges of the ``n`` existing nodes.
        """
        from torch_geometric.data import Data

        graphs = self.encode([arch])
        kept = graphs.mask[0]
        edges = graphs.adjacency[0][kept][:, kept].nonzero().t().contiguous()
        return Data(x=graphs.ops[0][kept], edge_index=edges, text=str(arch))

    def _repr_html_(self) -> str:
        """What a notebook shows: the name, the size, and one architecture drawn."""
        from agnet.spaces.drawing import space_shown

        return space_shown(self)


def check_level(space: SearchSpace, level: str | None) -> None:
    """Checks the level of a key.

    Raises:
        InvalidInput: If the space has no such level.
    """
    if level is not None and level not in space.key_levels:
        raise InvalidInput(
            f"got the key level {level!r}; {space.name} has {', '.join(space.key_levels)}"
        )


def too_many(space: SearchSpace) -> InvalidInput:
    """Returns what is to be raised if somebody wants to list a space that is too large."""
    return InvalidInput(
        f"{space.name} has {space.size:.3g} architectures, too many to be listed; use "
        "sample(n, rng) and keys(archs)"
    )


def text_of(value: Any) -> str:
    """Returns what is to be read as an architecture, without white space around it.

    Raises:
        InvalidArchitecture: If it is no text.
    """
    if not isinstance(value, str):
        raise InvalidArchitecture(f"got {value!r}; expected the text of an architecture")
    return value.strip()
