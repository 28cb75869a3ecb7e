"""Parameters drawn from a generator of one's own, so that no global random state is touched."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["normal", "zeros"]


def normal(rng: torch.Generator, *shape: int, inputs: int | None = None) -> nn.Parameter:
    """Draws a weight of a given shape whose output has the scale of its input.

    Args:
        rng: What it is drawn from.
        shape: The shape; the next to last dimension counts the inputs if nothing else is said.
        inputs: How many values are summed up with these weights.
    """
    fan = shape[-2] if inputs is None else inputs
    return nn.Parameter(torch.randn(*shape, generator=rng) / fan**0.5)


def zeros(*shape: int) -> nn.Parameter:
    """Makes a bias."""
    return nn.Parameter(torch.zeros(*shape))
