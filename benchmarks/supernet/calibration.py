"""The moments of the normalisations of one network, on images."""

from __future__ import annotations

import torch

from agnet.benchmarks.supernet.extraction import cut_out
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import Moments
from agnet.benchmarks.supernet.pooling import AT_A_TIME, pooled_moments
from agnet.spaces import Architecture

__all__ = ["calibrate"]


def calibrate(
    net: SuperNetwork,
    arch: Architecture,
    images: torch.Tensor,
    *,
    batch: int = AT_A_TIME,
    exits: tuple[int, ...] = (),
) -> Moments:
    """Finds mean and variance of what each normalisation of a network is given.

    Batches are normalised by themselves, and their moments pooled; see :func:`pooled_moments`.

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
    return pooled_moments(cut_out(net, arch, exits), images, batch)
