"""The moments of the normalisations of one network, on images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

import torch
from torch import nn

from agnet.benchmarks.supernet.extraction import cut_out, norms_of
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import Moments
from agnet.errors import InvalidInput
from agnet.spaces import Architecture

__all__ = ["calibrate"]

AT_A_TIME: Final = 100


@torch.no_grad()
def calibrate(
    net: SuperNetwork,
    arch: Architecture,
    images: torch.Tensor,
    *,
    batch: int = AT_A_TIME,
    exits: tuple[int, ...] = (),
) -> Moments:
    """Finds mean and variance of what each normalisation of a network is given.

    Batches are normalised by themselves, and their moments pooled: the variance between batches
    counts, and a smaller batch counts for less.

    Args:
        net: The super-network; nothing in it changes.
        arch: Which network.
        images: ``(N, C, H, W)``, training images, as many as fit the purpose: 1000 or 2000.
        batch: How many at a time.
        exits: After which stages the network is to end, from 1; by default as the architecture.

    Raises:
        InvalidInput: If the architecture is of another space, has no such exits, or there are
            fewer than two images.
    """
    if len(images) < 2 or batch < 2:
        raise InvalidInput(
            f"got {len(images)} images, {batch} at a time; expected at least two of both"
        )
    network = cut_out(net, arch, exits).train()
    device = next(network.parameters()).device
    found = {norm: _Pool() for norm in norms_of(network)}
    for norm, pool in found.items():
        norm.momentum = 0.0
        norm.register_forward_pre_hook(_noting(pool))
    # A last batch of one image, which nothing could be normalised by, joins the one before.
    starts = range(0, max(len(images) - 1, 1), batch)
    for start in starts:
        stop = len(images) if start == starts[-1] else start + batch
        network(images[start:stop].to(device))
    return tuple(pool.moments for pool in found.values())


@final
@dataclass
class _Pool:
    """Mean and squared deviation of values that come in batches, ``(C,)``, in 64 bits.

    Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", COMPSTAT 1982.
    """

    count: int = 0
    mean: torch.Tensor | float = 0.0
    squares: torch.Tensor | float = 0.0

    def add(self, values: torch.Tensor) -> None:
        """Takes in ``(B, C, H, W)``."""
        count = values.numel() // values.shape[1]
        variance, mean = torch.var_mean(values, dim=(0, 2, 3), correction=0)
        total = self.count + count
        apart = mean.double() - self.mean
        self.squares = (
            self.squares + count * variance.double() + apart**2 * (self.count * count / total)
        )
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance, the latter as an estimate from a sample, as torch keeps it."""
        variance = torch.as_tensor(self.squares) / max(self.count - 1, 1)
        return torch.as_tensor(self.mean).float(), variance.float()


def _noting(pool: _Pool) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def note(_: nn.Module, given: tuple[Any, ...]) -> None:
        pool.add(given[0])

    return note
