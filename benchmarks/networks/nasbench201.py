"""The network of a NAS-Bench-201 cell.

Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
2020.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any, Final, Literal, TypeAlias, final

import torch
from torch import nn

from agnet.benchmarks.networks.ends import check_ends
from agnet.benchmarks.networks.initialisation import Draw, by_inputs, initialise, materialise
from agnet.checks import whole
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, NASBench201
from agnet.spaces.nasbench201 import EDGES, OPERATIONS

__all__ = [
    "NASBench201Network",
    "Plan",
    "check_settings",
    "drawing_of",
    "layers",
    "operation",
    "planned",
    "run_cell",
]

STAGES: Final = 3
KERNELS: Final = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}
DRAWS: Final[dict[str, Draw]] = {"torch": by_inputs, "he": initialise}
LAST: Final = 3  # the tensor that a cell hands on

Plan: TypeAlias = tuple[tuple[int, tuple[tuple[int, int], ...]], ...]


@final
class NASBench201Network(nn.Module):
    """The cell in the benchmark's skeleton: three stages, halved resolution between them.

    A 3x3 convolution; in each stage some cells, all alike; before the second and the third stage a
    residual block of stride 2 that doubles the channels; normalisation, global average pooling and
    a linear classifier. As published it has ``channels=16`` and ``cells=5``.

    Every operation of the cell has its weights, as in the published counts. Those that the output
    does not depend on are not computed, so that :func:`agnet.benchmarks.networks.network_cost`
    counts fewer multiply-adds than are published where a cell has such operations; the metric
    ``flops_m`` of :class:`agnet.benchmarks.nasbench201.NASBench201Benchmark` counts them all.

    Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search",
    ICLR 2020, figure 1.
    """

    def __init__(
        self,
        arch: Architecture,
        num_classes: int = 10,
        in_channels: int = 3,
        *,
        generator: torch.Generator,
        channels: int = 16,
        cells: int = 5,
        weights: Literal["torch", "he"] = "torch",
    ) -> None:
        """Builds the network.

        Args:
            arch: The cell, of :class:`agnet.spaces.NASBench201`.
            num_classes: Outputs.
            in_channels: Channels of an image.
            generator: Draws the weights. Inside ``with torch.device("meta")`` it is left alone: the
                network has no numbers then and serves to count.
            channels: Of the first stage; the second has twice, the third four times as many.
            cells: How many a stage has.
            weights: How they are drawn: as ``torch`` does by default, which is how the records were
                trained, or he-uniform.

        Raises:
            InvalidInput: If the architecture is of another space, there are no classes, channels or
                cells, or weights are to be drawn in another way.
        """
        super().__init__()
        if not isinstance(arch.space, NASBench201):
            raise InvalidInput(
                f"got an architecture of {arch.space.name}; expected one of nasbench201"
            )
        check_ends(in_channels, num_classes)
        check_settings(channels, cells, weights)
        ops = [OPERATIONS[choice] for choice in arch.choices]
        made = layers(in_channels, channels, cells, lambda width: _Cell(ops, width))
        self._body = nn.Sequential(*made)
        self._classifier = nn.Linear(4 * channels, num_classes, device="meta")
        materialise(self, generator, drawing_of(weights))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``."""
        scores: torch.Tensor = self._classifier(self.features(images).mean(dim=(2, 3)))
        return scores

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled and classified, of images ``(B, C, H, W)``."""
        made: torch.Tensor = self._body(images)
        return made


def drawing_of(weights: str) -> Draw:
    """Returns what draws the weights that a network or a super-network begins with.

    Raises:
        InvalidInput: If there is no such way.
    """
    if weights not in DRAWS:
        raise InvalidInput(f"got weights = {weights!r}; expected one of {', '.join(DRAWS)}")
    return DRAWS[weights]


def layers(
    in_channels: int, channels: int, cells: int, cell: Callable[[int], nn.Module]
) -> list[nn.Module]:
    """Returns what comes before the pooling, on the meta device.

    Args:
        in_channels: Channels of an image.
        channels: Of the first stage.
        cells: How many a stage has.
        cell: Makes one of so many channels.
    """
    made: list[nn.Module] = [_convolution(in_channels, channels, 3), _normalisation(channels)]
    for stage in range(STAGES):
        width = channels * 2**stage
        if stage:
            made.append(_Reduction(width // 2))
        made += [cell(width) for _ in range(cells)]
    return [*made, _normalisation(width), nn.ReLU()]


@final
class _Cell(nn.Module):
    """One cell: maps ``(B, C, H, W)`` to the same shape."""

    def __init__(self, ops: Sequence[str], channels: int) -> None:
        super().__init__()
        self._edges = nn.ModuleList(operation(op, channels) for op in ops)
        self._plan = planned(tuple(ops))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return run_cell(list(self._edges), self._plan, images)


def run_cell(edges: Sequence[nn.Module], plan: Plan, images: torch.Tensor) -> torch.Tensor:
    """Runs a cell: each of its tensors is the sum of the operations on the edges into it.

    Args:
        edges: What is on each edge.
        plan: Which of them are computed, see :func:`planned`.
        images: ``(B, C, H, W)``.

    Returns:
        The same shape.
    """
    tensors = {0: images}
    for target, terms in plan:
        values = [
            edges[edge](tensors[source]) if source in tensors else _of_zeros(edges[edge], images)
            for edge, source in terms
        ]
        tensors[target] = reduce(torch.add, values)
    return tensors[LAST] if LAST in tensors else torch.zeros_like(images)


@final
class _Reduction(nn.Module):
    """The residual block between stages: ``(B, C, H, W)`` to ``(B, 2 C, H / 2, W / 2)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._residual = nn.Sequential(
            _relu_conv_bn(channels, 2 * channels, 3, stride=2),
            _relu_conv_bn(2 * channels, 2 * channels, 3),
        )
        # An odd side is rounded up, as the convolution of stride 2 does.
        self._shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True), _convolution(channels, 2 * channels, 1)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = self._residual(images) + self._shortcut(images)
        return total


