"""The contract of what surrounds an architecture in a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, astuple
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.networks.cost import COSTS, NetworkCost, network_cost
from agnet.spaces import Architecture

__all__ = ["Skeleton"]


class Skeleton(ABC):
    """Says how architectures of a space become networks: how often a cell is repeated, how wide.

    A skeleton is a frozen dataclass of its settings.
    """

    @abstractmethod
    def build(
        self,
        arch: Architecture,
        image: tuple[int, int, int],
        num_classes: int,
        generator: torch.Generator,
    ) -> nn.Module:
        """Builds the network of an architecture.

        Args:
            arch: The architecture.
            image: Channels, height and width of the images that it is for.
            num_classes: Outputs.
            generator: Draws the weights.

        Returns:
            What maps images ``(B, C, H, W)`` to a number a class ``(B, num_classes)``; in training
            it may return a pair, the second of an auxiliary classifier.

        Raises:
            InvalidInput: If the architecture is of another space, or no network of it can be built
                for such images.
        """

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int], num_classes: int
    ) -> npt.NDArray[np.int64]:
        """Counts parameters and the multiply-adds of one image, of ``B`` architectures.

        By default each network is built, which takes long for many of them.

        Returns:
            ``(B, 2)``.

        Raises:
            InvalidInput: As :meth:`build`.
        """
        found = []
        for arch in archs:
            network = self.build(arch, image, num_classes, torch.Generator().manual_seed(0))
            found.append(astuple(network_cost(network, image)))
        return np.array(found, dtype=np.int64).reshape(-1, len(COSTS))

    def cost(
        self, arch: Architecture, image: tuple[int, int, int], num_classes: int
    ) -> NetworkCost:
        """Counts parameters and multiply-adds of one architecture, see :meth:`costs`."""
        return NetworkCost(*self.costs([arch], image, num_classes)[0].tolist())

    def bare(self) -> Skeleton:
        """Returns it without what serves training alone, such as an auxiliary classifier."""
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What it was made with, as plain values."""
        made: dict[str, Any] = asdict(self)  # type: ignore[call-overload]  # each is a dataclass
        return made
