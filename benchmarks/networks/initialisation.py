"""The weights that a network begins with, drawn from a generator of its own."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["initialise", "materialise"]


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


def materialise(network: nn.Module, generator: torch.Generator) -> None:
    """Gives a network that was made on the meta device its weights, see :func:`initialise`.

    Inside ``with torch.device("meta")`` it stays without numbers, and serves to count.
    """
    if (device := torch.get_default_device()).type != "meta":
        network.to_empty(device=device)
        initialise(network, generator)
