"""The networks inside an elastic super-network, as a search space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import LISTABLE, SearchSpace, check_level, text_of, too_many
from agnet.spaces.elastic.config import ElasticConfig
from agnet.spaces.elastic.cost import macs_tables, params_tables
from agnet.spaces.elastic.genes import EXIT, RESOLUTION, WIDTH, Genes
from agnet.spaces.elastic.moves import crossed, mutated, neighbouring
from agnet.spaces.elastic.numbers import Numbers
from agnet.spaces.elastic.plan import Plan
from agnet.spaces.elastic.text import layer_name, read_text, write_text
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import in_range

__all__ = ["ElasticSpace"]


@final
@dataclass(frozen=True)
class ElasticSpace(SearchSpace):
    """The architectures that an :class:`ElasticConfig` describes.

    The choices are the genes of NAT and NATv2: the positions of resolution, width and exit among
    their options, where there are several, and a code a layer, 0 where there is none (see
    ``config.codes``). Zeros stand at the end of a stage, and behind the exit there is nothing else.
    In the graph view an input node of the resolution and width, the layers that exist in their
    slots, and the output form a chain.

    Attributes:
        config: What there is to choose from.
    """

    config: ElasticConfig

    @cached_property
    def genes(self) -> Genes:
        """How choice vectors are read."""
        return Genes(self.config)

    @cached_property
    def _numbers(self) -> Numbers:
        return Numbers(self.genes)

    @property
    def name(self) -> str:
        """``elastic-tiny``, with ``-single`` without early exits, ``-dense``, ``-parallel``."""
        config = self.config
        single = "" if config.early_exits else "-single"
        skips = "-dense" if config.dense else ""
        return f"elastic-{config.name}{single}{skips}{'-parallel' if config.parallel else ''}"

    @property
    def size(self) -> int:
        """All that differ once what is not there is left out."""
        return self._numbers.size

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """The options of the genes."""
        return self.genes.sizes

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The input for resolution, width and exit, then the layers."""
        return (*[0] * len(self.genes.heads), *range(1, self.genes.slots + 1))

    @cached_property
    def node_types(self) -> tuple[str, ...]:
        """An input for each resolution and width, the output, and each different layer."""
        wide = len(self.config.widths) > 1
        inputs = [
            f"input-{side}" + (f"-w{width:g}" if wide else "")
            for side in self.config.resolutions
            for width in self.config.widths
        ]
        layers = [self.config.codes[code] for code in self.genes.distinct]
        return (*inputs, "output", *[layer_name(layer) for layer in layers if layer])

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text``."""
        return ("text",)

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """A stage that there is has its first layers, others none; after a gap there is nothing."""
        free = super().allowed(choices, step)
        at = step - len(self.genes.heads)
        if at < 0:
            return free
        heads, codes = self.genes.split(choices)
        stage, layer = divmod(at, self.config.layers)
        there = self.genes.reached(heads)[:, stage]
        required = there & (layer < self.config.depths[0])
        ends = ~there if layer == 0 else ~there | (codes[:, stage, layer - 1] == 0) & ~required
        free[required, 0] = False
        free[ends, 1:] = False
        return free

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` architectures, each of them equally likely: most are deep and late."""
        total = sum(self._numbers.by_exit)
        heads = rng.integers(self.genes.options, size=(n, 3))
        shares = [count / total for count in self._numbers.by_exit]
        heads[:, EXIT] = rng.choice(len(shares), size=n, p=shares)
        numbers = rng.integers(self._numbers.settings, size=(n, len(self.config.stages)))
        return Architectures(self, self.genes.join(heads, self._numbers.codes(numbers)))

    def enumerate(self) -> Architectures:
        """Returns all architectures, those of one resolution, width and exit together.

        Raises:
            InvalidInput: If there are more than ``LISTABLE``.
        """
        if self.size > LISTABLE:
            raise too_many(self)
        return Architectures(self, self.genes.join(*self._numbers.all()))

    def index(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the row ``(B,)`` of each architecture in the enumeration.

        Raises:
            InvalidInput: If there are more than ``LISTABLE``.
        """
        if self.size > LISTABLE:
            raise too_many(self)
        return self._numbers.rank(*self.genes.split(self.to_choices(archs)))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says where all is in range and every stage that there is has its first layers."""
        array = np.asarray(choices)
        valid = in_range(array, self.genes.sizes)
        heads, codes = self.genes.split(np.where(valid[:, None], array, 0))
        first = (codes[:, :, : self.config.depths[0]] > 0).all(axis=2)
        return np.asarray(valid & (first | ~self.genes.reached(heads)).all(axis=1))

    def canonical(self, choices: Choices) -> Choices:
        """Moves gaps to the end of their stage, and leaves out what follows the exit."""
        return self.genes.join(*self.genes.split(choices))

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns an integer, or several, for each architecture, ``(B,)``."""
        check_level(self, level)
        return self._numbers.keys(*self.genes.split(self.to_choices(archs)))

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns all that are one change away; see :func:`neighbouring`."""
        return Architectures(self, neighbouring(self.genes, self.to_choices([arch])))

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Moves each architecture to a neighbour."""
        return Architectures(self, mutated(self.genes, self.to_choices(archs), rng))

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes each part from either parent."""
        parents = self.to_choices(first), self.to_choices(second)
        return Architectures(self, crossed(self.genes, *parents, rng))

    def parse(self, text: str) -> Architecture:
        """Reads the text form: resolution, width and exit if there are several, and the stages.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        heads, codes = read_text(self.config, text_of(text))
        return Architectures(self, self.genes.join(np.array([heads]), np.array([codes])))[0]

    def format(self, choices: Sequence[int]) -> str:
        """Writes the options before the layers, and the layers of each stage."""
        heads, codes = self.genes.split(np.array([choices]))
        return write_text(self.config, heads[0].tolist(), codes[0].tolist())

    def plan(self, arch: Architecture) -> Plan:
        """Returns what there is in one architecture.

        Raises:
            InvalidInput: If it is of another space.
        """
        heads, codes = self.genes.split(self.to_choices([arch]))
        stages = [[self.config.codes[code] for code in stage] for stage in codes[0].tolist()]
        there = tuple(tuple(layer for layer in stage if layer) for stage in stages)
        resolution, width = self.config.resolutions[heads[0, RESOLUTION]], int(heads[0, WIDTH])
        return Plan(resolution, width, tuple(stage for stage in there if stage))

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: input, the layers that exist in their slots, output."""
        heads, codes = self.genes.split(self.to_choices(archs))
        layers = torch.from_numpy(codes).flatten(1)
        kinds = torch.from_numpy(np.searchsorted(self.genes.distinct, codes)).flatten(1)
        mask = torch.ones(len(codes), self.genes.slots + 2, dtype=torch.bool)
        mask[:, 1:-1] = layers > 0
        ops = torch.full(mask.shape, self._inputs)  # the output's
        first = heads[:, RESOLUTION] * self.genes.options[WIDTH] + heads[:, WIDTH]
        ops[:, 0] = torch.from_numpy(first)
        ops[:, 1:-1] = torch.where(layers > 0, kinds + self._inputs + 1, 0)
        order = mask.cumsum(dim=1)
        adjacency = (order[:, :, None] + 1 == order[:, None, :]) & mask[:, :, None]
        return GraphBatch(ops, adjacency & mask[:, None, :], mask)

    @property
    def _inputs(self) -> int:
        """How many kinds of input nodes there are."""
        return self.genes.options[RESOLUTION] * self.genes.options[WIDTH]

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads the options and the layers off the nodes.

        Raises:
            InvalidArchitecture: If a graph is no chain of an input, layers and an output.
        """
        if graphs.num_nodes != self.genes.slots + 2:
            raise InvalidArchitecture(
                f"got graphs of {graphs.num_nodes} node slots; expected {self.genes.slots + 2}"
            )
        ops, mask = graphs.ops.numpy(), graphs.mask[:, 1:-1].numpy()
        inputs = self._inputs
        kinds = np.clip(ops[:, 1:-1] - inputs - 1, 0, len(self.genes.distinct) - 1)
        shape = (len(ops), len(self.config.stages), self.config.layers)
        codes = (self.genes.distinct[kinds] * mask).reshape(shape)
        last = np.clip((codes[:, :, 0] > 0).sum(axis=1), self.config.exits[0], None)
        resolution, width = np.divmod(np.clip(ops[:, 0], 0, inputs - 1), self.genes.options[WIDTH])
        heads = np.stack([resolution, width, last - self.config.exits[0]], axis=1)
        # What was read is right if it makes the same graph again.
        archs = Architectures(self, self.genes.join(heads, codes))
        valid = torch.from_numpy(self.is_valid(archs.choices))
        fits = valid & self.encode(archs).same(graphs)
        if not bool(fits.all()):
            raise InvalidArchitecture(
                f"graph {int((~fits).nonzero()[0])} is no architecture of {self.name}: expected a "
                "chain of an input, the first layers of each stage up to the exit, and an output"
            )
        return archs

    def params(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the exact number of trainable parameters of each network, ``(B,)``."""
        fixed, table = params_tables(self.config)
        heads, codes = self.genes.split(self.to_choices(archs))
        width, stage, layer = self._places(heads[:, WIDTH])
        layers = table[width, stage, layer, codes].sum(axis=(1, 2))
        total: npt.NDArray[np.int64] = fixed[heads[:, WIDTH], heads[:, EXIT]] + layers
        return total

    def macs(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Returns the multiply-adds ``(B,)`` of each network for one image of its resolution.

        Those of convolutions and the classifier, as torch's FLOP counter counts them, halved.
        """
        fixed, table = macs_tables(self.config)
        heads, codes = self.genes.split(self.to_choices(archs))
        side, (width, stage, layer) = heads[:, RESOLUTION], self._places(heads[:, WIDTH])
        layers = table[side[:, None, None], width, stage, layer, codes].sum(axis=(1, 2))
        total: npt.NDArray[np.int64] = fixed[side, heads[:, WIDTH], heads[:, EXIT]] + layers
        return total

    def _places(self, width: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
        """Indices of all layers in a table, which broadcast to ``(B, S, L)``."""
        stages, layers = len(self.config.stages), self.config.layers
        return width[:, None, None], np.arange(stages)[:, None], np.arange(layers)
