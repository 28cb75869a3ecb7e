"""What a network costs, counted on the network itself."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from agnet.objectives import Metric

__all__ = ["COSTS", "NetworkCost", "network_cost"]

COSTS: Final = (
    Metric("params_m", "M", "minimize", "computed", description="weights"),
    Metric("flops_m", "M", "minimize", "computed", description="multiply-adds of one image"),
)


@final
@dataclass(frozen=True)
class NetworkCost:
    """What a network costs.

    Attributes:
        parameters: Weights, those of normalisations and the biases of the classifier included.
        macs: Multiply-adds of one image, of convolutions and the classifier.
    """

    parameters: int
    macs: int

    @property
    def metrics(self) -> dict[str, float]:
        """The values of ``COSTS``, by name."""
        return {"params_m": self.parameters / 1e6, "flops_m": self.macs / 1e6}


def network_cost(network: nn.Module, image: tuple[int, int, int]) -> NetworkCost:
    """Counts trainable parameters, and the multiply-adds that a forward pass makes.

    Nothing is computed: a copy without numbers is given an image without numbers. Biases,
    normalisations, poolings and activations count nothing; a network in training mode is counted as
    it will be used.

    Args:
        network: Maps images ``(B, C, H, W)`` to anything.
        image: Channels, height and width.
    """
    empty = deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        empty(torch.empty(1, *image, device="meta"))
    parameters = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    # The counter takes an addition and a multiplication for two.
    return NetworkCost(parameters, counter.get_total_flops() // 2)
