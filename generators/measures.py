"""What a generator has learnt, in figures."""

from __future__ import annotations

from math import log, log2

import numpy as np
import torch

from agnet.generators.base import Generator
from agnet.generators.graph_vae import GraphVAE
from agnet.spaces import Architectures

__all__ = ["active_dimensions", "information", "reconstruction"]


def reconstruction(
    generator: Generator, archs: Architectures, shuffle: np.random.Generator | None = None
) -> float:
    """Returns the share of ``B`` architectures that are decoded from their codes.

    Args:
        generator: Of the space.
        archs: What is encoded.
        shuffle: Gives each the code of another, which tells whether the code matters.
    """
    codes = generator.encode(archs)
    if shuffle is not None:
        # A rotation of a random order gives no architecture its own code.
        order = shuffle.permutation(len(archs))
        codes[torch.from_numpy(order)] = codes[torch.from_numpy(np.roll(order, 1))]
    again = generator.decode(codes, np.random.default_rng(0), temperature=0.0)
    return float((again.choices == archs.choices).all(axis=1).mean())


def active_dimensions(generator: GraphVAE, archs: Architectures, least: float = 0.01) -> int:
    """Counts dimensions whose mean codes vary by more than ``least`` over ``archs``."""
    return int((generator.encode(archs).var(0) > least).sum())


def information(
    generator: GraphVAE, archs: Architectures, rng: np.random.Generator
) -> tuple[float, float]:
    """Bounds the mutual information of architecture and code from both sides, in bits.

    With all architectures equally likely their entropy is the logarithm of the space's size. What
    the decoder still does not know given the code, its cross-entropy, can only be more than it
    has to be: entropy less cross-entropy is a lower bound. The divergence of the codes from the
    prior is an upper bound.

    Args:
        generator: What is measured.
        archs: Uniform draws of its space that it has not learnt.
        rng: Draws a code of each.
    """
    mean, deviation = generator.posterior(archs)
    noise = rng.standard_normal(mean.shape).astype(np.float32)
    unknown = -generator.log_likelihood(archs, mean + deviation * torch.from_numpy(noise)).mean()
    variance = deviation.square()
    divergence = 0.5 * (mean.square() + variance - 1 - variance.log()).sum(1).mean()
    return log2(archs.space.size) - float(unknown) / log(2), float(divergence) / log(2)
