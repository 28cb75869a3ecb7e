"""The network of a DARTS genotype, as it is trained on CIFAR-10 and on ImageNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks.darts_operations import (
    FactorizedReduction,
    convolution,
    operation,
    relu_conv_norm,
)
from agnet.benchmarks.networks.ends import check_ends
from agnet.benchmarks.networks.initialisation import initialise
from agnet.checks import whole
from agnet.errors import InvalidInput
from agnet.spaces import DARTS, Architecture
from agnet.spaces.darts import CELLS, NODES, OPERATIONS, PAIRS

__all__ = ["DARTSNetwork", "check_settings", "reduction_cells"]

Edge: TypeAlias = tuple[str, int]
"""An operation and the tensor it reads: 0 and 1 are the two cells before, then come the nodes."""

# Side of the windows that the auxiliary classifier pools, and how far apart they are.
AUXILIARY_KERNEL: Final = 5
AUXILIARY_STRIDE: Final = {"cifar": 3, "imagenet": 2}


@final
class DARTSNetwork(nn.Module):
    """A stem, cells, global average pooling and a linear classifier.

    Each cell reads the two cells before it through ReLU, a 1x1 convolution and batch normalisation;
    the older one, where the cell between them has halved the resolution, through a factorised
    reduction. Its output joins its four nodes. The cells at one third and at two thirds of the
    depth are reduction cells: they double the channels, and what reads a previous cell in them has
    stride 2.

    The stem for CIFAR is a 3x3 convolution to three times the channels; the one for ImageNet halves
    the resolution three times, and the published network is that of ``channels=48, layers=14``.

    In training mode, each output of an operation that is no identity is dropped for each image
    alone with the probability ``drop_path``, and scaled up otherwise so that its mean stays. What
    is dropped is drawn from the generator that has drawn the weights, once in a forward pass, and
    only where the probability is not 0: the state of that generator decides all of it.

    Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019; dropping paths
    is from Larsson, Maire and Shakhnarovich, "FractalNet", ICLR 2017, as Zoph et al., "Learning
    Transferable Architectures for Scalable Image Recognition", CVPR 2018, use it.
    """

    def __init__(
        self,
        arch: Architecture,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        generator: torch.Generator,
        channels: int = 36,
        layers: int = 20,
        stem: Literal["cifar", "imagenet"] = "cifar",
        auxiliary: bool = False,
        drop_path: float = 0.0,
    ) -> None:
        """Builds the network.

        Args:
            arch: The genotype, of :class:`agnet.spaces.DARTS`.
            num_classes: Outputs.
            in_channels: Channels of an image.
            generator: Draws the weights, and later what is dropped; of the CPU.
            channels: Of each node before the first reduction cell; at least 2 for ImageNet.
            layers: Cells.
            stem: ``cifar`` keeps the resolution, ``imagenet`` makes it an eighth.
            auxiliary: Whether a second classifier reads the second reduction cell in training.
            drop_path: See above; an attribute that can be set between epochs.

        Raises:
            InvalidInput: If the architecture is of another space, or a setting is impossible.
        """
        super().__init__()
        cells = _read(arch)
        check_ends(in_channels, num_classes)
        check_settings(channels, layers, stem)
        self.drop_path = drop_path
        self._generator = generator
        self._stem = _Stem(in_channels, channels, stem)
        self._cells = nn.ModuleList()
        reductions = reduction_cells(layers)
        (older, newer), after_reduction = self._stem.outputs, stem == "imagenet"
        for at in range(layers):
            reduces = at in reductions
            channels *= 2 if reduces else 1
            edges = cells["reduce" if reduces else "normal"]
            self._cells.append(_Cell(edges, (older, newer), channels, reduces, after_reduction))
            older, newer, after_reduction = newer, NODES * channels, reduces
        self._classifier = _linear(newer, num_classes)
        self._auxiliary_at = reductions[1]
        self._auxiliary = _Auxiliary(newer, num_classes, stem) if auxiliary else None
        initialise(self, generator)

    @property
    def drop_path(self) -> float:
        """The probability that an output of an operation is dropped, in training mode."""
        return self._drop_path

    @drop_path.setter
    def drop_path(self, probability: float) -> None:
        if not 0 <= probability < 1:
            raise InvalidInput(
                f"got a drop_path of {probability}; expected a probability below 1, such as 0.2"
            )
        self._drop_path = probability

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``.

        In training mode, where there is an auxiliary classifier, a pair of these: its own second.
        """
        newer, second = self._both(images)
        scores: torch.Tensor = self._classifier(newer.mean(dim=(2, 3)))
        return scores if second is None else (scores, second)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled and classified, of images ``(B, C, H, W)``."""
        return self._both(images)[0]

    def _both(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The output of the last cell, and what the auxiliary classifier says if it is asked."""
        older, newer = self._stem(images)
        scales = self._drawn_scales(images)
        second: torch.Tensor | None = None
        for at, cell in enumerate(self._cells):
            older, newer = newer, cell(older, newer, None if scales is None else scales[at])
            if self._auxiliary is not None and self.training and at == self._auxiliary_at:
                second = self._auxiliary(newer)
        return newer, second

    def _drawn_scales(self, images: torch.Tensor) -> torch.Tensor | None:
        """By what operations' outputs are multiplied, ``(cells, operations, B, 1, 1, 1)``."""
        if not self.training or self._drop_path == 0:
            return None
        shape = (len(self._cells), 2 * NODES, len(images), 1, 1, 1)
        kept = torch.rand(shape, generator=self._generator) >= self._drop_path
        return kept.to(images) / (1 - self._drop_path)


