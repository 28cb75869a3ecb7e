"""The skeletons of the spaces whose networks can be built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, Final, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.networks.block_cells import BlockNetwork
from agnet.benchmarks.networks.block_cost import block_cost
from agnet.benchmarks.networks.block_layout import BlockMacro
from agnet.benchmarks.networks.darts import DARTSNetwork
from agnet.benchmarks.networks.darts import check_settings as check_genotypes
from agnet.benchmarks.networks.darts_cost import darts_costs
from agnet.benchmarks.networks.elastic import PlainNetwork, Together
from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.networks.mobilenet import MobileNetV3
from agnet.benchmarks.networks.nasbench101 import NASBench101Network
from agnet.benchmarks.networks.nasbench101 import check_settings as check_modules
from agnet.benchmarks.networks.nasbench201 import NASBench201Network
from agnet.benchmarks.networks.nasbench201 import check_settings as check_cells
from agnet.benchmarks.networks.skeleton import Skeleton
from agnet.benchmarks.plain import checked
from agnet.errors import InvalidInput
from agnet.spaces import (
    DARTS,
    Architecture,
    BlockCells,
    ElasticSpace,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
)

__all__ = [
    "BlockSkeleton",
    "DARTSSkeleton",
    "ElasticSkeleton",
    "MobileNetSkeleton",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "read_skeleton",
    "skeleton_of",
]


@final
@dataclass(frozen=True)
class BlockSkeleton(Skeleton):
    """Of cells of blocks: motifs of normal cells, with a reduction cell between two motifs.

    Attributes:
        motifs: How many; one more than the reduction cells.
        cells: Normal cells a motif.
        filters: Channels of the cells of the first motif.
    """

    motifs: int = 3
    cells: int = 2
    filters: int = 24

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is impossible.
        """
        _ = self.macro  # checks them

    @property
    def macro(self) -> BlockMacro:
        """How cells are stacked."""
        return BlockMacro(self.motifs, self.cells, self.filters)

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> BlockNetwork:
        """Builds a network; see :meth:`Skeleton.build`."""
        return BlockNetwork(arch, self.macro, image[0], num_classes, generator)

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int], num_classes: int
    ) -> npt.NDArray[np.int64]:
        """Counts without building; see :meth:`Skeleton.costs`."""
        found = [astuple(block_cost(arch, self.macro, image, num_classes)) for arch in archs]
        return np.array(found, dtype=np.int64).reshape(-1, 2)


@final
@dataclass(frozen=True)
class NASBench201Skeleton(Skeleton):
    """Of cells of NAS-Bench-201: three stages, with a residual block between two.

    Attributes:
        channels: Of the first stage; the others have twice and four times as many.
        cells: How many a stage has.
        weights: How they are drawn: as ``torch`` does by default, as for the records, or ``he``.
    """

    channels: int = 16
    cells: int = 5
    weights: Literal["torch", "he"] = "torch"

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is impossible.
        """
        check_cells(**self.settings)

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> NASBench201Network:
        """Builds a network; see :meth:`Skeleton.build`."""
        return NASBench201Network(arch, num_classes, image[0], generator=generator, **self.settings)


@final
@dataclass(frozen=True)
class NASBench101Skeleton(Skeleton):
    """Of cells of NAS-Bench-101: stacks of modules, with a pooling between two.

    Attributes:
        stem: Channels of the first stack; each of the others has twice those before it.
        stacks: How many.
        modules: Cells a stack.
    """

    stem: int = 128
    stacks: int = 3
    modules: int = 3

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is impossible.
        """
        check_modules(**self.settings)

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> NASBench101Network:
        """Builds a network; see :meth:`Skeleton.build`."""
        return NASBench101Network(arch, num_classes, image[0], generator=generator, **self.settings)


