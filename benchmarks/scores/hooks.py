"""Looking into a network while it computes, without changing it for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import nn

__all__ = ["NORMALISATIONS", "copied", "patterns", "weights", "without_normalisation"]

NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d)
Patterns: TypeAlias = list[torch.Tensor]


def copied(network: nn.Module, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Returns a copy in training mode, whose weights want gradients."""
    made = deepcopy(network).to(dtype).train()
    return made.requires_grad_(True)


def weights(network: nn.Module) -> list[torch.Tensor]:
    """The weights of all convolutions and linear layers, no biases, in the order of the modules."""
    return [
        module.weight for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))
    ]


@contextmanager
def without_normalisation(network: nn.Module) -> Iterator[None]:
    """Lets every batch normalisation hand on what it is given."""
    handles = [
        module.register_forward_hook(lambda _, given, made: given[0])
        for module in network.modules()
        if isinstance(module, NORMALISATIONS)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def patterns(network: nn.Module) -> Iterator[Patterns]:
    """Collects, of each rectifier that computes, which of its units are on: ``(B, units)``."""
    found: Patterns = []

    def note(_: nn.Module, given: object, made: torch.Tensor) -> None:
        found.append((made.detach() > 0).flatten(1))

    handles = [
        module.register_forward_hook(note)
        for module in network.modules()
        if isinstance(module, nn.ReLU)
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
