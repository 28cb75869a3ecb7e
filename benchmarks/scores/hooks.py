"""Looking into a network while it computes, without changing it for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, TypeAlias

import torch
from torch import nn

__all__ = ["NORMALISATIONS", "copied", "hooked", "patterns", "weights", "without_normalisation"]

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
    with hooked(network, NORMALISATIONS, lambda _, given, made: given[0]):
        yield


@contextmanager
def patterns(network: nn.Module) -> Iterator[Patterns]:
    """Collects, of each rectifier that computes, which of its units are on: ``(B, units)``."""
    found: Patterns = []

    def note(_: nn.Module, given: object, made: torch.Tensor) -> None:
        found.append((made.detach() > 0).flatten(1))

    with hooked(network, (nn.ReLU,), note):
        yield found


@contextmanager
def hooked(
    network: nn.Module, kinds: tuple[type[nn.Module], ...], hook: Callable[..., Any]
) -> Iterator[None]:
    """Calls a hook after each module of some kinds, with the module, what it got and what it made.

    What the hook returns, if anything, takes the place of what was made.
    """
    handles = [
        module.register_forward_hook(hook)
        for module in network.modules()
        if isinstance(module, kinds)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
