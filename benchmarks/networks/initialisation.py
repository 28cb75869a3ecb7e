"""The weights that a network begins with, drawn from a generator of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn

__all__ = ["Draw", "by_inputs", "initialise", "materialise"]

Draw: TypeAlias = Callable[[nn.Module, torch.Generator], None]


@torch.no_grad()
def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draws weights he-uniform, in the order of the modules; biases are 0, normalisations plain.

    He, Zhang, Ren and Sun, "Delving Deep into Rectifiers: Surpassing Human-Level Performance on
    ImageNet Classification", ICCV 2015.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


@torch.no_grad()
def by_inputs(network: nn.Module, generator: torch.Generator) -> None:
    """Draws weights and biases as torch does by default, in the order of the modules.

    Uniformly, up to one by the root of the number of inputs: less than half of what
    :func:`initialise` draws. Where a norm follows, smaller weights learn faster at the same rate.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = module.weight[0].numel() ** -0.5
            for values in (module.weight, module.bias):
                if values is not None:
                    values.uniform_(-bound, bound, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


def materialise(network: nn.Module, generator: torch.Generator, draw: Draw = initialise) -> None:
    """Gives a network that was made on the meta device its weights.

    Inside ``with torch.device("meta")`` it stays without numbers, and serves to count.

    Args:
        network: Whatever was made there.
        generator: Draws the weights.
        draw: How.
    """
    if (device := torch.get_default_device()).type != "meta":
        network.to_empty(device=device)
        draw(network, generator)
