"""Weight decay of those weights alone that an update has used.

A weight that no network of the update shares would otherwise shrink towards nothing while it
learns nothing. Norms, biases and kernel maps do not decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import nn

from agnet.benchmarks.networks.elastic import Level
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.slicing import region
from agnet.spaces._ofa_mbv3_cost import Slot
from agnet.spaces.elastic import Layer, Plan, Stage

__all__ = ["decayed", "used_weights"]


@torch.no_grad()
def decayed(
    net: SuperNetwork, plans: Sequence[tuple[Plan, bool]], amount: float, *, gradients: bool
) -> None:
    """Lets the used weights decay, each of them once.

    Args:
        net: The super-network, after a backward pass.
        plans: The networks that were run, and whether at all of their exits.
        amount: What part of a weight.
        gradients: Whether to add that part to the gradient, or to take it from the weight.
    """
    masks: dict[nn.Parameter, torch.Tensor] = {}
    for plan, everywhere in plans:
        for weight, used in used_weights(net, plan, everywhere):
            if weight not in masks:
                masks[weight] = torch.zeros_like(weight, dtype=torch.bool)
            masks[weight][used] = True
    for weight, mask in masks.items():
        change = amount * weight * mask
        if gradients and weight.grad is not None:
            weight.grad.add_(change)
        elif not gradients:
            weight.sub_(change)


def used_weights(
    net: SuperNetwork, plan: Plan, everywhere: bool
) -> Iterator[tuple[nn.Parameter, tuple[slice, ...]]]:
    """Yields the shared weights of convolutions and classifiers, and the part that a network uses.

    Args:
        net: The super-network.
        plan: The network.
        everywhere: Whether it is run at all exits up to its own, or at its own alone.
    """
    largest, config = net.of_width(plan).largest, net.config
    slots = config.slots(config.widths[plan.width])
    ends = [last for last in config.exits if last == plan.exit or everywhere and last < plan.exit]
    whole = [largest.stem, *(largest.exits[str(last)] for last in ends)]
    for module in whole:
        for weight in module.parameters():
            if weight.ndim > 1:
                yield weight, (slice(None),)
    for stage, layers in enumerate(plan.stages):
        for at, layer in enumerate(layers):
            level, mapped = largest.level(stage, at), _mapped(layer, config.kernels)
            for name, shape in _shapes(config.stages[stage], slots[stage][at], mapped):
                weight = level.get_parameter(name)
                yield weight, region(weight.shape, shape)


def _mapped(layer: Layer, kernels: Sequence[int]) -> Layer:
    """The layer with the kernel that its own is made of, through one map after another.

    The first map takes the centre as large as the second largest kernel, and mixes all of it.
    """
    if layer.kernel and layer.kernel < kernels[-1]:
        return replace(layer, kernel=kernels[-2])
    return layer


@lru_cache(maxsize=4096)  # the layers that networks are made of are few
def _shapes(stage: Stage, slot: Slot, layer: Layer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    level = Level(stage, slot, layer)
    named = level.named_parameters()
    return tuple((name, tuple(weight.shape)) for name, weight in named if weight.ndim > 1)
