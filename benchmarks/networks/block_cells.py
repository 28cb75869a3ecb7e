"""The network of a cell of blocks, as PNAS and POPNAS stack it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import nn

from agnet.benchmarks.networks.block_layout import BlockMacro, CellLayout, lay_out
from agnet.benchmarks.networks.ends import check_ends
from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.networks.layers import module_of
from agnet.spaces import Architecture

__all__ = ["BlockNetwork"]


@final
class BlockNetwork(nn.Module):
    """Cells, global average pooling and a linear classifier; of the empty cell the last two alone.

    The first cell reads the image, in place of any cell before it. Operations that read a previous
    cell have stride 2 in a reduction cell. A previous cell of a higher resolution than expected
    goes through a 1x1 convolution first. The output of a cell is that of the one block that none
    reads; several are joined by a 1x1 convolution.

    Falanti et al., "POPNASv2: An Efficient Multi-Objective Neural Architecture Search Technique",
    IJCNN 2022.
    """

    def __init__(
        self,
        arch: Architecture,
        macro: BlockMacro,
        in_channels: int,
        num_classes: int,
        generator: torch.Generator,
    ) -> None:
        """Builds the network.

        Args:
            arch: The cell, of :class:`agnet.spaces.BlockCells`.
            macro: How cells are stacked.
            in_channels: Channels of an image.
            num_classes: Outputs.
            generator: Draws the weights.

        Raises:
            InvalidInput: If the architecture is of another space or has an operation that cannot
                be built, or there are no channels or no classes.
        """
        super().__init__()
        check_ends(in_channels, num_classes)
        layout = lay_out(arch, macro, in_channels)
        self._layout = layout
        self._cells = nn.ModuleList(_Cell(cell) for cell in layout)
        features = layout[-1].filters if layout else in_channels
        self._classifier = nn.Linear(features, num_classes, device="meta").to_empty(device="cpu")
        initialise(self, generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``."""
        scores: torch.Tensor = self._classifier(self.features(images).mean(dim=(2, 3)))
        return scores

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled and classified, of images ``(B, C, H, W)``."""
        made = {-1: images}
        for layout, cell in zip(self._layout, self._cells, strict=True):
            made[layout.at] = cell({s.lookback: made[s.at] for s in layout.sources})
        return made[self._layout[-1].at] if self._layout else images


@final
class _Cell(nn.Module):
    """One cell: maps previous cells, by look-back, to ``(B, filters, H, W)``."""

    def __init__(self, layout: CellLayout) -> None:
        super().__init__()
        self._layout = layout
        self._sources = nn.ModuleList(module_of(source.layers) for source in layout.sources)
        self._halves = nn.ModuleList(
            module_of(layers) for block in layout.blocks for _, layers in block
        )
        self._joined = module_of(layout.joined)

    def forward(self, before: Mapping[int, torch.Tensor]) -> torch.Tensor:
        known = {
            -source.lookback: module(before[source.lookback])
            for source, module in zip(self._layout.sources, self._sources, strict=True)
        }
        halves = iter(self._halves)
        for at, block in enumerate(self._layout.blocks):
            first, second = (next(halves)(known[read]) for read, _ in block)
            known[at] = first + second
        outputs = [known[at] for at in self._layout.outputs]
        joined: torch.Tensor = self._joined(torch.cat(outputs, dim=1))
        return joined
