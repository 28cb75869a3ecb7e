"""What searches need of a super-network, whatever its space is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.supernet.calibration import calibrate
from agnet.benchmarks.supernet.extraction import extract
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.spaces import Architecture, SearchSpace

__all__ = ["ElasticSharing", "WeightSharing"]


class WeightSharing(ABC):
    """One set of weights that all networks of a space are parts of."""

    @property
    @abstractmethod
    def space(self) -> SearchSpace:
        """The networks."""

    @property
    @abstractmethod
    def weights(self) -> nn.Module:
        """What is trained."""

    @abstractmethod
    def scores(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Returns what a network says, ``(B, classes)``, of images ``(B, C, H, W)``.

        Its norms go by the batch, and nothing is remembered.

        Raises:
            InvalidInput: If the architecture is of another space.
        """

    @abstractmethod
    def network(self, arch: Architecture, images: torch.Tensor) -> nn.Module:
        """Returns a network in evaluation mode, its norms calibrated on images ``(N, C, H, W)``.

        Raises:
            InvalidInput: If the architecture is of another space, or there are too few images.
        """

    @abstractmethod
    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int]
    ) -> npt.NDArray[np.int64]:
        """Counts parameters and the multiply-adds of one image, of ``B`` networks, ``(B, 2)``.

        Raises:
            InvalidInput: If an architecture is of another space.
        """


@final
@dataclass(frozen=True, eq=False)
class ElasticSharing(WeightSharing):
    """An elastic super-network, its networks cut out of it.

    Attributes:
        net: The super-network.
    """

    net: SuperNetwork

    @property
    def space(self) -> SearchSpace:
        """Those of its configuration."""
        return self.net.space

    @property
    def weights(self) -> nn.Module:
        """All of them."""
        return self.net

    def scores(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Runs the super-network as one network; see :meth:`WeightSharing.scores`."""
        found: torch.Tensor = self.net(images, arch)
        return found

    def network(self, arch: Architecture, images: torch.Tensor) -> nn.Module:
        """Cuts a network out; see :meth:`WeightSharing.network`."""
        return extract(self.net, arch, calibrate(self.net, arch, images))

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int]
    ) -> npt.NDArray[np.int64]:
        """Counts at the resolution of each network, whatever that of the images is."""
        space = self.net.space
        return np.stack([space.params(archs), space.macs(archs)], axis=1)
