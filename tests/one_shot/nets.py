"""Super-networks for tests of one-shot searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.supernet import ElasticSharing, MixedCells, MixedSharing, SuperNetwork
from agnet.benchmarks.supernet.sharing import WeightSharing
from agnet.spaces import Architecture, NASBench201
from tests.benchmarks.supernet.test_training import SMALL


def mixed(seed: int = 0) -> MixedSharing:
    generator = torch.Generator().manual_seed(seed)
    return MixedSharing(MixedCells(NASBench201Skeleton(2, 1), 3, 1, generator=generator))


def elastic(seed: int = 0) -> ElasticSharing:
    return ElasticSharing(SuperNetwork(SMALL, torch.Generator().manual_seed(seed)))


@final
class Known(WeightSharing):
    """Networks that are the surer of what is true the more convolutions of 3x3 they have.

    One of 1x1 is worth a little less, and costs a ninth. It counts how often it was asked.
    """

    WORTH = np.array([0.0, 0.1, 0.8, 1.0, 0.2])
    COST = np.array([0, 0, 1, 9, 0])

    def __init__(self) -> None:
        self._weight = nn.Linear(1, 1)
        nn.init.zeros_(self._weight.bias)
        nn.init.ones_(self._weight.weight)
        self.learnt: list[Architecture] = []
        self.asked: list[tuple[Architecture, torch.Tensor]] = []
        self.judged: list[Architecture] = []

    @property
    def space(self) -> NASBench201:
        return NASBench201()

    @property
    def weights(self) -> nn.Module:
        return self._weight

    def scores(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        if torch.is_grad_enabled():
            self.learnt.append(arch)
        else:
            self.asked.append((arch, images))
        upper = images[:, :, : images.shape[2] // 2].mean(dim=(1, 2, 3))
        level = (upper - 0.1) / 0.4  # 0, 1 or 2: the class
        sure = float(self.WORTH[np.array(arch.choices)].sum())
        apart = (level[:, None] - torch.arange(3)).square()
        said: torch.Tensor = -sure * self._weight(apart[..., None])[..., 0]
        return said

    def network(self, arch: Architecture, images: torch.Tensor) -> nn.Module:
        self.judged.append(arch)
        return _Fixed(self, arch)

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int]
    ) -> npt.NDArray[np.int64]:
        rows = self.COST[self.space.to_choices(archs)].sum(axis=1)
        return np.stack([rows, 2 * rows], axis=1)


class _Fixed(nn.Module):
    def __init__(self, sharing: Known, arch: Architecture) -> None:
        super().__init__()
        self._sharing, self._arch = sharing, arch

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = self._sharing.scores(images, self._arch)
        self._sharing.asked.pop()  # it is not the search that asks
        return found