@lru_cache(maxsize=5**6)  # a super-network asks for that of every cell, again and again
def planned(ops: tuple[str, ...]) -> Plan:
    """Says which edges are computed: for each tensor that matters its terms, (edge, source).

    A tensor that no edge enters is zero and is left out. A convolution of it is still a term, since
    its normalisation makes a constant of zeros; a pooling or a skip of it is none.
    """
    terms: dict[int, list[tuple[int, int]]] = {}
    for edge, ((source, target), op) in enumerate(zip(EDGES, ops, strict=True)):
        given = source == 0 or source in terms
        if op in KERNELS or (op != "none" and given):
            terms.setdefault(target, []).append((edge, source))
    needed = {LAST}
    for target in sorted(terms, reverse=True):
        if target in needed:
            needed.update(source for _, source in terms[target])
    return tuple((target, tuple(terms[target])) for target in sorted(terms) if target in needed)


def operation(name: str, channels: int) -> nn.Module:
    """Returns what stands on an edge, on the meta device."""
    if name in KERNELS:
        return _relu_conv_bn(channels, channels, KERNELS[name])
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Identity()  # a skip; that of ``none`` is never called


def _relu_conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(), _convolution(inputs, outputs, kernel, stride), _normalisation(outputs)
    )


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Module:
    # Made without numbers, so that none are drawn from torch's own generator.
    padding = kernel // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False, device="meta")


def _normalisation(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, device="meta")


def _of_zeros(relu_conv_bn: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What a convolution makes of zeros: the bias of its normalisation, of which 0 is the mean."""
    bias = relu_conv_bn.get_parameter("2.bias")
    return torch.zeros_like(images) + bias[:, None, None]


def check_settings(channels: Any, cells: Any, weights: Any) -> None:
    """Checks what stages are to be made of.

    Raises:
        InvalidInput: If there are no channels or cells, or weights are to be drawn in another way.
    """
    whole("channels", channels)
    whole("cells", cells)
    drawing_of(weights)
