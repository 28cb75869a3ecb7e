"""NAS-Bench-201: cells of four tensors and six edges with one of five operations each.

Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace, check_level, text_of
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import (
    change_one,
    in_range,
    mixed_radix,
    one_change_variants,
    uniform_crossover,
)

__all__ = ["NASBench201"]

OPERATIONS: Final = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP = 0, 1
EDGES: Final = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
NODE_TYPES: Final = ("input", "output", *OPERATIONS)
SIZES: Final = (len(OPERATIONS),) * len(EDGES)


def _wiring() -> torch.Tensor:
    """Operations as nodes: the one on an edge feeds those that read the edge's target."""
    adjacency = torch.zeros(8, 8, dtype=torch.bool)
    for i, (source, target) in enumerate(EDGES):
        if source == 0:
            adjacency[0, 1 + i] = True
        if target == 3:
            adjacency[1 + i, 7] = True
        for j, (later_source, _) in enumerate(EDGES):
            if later_source == target:
                adjacency[1 + i, 1 + j] = True
    return adjacency


WIRING: Final = _wiring()


def _published_name(ops: Sequence[int], drop_zeros: bool) -> str:
    """Names what tensor 3 computes, by the procedure behind the published class counts.

    A sum is named by its sorted terms. A skip takes over the name of its source as one term, so a
    sum that is passed on is not merged with the sum it enters; ``_flat_sum`` is the exact form.
    """
    names = ["0"]
    for target in (1, 2, 3):
        terms = []
        for (source, end), op in zip(EDGES, ops, strict=True):
            if end != target:
                continue
            if drop_zeros and (op == NONE or names[source] == "#"):
                terms.append("#")
            else:
                terms.append(names[source] if op == SKIP else f"({names[source]})@{op}")
        names.append("+".join(sorted(terms)))
    return names[3]


def _flat_sum(ops: Sequence[int]) -> str:
    """Names the function of the cell: dead edges dropped, every sum flattened into the next."""
    tensors = [["0"]]
    for target in (1, 2, 3):
        terms: list[str] = []
        for (source, end), op in zip(EDGES, ops, strict=True):
            if end != target or op == NONE or not tensors[source]:
                continue
            value = tensors[source]
            terms.extend(value if op == SKIP else [f"({'+'.join(value)})@{op}"])
        tensors.append(sorted(terms))
    return "+".join(tensors[3])


NAMING: Final[dict[str, Callable[[Sequence[int]], str]]] = {
    "skip": lambda ops: _published_name(ops, drop_zeros=False),
    "none": lambda ops: _published_name(ops, drop_zeros=True),
    "function": _flat_sum,
}


@cache
def _classes(level: str) -> npt.NDArray[np.int64]:
    """The class of each of the 15,625 codes, named by the smallest code in it."""
    first: dict[str, int] = {}
    cells = product(range(len(OPERATIONS)), repeat=len(EDGES))
    return np.array([first.setdefault(NAMING[level](ops), i) for i, ops in enumerate(cells)])


