"""The Once-for-All MobileNetV3 space: resolution, depths, kernels and expansions of one supernet.

Cai, Gan, Wang, Zhang and Han, "Once-for-All: Train One Network and Specialize it for Efficient
Deployment", ICLR 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces._ofa_mbv3_cost import (
    CODES,
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    LAYERS,
    RESOLUTIONS,
    STAGES,
    macs_tables,
    params_tables,
)
from agnet.spaces._ofa_mbv3_text import NAMES, read_choices
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace, check_level, text_of
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.product import in_range, mixed_radix

__all__ = ["OFAMobileNetV3", "layer_codes"]

SLOTS: Final = STAGES * LAYERS
OPTIONS: Final = len(KERNELS) * len(EXPANSIONS)
WIDTHS: Final = (1.0, 1.2)

# Columns of a choice vector.
DEPTH: Final = slice(1, 1 + STAGES)
KERNEL: Final = slice(DEPTH.stop, DEPTH.stop + SLOTS)
EXPAND: Final = slice(KERNEL.stop, KERNEL.stop + SLOTS)
LAYER: Final = slice(KERNEL.start, EXPAND.stop)
SIZES: Final = (
    len(RESOLUTIONS),
    *[len(DEPTHS)] * STAGES,
    *[1 + len(KERNELS)] * SLOTS,
    *[1 + len(EXPANSIONS)] * SLOTS,
)
NODE_TYPES: Final = (*[f"input-{r}" for r in RESOLUTIONS], "output", *NAMES[1:])
KEY: Final = np.dtype([("high", np.int64), ("low", np.int64)])
# How many of the settings of one stage have depth 2, and depth 2 or 3.
SHALLOWER: Final = np.cumsum([OPTIONS**depth for depth in DEPTHS])[:-1]
STAGE_SETTINGS: Final = sum(OPTIONS**depth for depth in DEPTHS)


def layer_codes(choices: Choices) -> npt.NDArray[np.int64]:
    """One code a layer, ``(B, 20)``, of canonical choices: 0 absent, else 1 to 9.

    ``1 + 3 * e + k`` of the indices of expansion and kernel, the code of NAT (Lu et al., "Neural
    Architecture Transfer", TPAMI 2021).
    """
    kernel, expand = choices[:, KERNEL].astype(np.int64), choices[:, EXPAND].astype(np.int64)
    codes: npt.NDArray[np.int64] = np.maximum(3 * expand + kernel - 3, 0)
    return codes


def _present(choices: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which of the 20 layers exist, ``(B, 20)``: the first of each stage, up to its depth."""
    depth = choices[:, DEPTH, None] + DEPTHS[0]
    return np.asarray(np.arange(LAYERS) < depth).reshape(-1, SLOTS)


@final
@dataclass(frozen=True)
class OFAMobileNetV3(SearchSpace):
    """The ``4 * 7371^5`` (8.7e19) architectures inside the OFA MobileNetV3 supernet.

    An architecture is a resolution (128, 160, 192 or 224) and five stages of two to four layers,
    each with a kernel (3, 5, 7) and an expansion (3, 4, 6). The ``C = 46`` choices are: resolution,
    five depths, 20 kernels, 20 expansions; a kernel or expansion is 1 to 3, or 0 where the layer
    does not exist. In the graph view (``N = 22``) an input node of the resolution, the layers that
    exist in slots 1 to 20, and the output form a chain.

    Attributes:
        width_multiplier: 1.0 or 1.2, of the supernet; it changes what an architecture costs.
    """

    width_multiplier: float = 1.0

    def __post_init__(self) -> None:
        """Checks the width.

        Raises:
            InvalidInput: If no supernet has it.
        """
        if self.width_multiplier not in WIDTHS:
            raise InvalidInput(
                f"got the width multiplier {self.width_multiplier!r}; expected 1.0 or 1.2"
            )

    @property
    def name(self) -> str:
        """``ofa_mbv3``, or ``ofa_mbv3-w1.2``."""
        return "ofa_mbv3" if self.width_multiplier == 1 else f"ofa_mbv3-w{self.width_multiplier}"

    @property
    def size(self) -> int:
        """``4 * 7371^5``."""
        return len(RESOLUTIONS) * int(STAGE_SETTINGS) ** STAGES

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """Four resolutions, three depths five times, then kernels and expansions, or none."""
        return SIZES

    @property
    def choice_nodes(self) -> tuple[int, ...]:
        """The input for the resolution, the first layer of a stage for its depth, the layers."""
        layers = tuple(range(1, SLOTS + 1))
        return (0, *layers[::LAYERS], *layers, *layers)

    def allowed(self, choices: npt.NDArray[np.integer], step: int) -> npt.NDArray[np.bool_]:
        """A layer within the depth of its stage has a kernel and an expansion, others have none."""
        at = self.choice_order[step]
        if at < DEPTH.stop:
            return super().allowed(choices, step)
        stage, layer = divmod((at - LAYER.start) % SLOTS, LAYERS)
        present = layer < choices[:, DEPTH.start + stage, None] + DEPTHS[0]
        return np.asarray((np.arange(SIZES[at]) > 0) == present)

    @property
    def node_types(self) -> tuple[str, ...]:
        """An input for each resolution, the output, and ``k3e3`` to ``k7e6``."""
        return NODE_TYPES

    @property
    def key_levels(self) -> tuple[str, ...]:
        """``text``."""
        return ("text",)

    def sample(self, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` architectures, each of them equally likely.

        Depth ``d`` is therefore drawn in proportion to its ``9^d`` settings: 1, 10 and 89 % of the
        stages have two, three and four layers.
        """
        number = rng.integers(STAGE_SETTINGS, size=(n, STAGES))
        depth = (number[..., None] >= SHALLOWER).sum(axis=-1)
        within = number - np.concatenate([[0], SHALLOWER])[depth]
        digits = within[..., None] // OPTIONS ** np.arange(LAYERS) % OPTIONS
        expand, kernel = np.divmod(digits.reshape(n, SLOTS), len(KERNELS))
        resolution = rng.integers(len(RESOLUTIONS), size=(n, 1))
        choices = np.concatenate([resolution, depth, kernel + 1, expand + 1], axis=1)
        return Architectures(self, self.canonical(choices.astype(np.int16)))

    def is_valid(self, choices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Says where all is in range; the values of layers that do not exist are ignored."""
        array = np.asarray(choices)
        valid = in_range(array[:, : DEPTH.stop], SIZES[: DEPTH.stop])
        layers = array[:, LAYER].reshape(-1, 2, SLOTS)
        known = ((layers >= 1) & (layers <= len(KERNELS))).all(axis=1)
        return np.asarray(valid & (known | ~_present(array)).all(axis=1))

    def canonical(self, choices: Choices) -> Choices:
        """Sets kernel and expansion of layers that do not exist to 0."""
        clean: Choices = choices.copy()
        clean[:, LAYER] *= np.tile(_present(choices), 2)
        return clean

    def keys(self, archs: Sequence[Architecture], level: str | None = None) -> npt.NDArray[Any]:
        """Returns a pair of integers for each architecture, ``(B,)``, as 64 bits do not suffice.

        ``high`` numbers resolution and the first two stages, ``low`` the other three.
        """
        check_level(self, level)
        choices = self.to_choices(archs)
        codes = layer_codes(choices)
        high = np.concatenate([choices[:, :1], codes[:, : 2 * LAYERS]], axis=1)
        keys = np.empty(len(choices), dtype=KEY)
        keys["high"] = mixed_radix(high, [len(RESOLUTIONS), *[len(CODES)] * (2 * LAYERS)])
        keys["low"] = mixed_radix(codes[:, 2 * LAYERS :], [len(CODES)] * (3 * LAYERS))
        return keys

    def neighbours(self, arch: Architecture) -> Architectures:
        """Returns all that differ in one resolution, kernel, expansion, or in a depth by one.

        A stage that grows has every of the nine options for its new layer.
        """
        row = self.to_choices([arch])[0]
        near = []
        for at in [0, *(LAYER.start + np.flatnonzero(row[LAYER])).tolist()]:
            first = 0 if at == 0 else 1
            for value in range(first, SIZES[at]):
                if value != row[at]:
                    near.append(row.copy())
                    near[-1][at] = value
        for stage in range(STAGES):
            at, slot = (
                DEPTH.start + stage,
                stage * LAYERS + int(row[DEPTH.start + stage]) + DEPTHS[0],
            )
            if row[at] > 0:
                near.append(row.copy())
                near[-1][at] -= 1
            if row[at] < len(DEPTHS) - 1:
                for option in range(OPTIONS):
                    near.append(row.copy())
                    near[-1][at] += 1
                    near[-1][[KERNEL.start + slot, EXPAND.start + slot]] = np.add(
                        divmod(option, len(KERNELS)), 1
                    )
        return Architectures(self, self.canonical(np.array(near)))

    def mutate(self, archs: Sequence[Architecture], rng: np.random.Generator) -> Architectures:
        """Moves each architecture to a neighbour.

        What changes is drawn uniformly from the resolution, the five depths, and the kernels and
        expansions of the layers that exist; then its new value.
        """
        choices = self.to_choices(archs).copy()
        rows, sizes = np.arange(len(choices)), np.array(SIZES)
        fixed = np.ones((len(choices), LAYER.start), bool)
        active = np.concatenate([fixed, choices[:, LAYER] > 0], axis=1)
        at = np.where(active, rng.random(choices.shape), -1).argmax(axis=1)
        first = (at >= LAYER.start).astype(np.int64)  # option 0 stands for an absent layer
        options = sizes[at] - first
        value = choices[rows, at] - first
        turned = first + (value + rng.integers(1, options)) % options
        # A depth moves by one: from the ends inwards, from the middle either way.
        moved = np.where(value == 1, 2 * rng.integers(2, size=len(rows)), 1)
        is_depth = (at >= DEPTH.start) & (at < DEPTH.stop)
        choices[rows, at] = np.where(is_depth, moved, turned)
        grown = rng.integers(1, 1 + len(KERNELS), size=(len(rows), 2 * SLOTS))
        choices[:, LAYER] = np.where(choices[:, LAYER] == 0, grown, choices[:, LAYER])
        return Architectures(self, self.canonical(choices))

    def crossover(
        self,
        first: Sequence[Architecture],
        second: Sequence[Architecture],
        rng: np.random.Generator,
    ) -> Architectures:
        """Takes resolution, each depth, kernel and expansion from either parent.

        A layer that one parent lacks has the kernel and expansion of the other.
        """
        left, right = self.to_choices(first), self.to_choices(second)
        pick = rng.random(left.shape) < 0.5
        mixed, other = np.where(pick, left, right), np.where(pick, right, left)
        mixed[:, LAYER] = np.where(mixed[:, LAYER] == 0, other[:, LAYER], mixed[:, LAYER])
        return Architectures(self, self.canonical(mixed))

    def parse(self, text: str) -> Architecture:
        """Reads the text form, or a JSON object of the OFA tools.

        ``r224:k3e6,k5e4:k7e3,k3e3,k5e6:...`` gives the resolution and the layers of five stages.
        ``{"ks": [...], "e": [...], "d": [...], "r": 224}`` gives 20 kernels, 20 expansions, five
        depths and the resolution (also as ``"r": [224]``); the values of absent layers are ignored.

        Raises:
            InvalidArchitecture: If the text is malformed; the message says where.
        """
        return Architecture(self, read_choices(text_of(text)))

    def format(self, choices: Sequence[int]) -> str:
        """Writes the resolution and the layers of each stage."""
        codes = layer_codes(np.array([choices]))[0].reshape(STAGES, LAYERS)
        stages = [",".join(NAMES[code] for code in stage if code) for stage in codes.tolist()]
        return f"r{RESOLUTIONS[choices[0]]}:{':'.join(stages)}"

    def encode(self, archs: Sequence[Architecture]) -> GraphBatch:
        """Returns the graphs: input, the layers that exist in their slots, output."""
        choices = self.to_choices(archs)
        codes = torch.from_numpy(layer_codes(choices))
        mask = torch.ones(len(choices), SLOTS + 2, dtype=torch.bool)
        mask[:, 1:-1] = codes > 0
        ops = torch.zeros(len(choices), SLOTS + 2, dtype=torch.int64)
        ops[:, 0] = torch.from_numpy(choices[:, 0].astype(np.int64))
        ops[:, 1:-1] = torch.where(codes > 0, codes + len(RESOLUTIONS), 0)
        ops[:, -1] = len(RESOLUTIONS)
        order = mask.cumsum(dim=1)
        adjacency = (order[:, :, None] + 1 == order[:, None, :]) & mask[:, :, None]
        return GraphBatch(ops, adjacency & mask[:, None, :], mask)

    def decode(self, graphs: GraphBatch) -> Architectures:
        """Reads resolution and layers off the nodes.

        Raises:
            InvalidArchitecture: If a graph is no chain of an input, layers and an output.
        """
        if graphs.num_nodes != SLOTS + 2:
            raise InvalidArchitecture(
                f"got graphs of {graphs.num_nodes} node slots; expected {SLOTS + 2}"
            )
        ops, layers = graphs.ops.numpy(), graphs.mask[:, 1:-1].numpy()
        depth = layers.reshape(-1, STAGES, LAYERS).sum(axis=2) - DEPTHS[0]
        expand, kernel = np.divmod(ops[:, 1:-1] - len(RESOLUTIONS) - 1, len(KERNELS))
        choices = np.concatenate([ops[:, :1], depth, kernel + 1, expand + 1], axis=1)
        # What was read is right if it makes the same graph again.
        valid = self.is_valid(choices)
        archs = Architectures(
            self, self.canonical(np.where(valid[:, None], choices, 1).astype(np.int16))
        )
        fits = torch.from_numpy(valid) & self.encode(archs).same(graphs)
        if not bool(fits.all()):
            raise InvalidArchitecture(
                f"graph {int((~fits).nonzero()[0])} is no OFA MobileNetV3 architecture: expected a "
                "chain of an input, the first two to four of four layers in each of five stages, "
                "and an output"
            )
        return archs

    def params(
        self, archs: Sequence[Architecture], num_classes: int = 1000
    ) -> npt.NDArray[np.int64]:
        """Returns the exact number of trainable parameters of each network, ``(B,)``."""
        fixed, table = params_tables(self.width_multiplier, num_classes)
        codes = layer_codes(self.to_choices(archs))
        total: npt.NDArray[np.int64] = fixed + table[np.arange(SLOTS), codes].sum(axis=1)
        return total

    def macs(self, archs: Sequence[Architecture], num_classes: int = 1000) -> npt.NDArray[np.int64]:
        """Returns the multiply-adds ``(B,)`` of each network for one image of its resolution.

        Those of convolutions and the classifier, as torch's FLOP counter counts them, halved.
        """
        fixed, table = macs_tables(self.width_multiplier, num_classes)
        choices = self.to_choices(archs)
        resolution = choices[:, 0].astype(np.int64)
        layers = table[resolution[:, None], np.arange(SLOTS), layer_codes(choices)]
        total: npt.NDArray[np.int64] = fixed[resolution] + layers.sum(axis=1)
        return total
