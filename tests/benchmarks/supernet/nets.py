"""Small super-networks for tests."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from agnet.benchmarks.supernet import SuperNetwork
from agnet.spaces.elastic import ElasticConfig, Stage, elastic_preset

TINY = elastic_preset("tiny")
# Everything that there is, small: squeeze-and-excitation, three kernels, depths up to 5.
RICH = ElasticConfig(
    "rich",
    (Stage(8, 1, squeeze=True), Stage(16, 2, activation="hard_swish")),
    (8, 11),
    (1, 2, 3, 4, 5),
    (2, 3, 6),
    (3, 5, 7),
    (1.0, 2.0),
    stem=8,
    head=(1, 2),
    classes=4,
)
DENSE = replace(RICH, dense=True)
PARALLEL = replace(RICH, parallel=True, depths=(1, 2), widths=(1.0,))
SINGLE = replace(RICH, early_exits=False, fixed_block=False, stem_stride=1)


def made(config: ElasticConfig, seed: int = 0) -> SuperNetwork:
    """A super-network whose norms, biases and kernel maps are not those it begins with."""
    generator = torch.Generator().manual_seed(seed)
    net = SuperNetwork(config, generator)
    with torch.no_grad():
        for name, value in net.named_parameters():
            drawn = torch.rand(value.shape, generator=generator)
            if value.ndim == 1:
                value.copy_(drawn + (-0.5 if name.endswith("bias") else 0.5))
            elif "maps" in name:
                value.add_(0.1 * (drawn - 0.5))
    return net


def images(count: int = 6, side: int = 11, seed: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def weights(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def backward(loss: torch.Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
