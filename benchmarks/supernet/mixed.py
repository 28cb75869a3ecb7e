"""The super-network of NAS-Bench-201: one set of weights that all of its cells share.

Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
2020, whose one-shot baselines search in such networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import cast, final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.networks.nasbench201 import (
    NASBench201Network,
    drawing_of,
    layers,
    operation,
    planned,
    run_cell,
)
from agnet.benchmarks.supernet.normalising import without_buffers
from agnet.benchmarks.supernet.pooling import norms_of, pooled_moments, take_moments
from agnet.benchmarks.supernet.sharing import WeightSharing
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, NASBench201
from agnet.spaces.nasbench201 import EDGES, OPERATIONS

__all__ = ["MixedCells", "MixedSharing"]


@final
class MixedCells(nn.Module):
    """The skeleton of NAS-Bench-201, each edge of each cell with weights for both convolutions.

    The cell is an argument of every call, and all cells of the skeleton are run as it. Norms go by
    the batch and remember nothing. Whether it is in training mode makes no difference.

    Attributes:
        skeleton: Channels and cells, and how weights are drawn.
        classes: Outputs.
        channels: Of an image.
    """

    def __init__(
        self,
        skeleton: NASBench201Skeleton,
        classes: int = 10,
        channels: int = 3,
        *,
        generator: torch.Generator,
        affine: bool = True,
    ) -> None:
        """Draws the weights.

        Args:
            skeleton: Channels and cells, and how weights are drawn, as for its plain networks.
            classes: Outputs.
            channels: Of an image.
            generator: Draws the weights.
            affine: Whether scales and shifts of the norms are learnt, which all cells share; short
                trainings learn less without, as those baselines have it.

        Raises:
            InvalidInput: If there are no classes, channels or cells, or weights are to be drawn in
                a way that there is not.
        """
        super().__init__()
        if min(classes, channels, skeleton.channels, skeleton.cells) < 1:
            raise InvalidInput(
                f"got {classes} classes, images of {channels} channels, and {skeleton}; expected "
                "at least one of each"
            )
        draw = drawing_of(skeleton.weights)
        self.skeleton, self.classes, self.channels = skeleton, classes, channels
        made = layers(channels, skeleton.channels, skeleton.cells, _MixedCell)
        self._body = nn.ModuleList(made)
        self._classifier = nn.Linear(4 * skeleton.channels, classes, device="meta")
        self.to_empty(device="cpu")
        draw(self, generator)
        without_buffers(self)
        for norm in norms_of(self):
            norm.requires_grad_(affine)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Returns what one network says, ``(B, classes)``, of images ``(B, C, H, W)``.

        Raises:
            InvalidInput: If the architecture is of another space.
        """
        ops = _operations(arch)
        for layer in self._body:
            images = layer(images, ops) if isinstance(layer, _MixedCell) else layer(images)
        scores: torch.Tensor = self._classifier(images.mean(dim=(2, 3)))
        return scores

    @torch.no_grad()
    def cut_out(self, arch: Architecture) -> NASBench201Network:
        """Returns a network with copies of its weights; its norms know no moments yet.

        Raises:
            InvalidInput: If the architecture is of another space.
        """
        ops, image = _operations(arch), (self.channels, 1, 1)
        unused = torch.Generator().manual_seed(0)
        network = self.skeleton.build(arch, image, self.classes, unused)
        shared = dict(self.named_parameters())
        network.to(next(self.parameters()))
        for name, own in network.named_parameters():
            own.copy_(shared[_shared_name(name, ops)])
        return network


@final
class _MixedCell(nn.Module):
    """A cell with all operations on all edges: maps ``(B, C, H, W)`` to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._edges = nn.ModuleList(
            nn.ModuleDict({name: operation(name, channels) for name in OPERATIONS}) for _ in EDGES
        )

    def forward(self, images: torch.Tensor, ops: tuple[str, ...]) -> torch.Tensor:
        every = cast("Sequence[nn.ModuleDict]", self._edges)
        edges = [there[op] for there, op in zip(every, ops, strict=True)]
        return run_cell(edges, planned(ops), images)


@final
class MixedSharing(WeightSharing):
    """A super-network of NAS-Bench-201, its networks cut out of it.

    Attributes:
        net: The super-network.
    """

    def __init__(self, net: MixedCells) -> None:
        """Takes the super-network."""
        self.net = net

    @cached_property
    def space(self) -> NASBench201:
        """All cells."""
        return NASBench201()

    @property
    def weights(self) -> nn.Module:
        """All of them."""
        return self.net

    def scores(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Runs the super-network as one cell; see :meth:`WeightSharing.scores`."""
        found: torch.Tensor = self.net(images, arch)
        return found

    def network(self, arch: Architecture, images: torch.Tensor) -> NASBench201Network:
        """Cuts a network out; see :meth:`WeightSharing.network`."""
        network = self.net.cut_out(arch)
        take_moments(network, pooled_moments(network, images))
        return network

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int]
    ) -> npt.NDArray[np.int64]:
        """Counts what networks cut out have and compute; see :meth:`WeightSharing.costs`.

        The skeleton costs the same for all, and a convolution the same on every edge: three
        networks that are counted tell the costs of any other.
        """
        bare, each = _counted(self.net.skeleton, image, self.net.classes)
        found = np.array([_convolutions(_operations(arch)) for arch in archs], dtype=np.int64)
        # There are as many weights as there are convolutions, of which not all need be computed.
        return np.asarray(bare + (found.reshape(-1, 2, 2) * each.T).sum(axis=2))


@lru_cache(maxsize=64)
def _counted(
    skeleton: NASBench201Skeleton, image: tuple[int, int, int], classes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What the bare skeleton costs, ``(2,)``, and what a convolution adds, ``(kinds, 2)``."""
    texts = (_alone("none"), _alone("nor_conv_1x1"), _alone("nor_conv_3x3"))
    bare, *others = skeleton.costs([NASBench201().parse(text) for text in texts], image, classes)
    return bare, np.array(others) - bare


def _operations(arch: Architecture) -> tuple[str, ...]:
    """What stands on the edges.

    Raises:
        InvalidInput: If the architecture is of another space.
    """
    if not isinstance(arch.space, NASBench201):
        raise InvalidInput(f"got an architecture of {arch.space.name}; expected one of nasbench201")
    return tuple(OPERATIONS[choice] for choice in arch.choices)


def _shared_name(name: str, ops: Sequence[str]) -> str:
    """What a parameter of a plain network is called in the super-network."""
    before, edges, after = name.partition("._edges.")
    if not edges:
        return name
    edge, rest = after.split(".", 1)
    return f"{before}{edges}{edge}.{ops[int(edge)]}.{rest}"


def _alone(op: str) -> str:
    """The cell of one operation, from its input to its output."""
    return f"|none~0|+|none~0|none~1|+|{op}~0|none~1|none~2|"


def _convolutions(ops: tuple[str, ...]) -> list[list[int]]:
    """How many 1x1 and 3x3 convolutions a cell has, and how many of them are computed."""
    plan = planned(ops)
    made = {0, *(target for target, _ in plan)}
    run = [ops[edge] for _, terms in plan for edge, source in terms if source in made]
    return [[there.count(f"nor_conv_{k}x{k}") for k in (1, 3)] for there in (ops, run)]
