"""Sorting channels, so that narrow layers are made of the ones that matter.

Cai, Gan, Wang, Zhang and Han, "Once-for-All", ICLR 2020.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import nn

from agnet.benchmarks.networks.mobilenet import InvertedResidual, SqueezeExcitation
from agnet.benchmarks.supernet.network import SharedWeights, SuperNetwork
from agnet.errors import InvalidInput
from agnet.spaces._ofa_mbv3_cost import Slot, eighths

__all__ = ["sort_channels"]


@torch.no_grad()
def sort_channels(net: SuperNetwork, trained: Sequence[int] = ()) -> None:
    """Puts the channels inside each layer in falling order of how much they matter.

    That is the sum of the absolute weights by which the output depends on a channel. The networks
    of the largest expansion, and those of the trained ones, say what they said before: channels
    stay in their group, between the widths of two trained expansions.

    Args:
        net: The super-network, which is changed.
        trained: The expansions that networks have been trained with, beside the largest.

    Raises:
        InvalidInput: If the super-network has no such expansion.
    """
    config = net.config
    wrong = [expansion for expansion in trained if expansion not in config.expansions]
    if wrong:
        raise InvalidInput(
            f"got the trained expansion {wrong[0]}; expected some of {config.expansions}"
        )
    kept = sorted({*trained, config.expansions[-1]})
    for width, weights in zip(config.widths, net.weights, strict=True):
        for stage, slots in enumerate(config.slots(width)):
            for layer, slot in enumerate(slots):
                shared = cast("SharedWeights", weights)
                branch = shared.largest.level(stage, layer).branches["elastic"]
                _sort_layer(cast("InvertedResidual", branch), slot, kept)


def _sort_layer(branch: InvertedResidual, slot: Slot, kept: Sequence[int]) -> None:
    widen, depthwise, gate, narrow = branch.parts
    middles = [eighths(slot.inputs * expansion) for expansion in kept]
    weight = cast("nn.Conv2d", next(narrow.children())).weight
    order = _order(weight.abs().sum(dim=(0, 2, 3)), middles)
    # All by output channel: convolutions, and the norms behind them.
    _reorder(widen.parameters(), order)
    _reorder(depthwise.parameters(), order)
    weight.copy_(weight[:, order])
    if isinstance(gate, SqueezeExcitation):
        squeeze, excite = gate.convolutions
        squeeze.weight.copy_(squeeze.weight[:, order])
        _reorder(excite.parameters(), order)
        # What is between the two has an order, and groups, of its own.
        inner = _order(
            excite.weight.abs().sum(dim=(0, 2, 3)), [eighths(middle // 4) for middle in middles]
        )
        excite.weight.copy_(excite.weight[:, inner])
        _reorder(squeeze.parameters(), inner)


def _order(importance: torch.Tensor, ends: Iterable[int]) -> torch.Tensor:
    """Returns positions in falling order of importance within groups that end at ``ends``."""
    found, start = [], 0
    for end in ends:
        group = importance[start:end].argsort(descending=True, stable=True)
        found.append(group + start)
        start = end
    return torch.cat(found)


def _reorder(tensors: Iterable[torch.Tensor], order: torch.Tensor) -> None:
    for tensor in tensors:
        tensor.copy_(tensor[order])
