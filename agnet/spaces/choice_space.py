"""A search space of independent choices: whatever can be said by a few options each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import LISTABLE, SearchSpace, check_level, text_of, too_many
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import (
    change_one,
    in_range,
    mixed_radix,
    one_change_variants,
    uniform_crossover,
)

__all__ = ["ChoiceSpace", "Option"]

Option: TypeAlias = int | float | str

INPUT, OUTPUT, FIRST = 0, 1, 2  # node types; those of the choices follow
BITS: Final = 62  # of a key's number
WORD: Final = re.compile(r"[\w.+:/-]+")


@final
@dataclass(frozen=True)
class ChoiceSpace(SearchSpace):
    """All combinations of ``C`` choices.

        space = ChoiceSpace.of(width=[16, 32, 64], depth=[1, 2, 3], activation=["relu", "tanh"])

    The text form names them, as in ``width=16,depth=2,activation=relu``. In the graph view every
    choice stands between the input and the output, beside the others, so that what is learnt of
    graphs sees which options there are and no order of the choices. A choice among things is one
    node, with a type for each option; one among numbers is a node for each step between two of
    them, of a type that says on which side of it the number lies: numbers that are near are then
    alike.

    Attributes:
        names: ``(C,)``, of the choices.
        options: ``(C,)``, those of each choice.
        ordered: ``(C,)``, whether the options are numbers, in their order.
    """

    names: tuple[str, ...]
    options: tuple[tuple[Option, ...], ...]
    ordered: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Checks names and options.

        Raises:
            InvalidInput: If there is no choice, one that leaves none, or a text that would not be
                read back.
        """
        if not len(self.names) == len(self.options) == len(self.ordered):
            raise InvalidInput(
                f"got {len(self.names)} names, {len(self.options)} tuples of options and "
                f"{len(self.ordered)} orders; expected one of each for a choice"
            )
        if not self.names or min(self.sizes) < 2:
            raise InvalidInput(
                f"got choices of {self.sizes} options; expected at least one choice, and at least "
                "two options of each"
            )
        for words in (self.names, *self._words):
            odd = [word for word in words if not WORD.fullmatch(word)]
            if odd or len(set(words)) < len(words):
                raise InvalidInput(
                    f"got {', '.join(map(repr, words))}; expected different texts of letters, "
                    "digits and the signs _ . + - : /"
                )

    @classmethod
    def of(cls, **choices: Sequence[Option]) -> ChoiceSpace:
        """Makes a space of choices by name.

        Args:
            **choices: The options of each; numbers that rise are ordered, all else is not.

        Raises:
            InvalidInput: If there is no choice, one that leaves none, or a text that would not be
                read back.
        """
        for name, given in choices.items():
            if isinstance(given, str) or not isinstance(given, Iterable):
                raise InvalidInput(f"got {name} = {given!r}; expected the options, as in [16, 32]")
        options = tuple(map(tuple, choices.values()))
        return cls(tuple(choices), options, tuple(map(_rising, options)))

    @classmethod
    def numbered(cls, sizes: Sequence[int], ordered: Sequence[bool]) -> ChoiceSpace:
        """Makes a space of which only the numbers of options are known.

        Raises:
            InvalidInput: If there is no choice, or one that leaves none.
        """
        names = tuple(f"x{at}" for at in range(len(sizes)))
        return cls(names, tuple(tuple(range(size)) for size in sizes), tuple(ordered))

    def chosen(self, arch: Architecture) -> dict[str, Option]:
        """Returns the option of each choice, by name.

        Raises:
            InvalidInput: If the architecture is of another space.
        """
        row = self.to_choices([arch])[0].tolist()
        triples = zip(self.names, self.options, row, strict=True)
        return {name: options[at] for name, options, at in triples}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of options of each choice."""
        return tuple(map(len, self.options))

    @property
    def name(self) -> str:
        """The choices with the number of their options, and a plus where they are ordered."""
        triples = zip(self.names, self.sizes, self.ordered, strict=True)
        return "choices-" + "-".join(f"{name}.{size}{'+' * order}" for name, size, order in triples)

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
        """Input, output, and ``choice=option``, or ``choice<option`` and ``choice>=option``."""
        types = ["input", "output"]
        for name, words, ordered in zip(self.names, self._words, self.ordered, strict=True):
            if ordered:
                types += [f"{name}{side}{word}" for word in words[1:] for side in ("<", ">=")]
            else:
                types += [f"{name}={word}" for word in words]
        return tuple(types)

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
        if self.size > LISTABLE:
            raise too_many(self)
        digits = np.unravel_index(np.arange(self.size), self.sizes)
        return Architectures(self, np.stack(digits, axis=1))

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the rows ``(B,)`` in the enumeration.

        Raises:
            InvalidInput: If the space is too large to be listed.
        """
        if self.size > LISTABLE:
            raise too_many(self)
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
        """Reads the options, as in ``width=16,depth=2``.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        fields = text_of(text).split(",")
        if len(fields) != len(self.names):
            raise InvalidArchitecture(
                f"got {text!r}; expected {len(self.names)} choices: {', '.join(self.names)}"
            )
        row = []
        for field, name, words in zip(fields, self.names, self._words, strict=True):
            key, _, word = field.partition("=")
            if key != name or word not in words:
                raise InvalidArchitecture(
                    f"got {field!r} in {text!r}; expected {name}= and one of {', '.join(words)}"
                )
            row.append(words.index(word))
        return Architecture(self, row)

    def format(self, choices: Sequence[int]) -> str:
        """Writes the options by name."""
        triples = zip(self.names, self._words, choices, strict=True)
        return ",".join(f"{name}={words[at]}" for name, words, at in triples)

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
    def _words(self) -> tuple[tuple[str, ...], ...]:
        """The options of each choice as texts."""
        return tuple(tuple(map(str, options)) for options in self.options)

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


def _rising(options: Sequence[Option]) -> bool:
    numbers = [value for value in options if type(value) in (int, float)]
    pairs = zip(numbers, numbers[1:], strict=False)
    return len(numbers) == len(options) and all(a < b for a, b in pairs)  # type: ignore[operator]