@final
class _Stem(nn.Module):
    """What the first cell reads in place of two cells before it."""

    def __init__(self, in_channels: int, channels: int, kind: str) -> None:
        super().__init__()
        made = 3 * channels if kind == "cifar" else channels
        self.outputs: tuple[int, int] = (made, made)
        if kind == "cifar":
            self._first = nn.Sequential(*_conv_norm(in_channels, made))
            self._second: nn.Module = nn.Identity()
        else:
            self._first = nn.Sequential(
                *_conv_norm(in_channels, channels // 2, stride=2),
                nn.ReLU(),
                *_conv_norm(channels // 2, channels, stride=2),
            )
            self._second = nn.Sequential(nn.ReLU(), *_conv_norm(channels, channels, stride=2))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first = self._first(images)
        return first, self._second(first)


@final
class _Cell(nn.Module):
    """Maps the two cells before to ``(B, 4 channels, H, W)``."""

    def __init__(
        self,
        edges: Sequence[Edge],
        inputs: tuple[int, int],
        channels: int,
        reduces: bool,
        after_reduction: bool,
    ) -> None:
        super().__init__()
        older = FactorizedReduction if after_reduction else relu_conv_norm
        self._older: nn.Module = older(inputs[0], channels)
        self._newer = relu_conv_norm(inputs[1], channels)
        self._sources = [source for _, source in edges]
        self._operations = nn.ModuleList(
            operation(name, channels, 2 if reduces and source < 2 else 1) for name, source in edges
        )

    def forward(
        self, older: torch.Tensor, newer: torch.Tensor, scales: torch.Tensor | None
    ) -> torch.Tensor:
        made = [self._older(older), self._newer(newer)]
        outputs: list[torch.Tensor] = []
        for edge, (source, module) in enumerate(zip(self._sources, self._operations, strict=True)):
            output = module(made[source])
            if scales is not None and not isinstance(module, nn.Identity):
                output = output * scales[edge]
            outputs.append(output)
            if edge % 2:  # the second of the two operations of a node
                made.append(outputs[-2] + outputs[-1])
        return torch.cat(made[2:], dim=1)


@final
class _Auxiliary(nn.Module):
    """The second classifier, ``(B, classes)``, of the output of the second reduction cell.

    That of ImageNet lacks the last normalisation, as in the published networks. Its convolutions
    need sides of 8 pixels for CIFAR and of 7 for ImageNet; smaller images are spread to these, and
    of larger ones the mean is taken.
    """

    def __init__(self, inputs: int, num_classes: int, kind: str) -> None:
        super().__init__()
        stride = AUXILIARY_STRIDE[kind]
        self._least = AUXILIARY_KERNEL + stride
        self._features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(AUXILIARY_KERNEL, stride),
            convolution(inputs, 128),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            convolution(128, 768, kernel=2),
            nn.BatchNorm2d(768) if kind == "cifar" else nn.Identity(),
            nn.ReLU(),
        )
        self._classifier = _linear(768, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        height, width = images.shape[-2:]
        if min(height, width) < self._least:
            sides = (max(height, self._least), max(width, self._least))
            images = F.adaptive_avg_pool2d(images, sides)
        scores: torch.Tensor = self._classifier(self._features(images).mean(dim=(2, 3)))
        return scores


def _conv_norm(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)]


def _linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")


def _read(arch: Architecture) -> dict[str, list[Edge]]:
    """Returns of each cell its eight edges, two a node."""
    if not isinstance(arch.space, DARTS):
        raise InvalidInput(f"got an architecture of {arch.space.name}; expected one of darts")
    rows = np.reshape(arch.choices, (len(CELLS), NODES, 3)).tolist()
    return {
        cell: [
            (OPERATIONS[op], int(source))
            for pair, *ops in nodes
            for op, source in zip(ops, PAIRS[pair], strict=True)
        ]
        for cell, nodes in zip(CELLS, rows, strict=True)
    }


def reduction_cells(layers: int) -> tuple[int, int]:
    """Returns which of so many cells double the channels: the two are one if there is but one."""
    return layers // 3, 2 * layers // 3


def check_settings(channels: Any, layers: Any, stem: Any) -> None:
    """Checks how cells are to be stacked.

    Raises:
        InvalidInput: If a setting is impossible.
    """
    if stem not in AUXILIARY_STRIDE:
        raise InvalidInput(f"got the stem {stem!r}; expected cifar or imagenet")
    whole("channels", channels, 2 if stem == "imagenet" else 1)  # its first convolution halves them
    whole("layers", layers)
