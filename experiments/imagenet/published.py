"""What was published of networks of the DARTS space on ImageNet, as remembered of the papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from agnet.spaces import DARTS, Architecture

__all__ = ["PUBLISHED", "SHORT", "Published", "edges", "genotype", "spelled"]

SHORT: Final = {
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
}


@final
@dataclass(frozen=True)
class Published:
    """One row of a paper.

    Attributes:
        method: What found the network.
        top1: Error in percent.
        top5: Error in percent.
        gpu_days: Of the search.
        cells: The normal and the reduction cell, ``operation@tensor`` two a node; none if they are
            not at hand.
    """

    method: str
    top1: float
    top5: float
    gpu_days: float
    cells: tuple[str, str] | None = None

    @property
    def arch(self) -> Architecture | None:
        """The genotype."""
        if self.cells is None:
            return None
        return genotype(*self.cells)


def genotype(normal: str, reduction: str) -> Architecture:
    """Reads two cells, each as in :class:`Published`."""
    return DARTS().parse(spelled(edges(normal), edges(reduction)))


def edges(cell: str) -> list[tuple[str, int]]:
    """Reads the operations of a cell, and the tensors that they are given."""
    pairs = (text.split("@") for text in cell.split())
    return [(SHORT[name], int(tensor)) for name, tensor in pairs]


def spelled(normal: Sequence[tuple[str, int]], reduction: Sequence[tuple[str, int]]) -> str:
    """Writes two cells as DARTS writes a genotype."""
    cells = f"normal={list(normal)}, normal_concat=range(2, 6), reduce={list(reduction)}"
    return f"Genotype({cells}, reduce_concat=range(2, 6))"


# DARTS: Liu et al., ICLR 2019. PC-DARTS: Xu et al., ICLR 2020. TE-NAS: Chen et al., ICLR 2021.
# AG-Net: Lukasik, Jung and Keuper, ECCV 2022.
PUBLISHED: Final = (
    Published(
        "DARTS, second order",
        26.7,
        8.7,
        4.0,
        (
            "sep3@0 sep3@1 sep3@0 sep3@1 sep3@1 skip@0 skip@0 dil3@2",
            "max@0 max@1 skip@2 max@1 max@0 skip@2 skip@2 max@1",
        ),
    ),
    Published(
        "PC-DARTS, ImageNet",
        24.2,
        7.3,
        3.8,
        (
            "skip@1 sep3@0 sep3@0 skip@1 sep3@1 sep3@3 sep3@1 dil5@4",
            "sep3@0 skip@1 dil5@2 max@1 sep3@2 sep3@1 sep5@0 sep3@3",
        ),
    ),
    Published("TE-NAS, CIFAR-10", 26.2, 8.3, 0.05),
    Published("TE-NAS, ImageNet", 24.5, 7.5, 0.17),
    Published(
        "AG-Net, NAS-Bench-301",
        24.3,
        7.3,
        0.21,
        (
            "sep5@0 skip@1 skip@0 sep3@1 sep3@1 sep5@3 sep5@0 sep5@2",
            "max@0 avg@1 avg@0 sep5@1 sep5@0 sep5@1 sep5@0 sep5@1",
        ),
    ),
    Published(
        "AG-Net, scores on CIFAR-10",
        23.5,
        7.1,
        0.02,
        (
            "dil3@0 sep3@1 sep3@0 sep5@1 sep5@2 sep3@3 sep3@3 sep5@4",
            "dil3@0 avg@1 avg@0 dil5@2 dil5@2 dil3@3 dil3@1 sep3@4",
        ),
    ),
    Published(
        "AG-Net, scores on ImageNet",
        23.5,
        6.9,
        0.09,
        (
            "skip@0 sep3@1 sep3@0 sep3@1 sep3@2 sep3@3 sep3@1 sep3@3",
            "avg@0 sep3@1 sep3@0 dil5@2 dil5@0 sep3@1 sep3@1 max@3",
        ),
    ),
)
