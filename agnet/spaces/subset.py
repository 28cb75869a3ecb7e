"""A listed part of another space, such as the architectures of a partial table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.key_index import KeyIndex

__all__ = ["Subset"]

ATTEMPTS: Final = 8


@final
class Subset(SearchSpace):
    """The members of a list of architectures, as a space of its own.

    Text, choices, keys and graphs are those of the whole space. Moves stay inside: a neighbour is a
    neighbour in the whole space that is a member, so a member can have none. Where a few random
    moves all lead outside, ``mutate`` jumps to a random member and ``crossover`` returns the first
    parent.
    """

    def __init__(self, members: Architectures) -> None:
        """Takes the members, in the order in which they are to be numbered.

        Raises:
            InvalidInput: If there are none, or one occurs twice.
        """
        self._whole = members.space
        self._choices = members.choices
        self._members = KeyIndex(members.space.keys(members))
        if not len(members) or self._members.repeated is not None:
            raise InvalidInput(
                f"got {len(members)} architectures of {self._whole.name}; a subset is of at least "
                "one, each once"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Subset):
            return NotImplemented
        if self is other:
            return True
        return self._whole == other._whole and np.array_equal(self._choices, other._choices)

    def __hash__(self) -> int:
        return hash((self._whole, len(self._choices)))

    def __repr__(self) -> str:
        return f"Subset({self._whole.name}, {self.size})"

    @property
    def name(self) -> str:
        """The name of the whole space, and how many of it are members."""
        return f"{self._whole.name}-subset{self.size}"

    @property
    def whole(self) -> SearchSpace:
        """The space that it is a part of."""
        return self._whole

    @property
    def size(self) -> int:
        """The number of members."""
        return len(self._choices)

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """Those of the whole space."""
        return self._whole.choice_sizes

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """Those of the whole space."""
        return self._whole.choice_nodes

    @property
    def choice_order(self) -> tuple[int, ...]:
        """That of the whole space."""
        return self._whole.choice_order

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """Says what can lead to an architecture of the whole space; it need not be a member."""
        return self._whole.allowed(choices, step)

    def edit_distance(
        self, first: Sequence[Architecture], second: Sequence[Architecture]
    ) -> npt.NDArray[np.int64]:
        """Returns the distances ``(B,)`` of the whole space."""
        return self._whole.edit_distance(self._widened(first), self._widened(second))

    @property
    def node_types(self) -> tuple[str, ...]:
        """Those of the whole space."""
        return self._whole.node_types

    @property
    def key_levels(self) -> tuple[str, ...]:
        """Those of the whole space."""
        return self._whole.key_levels

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` members uniformly."""
        return Architectures(self, self._choices[rng.integers(self.size, size=n)])

    def enumerate(self) -> Architectures:
        """Returns all members in their order."""
        return Architectures(self, self._choices)

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the positions ``(B,)`` of members in their order."""
        return self._members.find(self.keys(archs))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says for each vector whether it is a member."""
        array = np.asarray(choices)
        valid = self._whole.is_valid(array)
        inside = self._whole.canonical(array[valid].astype(np.int16))
        valid[valid] = self._has(Architectures(self._whole, inside))
        return valid

    def canonical(self, choices: Choices) -> Choices:
        """Returns the canonical form of the whole space."""
        return self._whole.canonical(choices)

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns the keys ``(B,)`` of the whole space."""
        return self._whole.keys(self._widened(archs), level)

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns the neighbours in the whole space that are members; possibly none."""
        near = self._whole.neighbours(self._widened([arch])[0])
        return Architectures(self, near.choices[self._has(near)])

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Makes one random change to each, or a jump where the changes drawn lead outside.

        A single member has nowhere to go and stays.
        """
        own = self._widened(archs)
        rows = self.index(archs)
        jump = rng.integers(1, max(self.size, 2), size=len(own))
        mutants: Choices = self._choices[(rows + jump) % self.size].copy()
        left = np.arange(len(own))
        for _ in range(ATTEMPTS):
            if not len(left):
                break
            drawn = self._whole.mutate(own[left], rng)
            inside = self._has(drawn)
            mutants[left[inside]] = drawn.choices[inside]
            left = left[~inside]
        return Architectures(self, mutants)

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Mixes pairs of parents; where that leads outside, the child is the first parent."""
        own, other = self._widened(first), self._widened(second)
        children = self._whole.crossover(own, other, rng)
        inside = self._has(children)[:, None]
        return Architectures(self, np.where(inside, children.choices, own.choices))

    def parse(self, text: str) -> Architecture:
        """Reads the text of a member.

        Raises:
            InvalidArchitecture: If the text is malformed, or of no member.
        """
        arch = self._whole.parse(text)
        if not self._has(self._whole.batch([arch]))[0]:
            raise InvalidArchitecture(f"{arch} is none of the {self.size} architectures listed")
        return Architecture(self, arch.choices)

    def format(self, choices: Sequence[int]) -> str:
        """Writes text as the whole space does."""
        return self._whole.format(choices)

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs of the whole space."""
        return self._whole.encode(self._widened(archs))

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads graphs as the whole space does.

        Raises:
            InvalidArchitecture: If a graph is no member.
        """
        return self.from_choices(self._whole.decode(graphs).choices)

    def _widened(self, archs: Sequence[Architecture]) -> Architectures:
        return Architectures(self._whole, self.to_choices(archs))

    def _has(self, archs: Architectures) -> npt.NDArray[np.bool_]:
        return self._members.find(self._whole.keys(archs)) >= 0
