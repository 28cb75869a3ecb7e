"""Cutting a network out of a super-network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from agnet.benchmarks.networks.elastic import PlainNetwork
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import Moments
from agnet.benchmarks.supernet.pooling import take_moments
from agnet.benchmarks.supernet.slicing import part_of
from agnet.errors import InvalidInput
from agnet.spaces import Architecture
from agnet.spaces.elastic import Plan

__all__ = ["cut_out", "extract", "shared_pairs"]


def extract(
    net: SuperNetwork, arch: Architecture, moments: Moments, exits: Sequence[int] = ()
) -> PlainNetwork:
    """Returns one network of a super-network as a module of its own, in evaluation mode.

    It says the same of images as the super-network run with these moments, and shares nothing with
    it.

    Args:
        net: The super-network.
        arch: Which network.
        moments: Of its normalisations, see :func:`calibrate`.
        exits: After which stages it is to end, from 1; by default where the architecture does. With
            several it returns a tuple.

    Raises:
        InvalidInput: If the architecture is of another space, or the moments are of another
            network.
    """
    network = cut_out(net, arch, exits)
    take_moments(network, moments)
    return network


@torch.no_grad()
def cut_out(net: SuperNetwork, arch: Architecture, exits: Sequence[int] = ()) -> PlainNetwork:
    """Returns a network with copies of its part of the weights; its norms know no moments yet.

    Raises:
        InvalidInput: If the architecture is of another space, or has no such exits.
    """
    plan = net.space.plan(arch)
    wrong = [last for last in exits if last not in net.config.exits or last > plan.exit]
    if wrong:
        raise InvalidInput(
            f"got the exit {wrong[0]} of {arch}; expected some of "
            f"{[last for last in net.config.exits if last <= plan.exit]}"
        )
    network = PlainNetwork(net.config, plan, exits).to(next(net.parameters()))
    for own, whole, maps in shared_pairs(net, plan, network):
        own.copy_(part_of(whole, own.shape, maps))
    return network


def shared_pairs(
    net: SuperNetwork, plan: Plan, network: PlainNetwork
) -> Iterator[tuple[nn.Parameter, nn.Parameter, dict[str, torch.Tensor]]]:
    """Yields each parameter of a plain network, the one it is a part of, and the maps between."""
    weights = net.of_width(plan)
    for name, own in network.named_parameters():
        maps = {}
        if name.startswith("stages."):
            _, stage, _, layer, _ = name.split(".", 4)
            maps = weights.maps_of(int(stage), int(layer))
        yield own, weights.largest.get_parameter(name), maps