@cache
def _official_order() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The code of each official index, and the official index of each code."""
    with resources.files(__package__).joinpath("nasbench201_order.npy").open("rb") as file:
        codes = np.load(file, allow_pickle=False).astype(np.int64)
    return codes, np.argsort(codes)


@final
@dataclass(frozen=True)
class NASBench201(SearchSpace):
    """The 15,625 cells of NAS-Bench-201 (NATS-Bench: topology space), in official order.

    The ``C = 6`` choices are the operations of the edges 0>1, 0>2, 1>2, 0>3, 1>3, 2>3. In the graph
    view (``N = 8``) operations are nodes between an input and an output, with fixed wiring.

    Key levels: ``text`` (15,625 classes: the text is the same), ``skip`` (12,751: equal after a
    skip is named by the tensor it passes on), ``none`` (6,466: zeros are recognised as well; both
    are the classes of the paper's appendix), ``function`` (4,930: dead edges dropped and nested
    sums flattened, so that equal keys mean the same function of the same weights).
    """

    @property
    def name(self) -> str:
        """``nasbench201``."""
        return "nasbench201"

    @property
    def size(self) -> int:
        """15,625."""
        return math.prod(SIZES)

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """Five operations on each of six edges."""
        return SIZES

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The six operations between input and output."""
        return tuple(range(1, len(EDGES) + 1))

    @property
    def node_types(self) -> tuple[str, ...]:
        """Input, output and the five operations."""
        return NODE_TYPES

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text``, ``skip``, ``none``, ``function``."""
        return ("text", *NAMING)

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` cells uniformly."""
        return Architectures(self, rng.integers(len(OPERATIONS), size=(n, len(EDGES))))

    def enumerate(self) -> Architectures:
        """Returns the 15,625 cells in official order."""
        codes = _official_order()[0]
        return Architectures(self, np.stack(np.unravel_index(codes, SIZES), axis=1))

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the official indices ``(B,)``."""
        indices: npt.NDArray[np.int64] = _official_order()[1][
            mixed_radix(self.to_choices(archs), SIZES)
        ]
        return indices

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Every vector of operations is a cell."""
        return in_range(np.asarray(choices), SIZES)

    def canonical(self, choices: Choices) -> Choices:
        """Returns the choices: a cell is its text, and functionally equal cells stay distinct."""
        return choices

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns the class codes ``(B,)`` at a level."""
        check_level(self, level)
        codes = mixed_radix(self.to_choices(archs), SIZES)
        return codes if level in (None, "text") else _classes(str(level))[codes]

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns the 24 cells that differ on one edge."""
        return Architectures(self, one_change_variants(self.to_choices([arch])[0], SIZES))

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Changes the operation of one random edge of each cell."""
        return Architectures(self, change_one(self.to_choices(archs), SIZES, rng))

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes each edge's operation from either parent."""
        return Architectures(
            self, uniform_crossover(self.to_choices(first), self.to_choices(second), rng)
        )

    def parse(self, text: str) -> Architecture:
        """Reads the official form, ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        blocks = text_of(text).split("+")
        if len(blocks) != 3:
            raise InvalidArchitecture(
                f"got {len(blocks)} blocks joined by '+' in {text!r}; a NAS-Bench-201 cell has 3, "
                "as in |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            )
        ops: list[int] = []
        for target, block in enumerate(blocks, start=1):
            items = block.split("|")
            if len(items) != target + 2 or items[0] or items[-1]:
                raise InvalidArchitecture(
                    f"got {block!r} as block {target} of {text!r}; expected {target} "
                    "operation(s), each between two '|'"
                )
            ops.extend(_operation(item, i, target, text) for i, item in enumerate(items[1:-1]))
        return Architecture(self, ops)

    def format(self, choices: Sequence[int]) -> str:
        """Writes the official form."""
        ops = [OPERATIONS[choice] for choice in choices]
        return "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*ops)

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: input, six operations in edge order, output."""
        choices = torch.from_numpy(self.to_choices(archs).astype(np.int64))
        ops = torch.zeros(len(choices), 8, dtype=torch.int64)
        ops[:, 1:7] = choices + 2
        ops[:, 7] = 1
        adjacency = WIRING.expand(len(choices), -1, -1)
        return GraphBatch(ops, adjacency, torch.ones_like(ops, dtype=torch.bool))

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads operations off the nodes.

        Raises:
            InvalidArchitecture: If the wiring or a node type is not that of a cell.
        """
        expected = torch.tensor([0, *[-1] * 6, 1])
        if graphs.num_nodes != 8:
            raise InvalidArchitecture(f"got graphs of {graphs.num_nodes} node slots; expected 8")
        fits = graphs.mask.all(1) & (graphs.adjacency == WIRING).flatten(1).all(1)
        fits &= ((graphs.ops == expected) | (expected < 0)).all(1)
        fits &= ((graphs.ops[:, 1:7] >= 2) & (graphs.ops[:, 1:7] < len(NODE_TYPES))).all(1)
        if not bool(fits.all()):
            raise InvalidArchitecture(
                f"graph {int((~fits).nonzero()[0])} is no NAS-Bench-201 cell: expected an input, "
                "six operations in edge order and an output, with the fixed wiring"
            )
        return Architectures(self, (graphs.ops[:, 1:7] - 2).numpy())


def _operation(item: str, source: int, target: int, text: str) -> int:
    """Reads one ``op~source``."""
    op, _, given = item.partition("~")
    where = f"edge {source}>{target} of {text!r}"
    if op not in OPERATIONS:
        raise InvalidArchitecture(
            f"got the operation {op!r} on {where}; expected one of {', '.join(OPERATIONS)}"
        )
    if given != str(source):
        raise InvalidArchitecture(f"got the source {given!r} on {where}; expected {source}")
    return OPERATIONS.index(op)
