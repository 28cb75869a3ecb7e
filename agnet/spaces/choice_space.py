"""A search space of independent choices, of which only the numbers of options are known."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import LISTABLE, SearchSpace, check_level
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import (
    change_one,
    in_range,
    mixed_radix,
    one_change_variants,
    uniform_crossover,
)

__all__ = ["ChoiceSpace"]

INPUT, OUTPUT, FIRST = 0, 1, 2  # node types; those of the choices follow
BITS: Final = 62  # of a key's number
NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,4}")


@final
@dataclass(frozen=True)
class ChoiceSpace(SearchSpace):
    """All combinations of ``C`` choices.

    The text form lists the options' numbers, as in ``[0,2,1]``. In the graph view every choice
    stands between the input and the output, beside the others, so that what is learnt of graphs
    sees which options there are and no order of the choices. A choice among things is one node,
    with a type for each option; one among numbers is a node for each step between two of them, of a
    type that says on which side of it the number lies: numbers that are near are then alike.

    Attributes:
        sizes: ``(C,)``, the number of options of each choice.
        ordered: ``(C,)``, whether the options are numbers.
    """

    sizes: tuple[int, ...]
    ordered: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Checks the sizes.

        Raises:
            InvalidInput: If there is no choice, or one that leaves none.
        """
        if not self.sizes or min(self.sizes) < 2 or len(self.ordered) != len(self.sizes):
            raise InvalidInput(
                f"got choices of {self.sizes} options, of which {self.ordered} are ordered; "
                "expected at least one choice, and at least two options of each"
            )

    @property
    def name(self) -> str:
        """The number of options of each choice, with a plus where they are ordered."""
        pairs = zip(self.sizes, self.ordered, strict=True)
        return "choices-" + "-".join(f"{size}{'+' * ordered}" for size, ordered in pairs)

    @property
    def size(self) -> int:
        """The product of the sizes."""
        return math.prod(self.sizes)

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """The number of options of each choice."""
        return self.sizes

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The first node of each choice."""
        return tuple(1 + start for start in np.cumsum([0, *self._widths])[:-1].tolist())

    @property
    def node_types(self) -> tuple[str, ...]:
        """Input, output, and ``choice:option`` or ``choice:below`` and ``choice:above``."""
        names = ["input", "output"]
        for at, (size, ordered) in enumerate(zip(self.sizes, self.ordered, strict=True)):
            if ordered:
                sides = ("below", "above")
                names += [f"{at}:{side} {step}" for step in range(1, size) for side in sides]
            else:
                names += [f"{at}:{option}" for option in range(size)]
        return tuple(names)

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text``."""
        return ("text",)

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` combinations uniformly."""
        return Architectures(self, rng.integers(self.sizes, size=(n, len(self.sizes))))

    def enumerate(self) -> Architectures:
        """Returns all combinations, the last choice changing first.

        Raises:
            InvalidInput: If there are too many.
        """
        self._check_listable()
        digits = np.unravel_index(np.arange(self.size), self.sizes)
        return Architectures(self, np.stack(digits, axis=1))

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the rows ``(B,)`` in the enumeration.

        Raises:
            InvalidInput: If the space is too large to be listed.
        """
        self._check_listable()
        return mixed_radix(self.to_choices(archs), self.sizes)

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Every combination of options is valid."""
        return in_range(np.asarray(choices), self.sizes)

    def canonical(self, choices: Choices) -> Choices:
        """Returns the choices: no two combinations are the same."""
        return choices

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns a number for each combination, ``(B,)``, or several if one does not suffice."""
        check_level(self, level)
        choices = self.to_choices(archs)
        parts = self._parts()
        numbers = [mixed_radix(choices[:, part], self.sizes[part]) for part in parts]
        if len(parts) == 1:
            return numbers[0]
        fields = [(f"part{at}", np.int64) for at in range(len(parts))]
        keys = np.empty(len(choices), dtype=np.dtype(fields))
        for (field, _), number in zip(fields, numbers, strict=True):
            keys[field] = number
        return keys

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns all that differ in one choice."""
        return Architectures(self, one_change_variants(self.to_choices([arch])[0], self.sizes))

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Gives one random choice another option."""
        return Architectures(self, change_one(self.to_choices(archs), self.sizes, rng))

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes each choice from either parent."""
        parents = self.to_choices(first), self.to_choices(second)
        return Architectures(self, uniform_crossover(*parents, rng))

    def parse(self, text: str) -> Architecture:
        """Reads the options' numbers, as in ``[0,2,1]``.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        stripped = text.strip()
        words = stripped[1:-1].split(",")
        if stripped[:1] + stripped[-1:] != "[]" or len(words) != len(self.sizes):
            raise InvalidArchitecture(
                f"got {text!r}; expected {len(self.sizes)} numbers of options, as in [0,2,1]"
            )
        for at, (word, size) in enumerate(zip(words, self.sizes, strict=True)):
            if not NUMBER.fullmatch(word) or int(word) >= size:
                raise InvalidArchitecture(
                    f"got the option {word!r} of choice {at} of {text!r}; "
                    f"expected a number from 0 to {size - 1}"
                )
        return Architecture(self, [int(word) for word in words])

    def format(self, choices: Sequence[int]) -> str:
        """Writes the options' numbers."""
        return f"[{','.join(map(str, choices))}]"

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: input, the nodes of all choices beside each other, output."""
        choices, tables = self.to_choices(archs), self._tables()
        ops = np.full((len(choices), 2 + sum(self._widths)), INPUT, dtype=np.int64)
        for at, (node, table) in enumerate(zip(self.choice_nodes, tables, strict=True)):
            ops[:, node : node + table.shape[1]] = table[choices[:, at]]
        ops[:, -1] = OUTPUT
        mask = torch.ones(ops.shape, dtype=torch.bool)
        wiring = self._wiring().expand(len(choices), -1, -1)
        return GraphBatch(torch.from_numpy(ops), wiring, mask)

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads the options off the nodes.

        Raises:
            InvalidArchitecture: If the wiring or a node type is not that of a combination.
        """
        ops, nodes = graphs.ops.numpy(), 2 + sum(self._widths)
        if graphs.num_nodes != nodes:
            raise InvalidArchitecture(f"got {graphs.num_nodes} node slots; expected {nodes}")
        fits = (graphs.mask.all(1) & (graphs.adjacency == self._wiring()).flatten(1).all(1)).numpy()
        fits &= (ops[:, 0] == INPUT) & (ops[:, -1] == OUTPUT)
        choices = np.zeros((len(ops), len(self.sizes)), dtype=np.int64)
        for at, (node, table) in enumerate(zip(self.choice_nodes, self._tables(), strict=True)):
            same = (ops[:, None, node : node + table.shape[1]] == table).all(axis=2)
            fits &= same.any(axis=1)
            choices[:, at] = same.argmax(axis=1)
        if not fits.all():
            raise InvalidArchitecture(
                f"graph {int((~fits).argmax())} is none of {self.name}: expected an input, the "
                "nodes of each choice and an output"
            )
        return Architectures(self, choices)

    @property
    def _widths(self) -> list[int]:
        """How many nodes each choice has."""
        pairs = zip(self.sizes, self.ordered, strict=True)
        return [size - 1 if ordered else 1 for size, ordered in pairs]

    def _tables(self) -> list[npt.NDArray[np.int64]]:
        """The node types ``(K, W)`` of the options of each choice."""
        tables, first = [], FIRST
        for size, ordered in zip(self.sizes, self.ordered, strict=True):
            options = np.arange(size)[:, None]
            if ordered:
                steps = np.arange(size - 1)
                tables.append(first + 2 * steps + (options > steps))
                first += 2 * (size - 1)
            else:
                tables.append(first + options)
                first += size
        return tables

    def _wiring(self) -> torch.Tensor:
        nodes = 2 + sum(self._widths)
        adjacency = torch.zeros(nodes, nodes, dtype=torch.bool)
        adjacency[0, 1:-1] = True
        adjacency[1:-1, -1] = True
        return adjacency

    def _parts(self) -> list[slice]:
        """Runs of choices that one number can tell apart."""
        starts, product = [0], 1
        for at, size in enumerate(self.sizes):
            product *= size
            if product > 2**BITS:
                starts.append(at)
                product = size
        ends = [*starts[1:], len(self.sizes)]
        return [slice(*pair) for pair in zip(starts, ends, strict=True)]

    def _check_listable(self) -> None:
        if self.size > LISTABLE:
            raise InvalidInput(f"{self.name} has {self.size:.3g} architectures; use keys(archs)")