@final
@dataclass(frozen=True)
class DARTSSkeleton(Skeleton):
    """Of genotypes of DARTS; by default that of CIFAR-10.

    Attributes:
        channels: Of each node before the first reduction cell.
        layers: Cells.
        stem: ``cifar``, or ``imagenet`` to make the resolution an eighth first.
        auxiliary: Whether a second classifier is trained with the network.
    """

    channels: int = 36
    layers: int = 20
    stem: Literal["cifar", "imagenet"] = "cifar"
    auxiliary: bool = False

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is impossible.
        """
        check_genotypes(self.channels, self.layers, self.stem)

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> DARTSNetwork:
        """Builds a network; see :meth:`Skeleton.build`."""
        return DARTSNetwork(arch, num_classes, image[0], generator=generator, **self.settings)

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int], num_classes: int
    ) -> npt.NDArray[np.int64]:
        """Counts without building; see :meth:`Skeleton.costs`."""
        return darts_costs(archs, image, num_classes, **self.settings)

    def bare(self) -> DARTSSkeleton:
        """Returns it without the second classifier."""
        return replace(self, auxiliary=False)


@final
@dataclass(frozen=True)
class MobileNetSkeleton(Skeleton):
    """Of OFA MobileNetV3 architectures.

    Attributes:
        resize: Whether images are brought to the resolution of the architecture first, and with
            them what it costs; else they are taken as they come.
    """

    resize: bool = True

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> nn.Module:
        """Builds a network; see :meth:`Skeleton.build`."""
        network = MobileNetV3(arch, num_classes, image[0], generator=generator)
        side = (network.resolution, network.resolution)
        return _Resized(network, side) if self.resize and image[1:] != side else network


@final
class _Resized(nn.Module):
    """Brings images to a size first."""

    def __init__(self, network: MobileNetV3, size: tuple[int, int]) -> None:
        super().__init__()
        self._resize = nn.Upsample(size, mode="bilinear")
        self._network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self._network(self._resize(images))
        return scores

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled, mixed and classified, of images ``(B, C, H, W)``."""
        return self._network.features(self._resize(images))


@final
@dataclass(frozen=True)
class ElasticSkeleton(Skeleton):
    """Of networks of elastic super-networks, each on its own.

    Attributes:
        together: Whether a network has all exits up to its own, which say together what it says.
    """

    together: bool = False

    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> nn.Module:
        """Builds a network; see :meth:`Skeleton.build`."""
        if not isinstance(arch.space, ElasticSpace):
            raise InvalidInput(
                f"got an architecture of {arch.space.name}; expected one of an elastic space"
            )
        config = replace(arch.space.config, channels=image[0], classes=num_classes)
        plan = arch.space.plan(arch)
        exits = [last for last in config.exits if last <= plan.exit] if self.together else []
        network = PlainNetwork(config, plan, exits)
        initialise(network, generator)
        return Together(network) if self.together else network

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int], num_classes: int
    ) -> npt.NDArray[np.int64]:
        """Counts without building, unless exits are together; see :meth:`Skeleton.costs`."""
        if self.together or not archs or not isinstance(archs[0].space, ElasticSpace):
            return super().costs(archs, image, num_classes)
        config = replace(archs[0].space.config, channels=image[0], classes=num_classes)
        space, own = ElasticSpace(config), archs[0].space
        same = space.from_choices(own.to_choices(archs))
        return np.stack([space.params(same), space.macs(same)], axis=1)


# The skeleton that each kind of space was published with.
PUBLISHED: Final[Mapping[type[SearchSpace], Skeleton]] = {
    BlockCells: BlockSkeleton(),
    NASBench201: NASBench201Skeleton(),
    NASBench101: NASBench101Skeleton(),
    DARTS: DARTSSkeleton(),
    OFAMobileNetV3: MobileNetSkeleton(),
    ElasticSpace: ElasticSkeleton(),
}


def skeleton_of(space: SearchSpace) -> Skeleton:
    """Returns the skeleton that the space was published with.

    Raises:
        InvalidInput: If there is none.
    """
    for kind, skeleton in PUBLISHED.items():
        if isinstance(space, kind):
            return skeleton
    raise InvalidInput(
        f"got the space {space.name}, of which no networks can be built; expected one of "
        f"{', '.join(kind.__name__ for kind in PUBLISHED)}"
    )


def read_skeleton(space: SearchSpace, settings: Mapping[str, Any]) -> Skeleton:
    """Makes a skeleton of plain values.

    Args:
        space: Whose architectures it is for.
        settings: What differs from the skeleton that the space was published with.

    Raises:
        InvalidInput: If a setting is unknown, of a wrong type or impossible.
    """
    usual = skeleton_of(space)
    given = checked(usual.settings, settings, f"of a network of {space.name}")
    return type(usual)(**{**usual.settings, **given})
