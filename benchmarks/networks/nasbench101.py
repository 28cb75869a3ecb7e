"""The network of a NAS-Bench-101 cell.

Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from typing import Any, Final, final

import torch
from torch import nn

from agnet.benchmarks.networks.ends import check_ends
from agnet.benchmarks.networks.initialisation import materialise
from agnet.checks import whole
from agnet.errors import InvalidInput
from agnet.spaces import Architecture
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101

__all__ = ["NASBench101Network", "check_settings"]

KERNELS: Final = {"conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1}
MOMENTUM: Final = 1 - 0.997  # what a batch adds to the running statistics


@final
class NASBench101Network(nn.Module):
    """The cell in the benchmark's skeleton: stacks of modules, each module a copy of the cell.

    A 3x3 convolution; stacks, of which each but the first begins with a 2x2 max pooling and has
    twice the channels of the one before it; global average pooling and a linear classifier.
    Convolutions are normalised and activated. As published it has ``stem=128``, ``stacks=3`` and
    ``modules=3``.

    Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019,
    figure 1 and appendix.
    """

    def __init__(
        self,
        arch: Architecture,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        generator: torch.Generator,
        stem: int = 128,
        stacks: int = 3,
        modules: int = 3,
    ) -> None:
        """Builds the network.

        Args:
            arch: The cell, of :class:`agnet.spaces.nasbench101.NASBench101` of any size.
            num_classes: Outputs.
            in_channels: Channels of an image.
            generator: Draws the weights. Inside ``with torch.device("meta")`` it is left alone: the
                network has no numbers then and serves to count.
            stem: Channels of the first convolution and of the first stack.
            stacks: How many.
            modules: How many a stack has.

        Raises:
            InvalidInput: If the architecture is of another space, there are no classes, channels,
                stacks or modules, or there are too few channels to divide among the vertices.
        """
        super().__init__()
        check_ends(in_channels, num_classes)
        check_settings(stem, stacks, modules)
        cell = _recorded(arch)
        layers: list[nn.Module] = [_conv_bn_relu(in_channels, stem, 3)]
        inputs = outputs = stem
        for stack in range(stacks):
            if stack:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
                outputs = 2 * inputs
            for _ in range(modules):
                layers.append(_Module(cell, inputs, outputs))
                inputs = outputs
        self._body = nn.Sequential(*layers)
        self._classifier = nn.Linear(outputs, num_classes, device="meta")
        materialise(self, generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``."""
        scores: torch.Tensor = self._classifier(self.features(images).mean(dim=(2, 3)))
        return scores

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled and classified, of images ``(B, C, H, W)``."""
        made: torch.Tensor = self._body(images)
        return made


@final
@dataclass(frozen=True)
class _Cell:
    """A cell of ``V`` vertices, the input first and the output last.

    Attributes:
        sources: Of each vertex those that it reads, in ascending order; ``()`` of the input.
        ops: The operations between input and output, ``V - 2``.
    """

    sources: tuple[tuple[int, ...], ...]
    ops: tuple[str, ...]

    def channels(self, outputs: int) -> list[int]:
        """Returns the channels of the vertices after the input, given those of the output.

        The vertices that the output reads share its channels, the first of them one more where the
        division leaves a remainder. Any other has as many as the widest that reads it.
        """
        last = len(self.sources) - 1
        read = [vertex for vertex in self.sources[last] if vertex]
        if len(read) > outputs:
            raise InvalidInput(
                f"got {outputs} channels to divide among {len(read)} vertices; expected at least "
                "one each: give the stem more"
            )
        widths = [0] * last + [outputs]
        for at, vertex in enumerate(read):
            widths[vertex] = outputs // len(read) + (at < outputs % len(read))
        for vertex in reversed(range(1, last)):
            if vertex not in read:
                readers = [v for v in range(vertex + 1, last) if vertex in self.sources[v]]
                widths[vertex] = max(widths[reader] for reader in readers)
        return widths[1:]


@final
class _Module(nn.Module):
    """One module: maps ``(B, inputs, H, W)`` to ``(B, outputs, H, W)``.

    A vertex takes the sum of what it reads: earlier vertices, cut to its own channels, and a 1x1
    convolution of the input. The output is the vertices that it reads side by side, plus a 1x1
    convolution of the input if it reads that as well.
    """

    def __init__(self, cell: _Cell, inputs: int, outputs: int) -> None:
        super().__init__()
        self._sources, self._channels = cell.sources, [inputs, *cell.channels(outputs)]
        self._projections = nn.ModuleDict(
            {
                str(vertex): _conv_bn_relu(inputs, self._channels[vertex], 1)
                for vertex, sources in enumerate(cell.sources)
                if 0 in sources
            }
        )
        self._ops = nn.ModuleList(
            _operation(op, width) for op, width in zip(cell.ops, self._channels[1:-1], strict=True)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tensors = [images]
        for vertex, op in enumerate(self._ops, start=1):
            width = self._channels[vertex]
            terms = [tensors[source][:, :width] for source in self._sources[vertex] if source]
            tensors.append(op(self._with_input(vertex, terms, images)))
        read = [tensors[source] for source in self._sources[-1] if source]
        joined = [torch.cat(read, dim=1)] if read else []
        return self._with_input(len(tensors), joined, images)

    def _with_input(
        self, vertex: int, terms: list[torch.Tensor], images: torch.Tensor
    ) -> torch.Tensor:
        """Adds up the terms and, if the vertex reads the input, its projection."""
        if 0 in self._sources[vertex]:
            terms = [*terms, self._projections[str(vertex)](images)]
        return reduce(torch.add, terms)


def _recorded(arch: Architecture) -> _Cell:
    """Returns the cell with its vertices in the order of the published table.

    The order decides which vertices are a channel wider than others. Among equal graphs the table
    has the one with the smallest number, whose bits are the edges, those into the last vertex the
    highest; among equal numbers the one with the smallest operations.
    """
    space = arch.space
    if not isinstance(space, NASBench101):
        raise InvalidInput(f"got an architecture of {space.name}; expected one of nasbench101")
    matrix, names = space.to_matrix(arch)
    last = len(names) - 1
    edges = [(int(u), int(v)) for u, v in zip(*matrix.nonzero(), strict=True)]
    kinds = [OPERATIONS.index(name) for name in names[1:-1]]
    found = []
    for order in permutations(range(1, last)):
        place = {vertex: at for at, vertex in enumerate((0, *order, last))}
        moved = [(place[u], place[v]) for u, v in edges]
        if all(u < v for u, v in moved):
            number = sum(1 << (u + v * (v - 1) // 2) for u, v in moved)
            found.append((number, [kinds[vertex - 1] for vertex in order], sorted(moved)))
    _, ops, best = min(found)
    sources = tuple(tuple(u for u, v in best if v == vertex) for vertex in range(last + 1))
    return _Cell(sources, tuple(OPERATIONS[op] for op in ops))


def _operation(name: str, channels: int) -> nn.Module:
    if name in KERNELS:
        return _conv_bn_relu(channels, channels, KERNELS[name])
    return nn.MaxPool2d(3, stride=1, padding=1)


def _conv_bn_relu(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    # Made without numbers, so that none are drawn from torch's own generator.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False, device="meta"),
        nn.BatchNorm2d(outputs, momentum=MOMENTUM, device="meta"),
        nn.ReLU(),
    )


def check_settings(stem: Any, stacks: Any, modules: Any) -> None:
    """Checks how modules are to be stacked.

    Raises:
        InvalidInput: If there are no channels, stacks or modules.
    """
    for name, value in (("stem", stem), ("stacks", stacks), ("modules", modules)):
        whole(name, value)
