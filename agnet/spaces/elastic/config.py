"""What an elastic super-network is made of, as data: its stages, and what can be chosen in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final, Literal, final

from agnet.errors import InvalidInput
from agnet.spaces._ofa_mbv3_cost import Slot, eighths

__all__ = ["CONV", "ELASTIC", "LIGHT", "ElasticConfig", "Layer", "Stage"]

ELASTIC: Final = 1
CONV: Final = 2
LIGHT: Final = 4
"""The three branches of a parallel level; which of them are there is the sum of their numbers."""


@final
@dataclass(frozen=True)
class Stage:
    """Layers that keep the shape of what the first of them makes.

    Attributes:
        channels: Of its output, at the width 1.
        stride: Of its first layer, 1 or 2.
        squeeze: Whether its layers have squeeze-and-excitation.
        activation: ``relu`` or ``hard_swish``.
    """

    channels: int
    stride: int = 1
    squeeze: bool = False
    activation: Literal["relu", "hard_swish"] = "relu"

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is out of range.
        """
        if (
            self.channels < 1
            or self.stride not in (1, 2)
            or self.activation not in ("relu", "hard_swish")
        ):
            raise InvalidInput(
                f"got {self}; expected channels of at least 1, a stride of 1 or 2, and the "
                "activation relu or hard_swish"
            )


@final
@dataclass(frozen=True)
class Layer:
    """What a layer is: the meaning of a gene other than 0.

    Attributes:
        kernel: Side of the kernel of the elastic branch; 0 where there is no such branch.
        expansion: How many times wider that branch is inside than its input; 0 likewise.
        branches: The sum of ``ELASTIC``, ``CONV`` and ``LIGHT`` for those that are there.
    """

    kernel: int
    expansion: int
    branches: int = ELASTIC


@final
@dataclass(frozen=True)
class ElasticConfig:
    """A family of networks whose weights are shared; the options are in rising order.

    Cai et al., "Once-for-All", ICLR 2020; Sarti, Lomurno and Matteucci, "Enhancing Once-For-All",
    arXiv 2302.01888 (early exits, dense skips, parallel blocks).

    Attributes:
        name: What the family is called.
        stages: What follows the stem.
        resolutions: Sides of images.
        depths: How many layers a stage has, whole numbers that follow one another.
        expansions: How many times wider a layer is inside.
        kernels: Sides of kernels, odd.
        widths: Multipliers of all channels; each has weights of its own.
        stem: Channels of the first convolution, at the width 1.
        stem_stride: Its stride, 1 or 2.
        fixed_block: Whether the first convolution is followed by a block that all have.
        head: Channels of the two 1x1 convolutions of an exit, as multiples of its stage's.
        early_exits: Whether there is an exit after each stage, of which one is chosen.
        dense: Whether outputs of earlier layers of a stage are added to those of later ones.
        parallel: Whether each layer has three branches, of which some are chosen.
        classes: Outputs.
        channels: Of an image.
    """

    name: str
    stages: tuple[Stage, ...]
    resolutions: tuple[int, ...]
    depths: tuple[int, ...] = (2, 3, 4)
    expansions: tuple[int, ...] = (3, 4, 6)
    kernels: tuple[int, ...] = (3, 5, 7)
    widths: tuple[float, ...] = (1.0,)
    stem: int = 16
    stem_stride: int = 2
    fixed_block: bool = True
    head: tuple[int, int] = (6, 8)
    early_exits: bool = True
    dense: bool = False
    parallel: bool = False
    classes: int = 10
    channels: int = 3

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is impossible; the message says which.
        """
        if not self.stages or not self.name:
            raise InvalidInput("got no stages or no name; expected at least one stage, and a name")
        for name in ("resolutions", "depths", "expansions", "kernels", "widths"):
            options = getattr(self, name)
            if not options or list(options) != sorted(set(options)) or options[0] <= 0:
                raise InvalidInput(
                    f"got {name} = {options}; expected different numbers above 0 in rising order"
                )
        if self.depths != tuple(range(self.depths[0], self.depths[-1] + 1)):
            raise InvalidInput(
                f"got depths = {self.depths}; expected whole numbers that follow one another"
            )
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise InvalidInput(f"got kernels = {self.kernels}; expected odd ones")
        counts = (self.stem, *self.head, self.classes, self.channels)
        if self.stem_stride not in (1, 2) or min(counts) < 1:
            raise InvalidInput(
                f"got the stride {self.stem_stride} of the stem, and {counts} for its channels, "
                "the head, classes and channels; expected a stride of 1 or 2, and at least 1 each"
            )

    @property
    def layers(self) -> int:
        """The most layers that a stage can have."""
        return self.depths[-1]

    @property
    def exits(self) -> tuple[int, ...]:
        """After which stages a network can end, from 1."""
        last = len(self.stages)
        return tuple(range(1, last + 1)) if self.early_exits else (last,)

    @property
    def patterns(self) -> tuple[int, ...]:
        """Which branches a layer can have: sums of ``ELASTIC``, ``CONV`` and ``LIGHT``."""
        return tuple(range(1, 8)) if self.parallel else (ELASTIC,)

    @cached_property
    def codes(self) -> tuple[Layer | None, ...]:
        """What each value of a gene means: ``1 + (pattern * E + expansion) * K + kernel``.

        The code of NAT (Lu et al., "Neural Architecture Transfer", TPAMI 2021): 0 is no layer.
        Without the elastic branch, all kernels and expansions mean the same.
        """
        options = product(self.patterns, self.expansions, self.kernels)
        layers = [
            Layer(kernel, expansion, branches) if branches & ELASTIC else Layer(0, 0, branches)
            for branches, expansion, kernel in options
        ]
        return (None, *layers)

    def stem_channels(self, width: float) -> int:
        """Returns the channels of the first convolution."""
        return eighths(self.stem * width)

    def slots(self, width: float) -> tuple[tuple[Slot, ...], ...]:
        """Returns the shapes of all layers of all stages."""
        made: list[tuple[Slot, ...]] = []
        inputs, halvings = self.stem_channels(width), self.stem_stride - 1
        for stage in self.stages:
            outputs, squeeze = eighths(stage.channels * width), int(stage.squeeze)
            first = Slot(inputs, outputs, stage.stride, squeeze, halvings)
            inputs, halvings = outputs, halvings + stage.stride - 1
            others = [Slot(outputs, outputs, 1, squeeze, halvings)] * (self.layers - 1)
            made.append((first, *others))
        return tuple(made)

    def head_channels(self, stage: int, width: float) -> tuple[int, int, int]:
        """Returns the channels that the exit after a stage reads, and those of its convolutions."""
        channels = eighths(self.stages[stage].channels * width)
        return channels, self.head[0] * channels, self.head[1] * channels
