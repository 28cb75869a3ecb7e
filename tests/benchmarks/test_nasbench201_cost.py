from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks._nasbench201_cost import macs, parameters
from agnet.spaces import NASBench201

SPACE = NASBench201()


class Cell(nn.Module):
    """The slow oracle: a cell as a network, each tensor the sum of the operations into it."""

    def __init__(self, ops: list[int], channels: int) -> None:
        super().__init__()
        self.ops = ops
        self.convs = nn.ModuleList(conv_bn(channels, channels, {2: 1, 3: 3}.get(op)) for op in ops)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tensors, edge = [x], 0
        for target in (1, 2, 3):
            total = torch.zeros_like(x)
            for source in range(target):
                op, conv = self.ops[edge], self.convs[edge]
                edge += 1
                if op == 4:
                    total = total + nn.functional.avg_pool2d(tensors[source], 3, 1, 1)
                elif op != 0:
                    total = total + conv(tensors[source])
            tensors.append(total)
        return tensors[3]


class Residual(nn.Module):
    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.first, self.second = conv_bn(narrow, wide, 3, stride=2), conv_bn(wide, wide, 3)
        self.short = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(narrow, wide, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.second(self.first(x)) + self.short(x)
        return output


def conv_bn(inputs: int, outputs: int, kernel: int | None, stride: int = 1) -> nn.Module:
    if kernel is None:
        return nn.Identity()
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def network(ops: list[int], classes: int) -> nn.Module:
    layers = [conv_bn(3, 16, 3)]
    for stage, channels in enumerate((16, 32, 64)):
        if stage:
            layers.append(Residual(channels // 2, channels))
        layers.extend(Cell(ops, channels) for _ in range(5))
    head = [nn.BatchNorm2d(64), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)]
    return nn.Sequential(*layers, *head)


def counted_macs(model: nn.Module, resolution: int) -> int:
    total = 0

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += output[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel() + layer.bias.numel()

    for layer in model.modules():
        layer.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, resolution, resolution))
    return total


@pytest.mark.parametrize(
    ("dataset", "classes", "resolution"),
    [("cifar10", 10, 32), ("cifar100", 100, 32), ("ImageNet16-120", 120, 16)],
)
def test_equal_to_counting_a_real_network(dataset: str, classes: int, resolution: int) -> None:
    archs = SPACE.sample(3, np.random.default_rng(0))
    for row, arch in enumerate(archs):
        model = network(list(arch.choices), classes)
        weights = sum(parameter.numel() for parameter in model.parameters())
        assert parameters(archs.choices, dataset)[row] == weights
        assert macs(archs.choices, dataset)[row] == counted_macs(model, resolution)


def test_hand_worked() -> None:
    """A cell of zeros leaves the skeleton; one 1x1 convolution adds c(c + 2) weights 5 times."""
    cells = np.zeros((2, 6), dtype=np.int16)
    cells[1, 4] = 2
    skeleton = 464 + 14_464 + 57_600 + 128 + 650
    assert parameters(cells, "cifar10").tolist() == [skeleton, skeleton + 5 * (288 + 1088 + 4224)]
    fixed = 442_368 + 2 * 3_670_016 + 650
    assert macs(cells, "cifar10").tolist() == [fixed, fixed + 15 * 1024 * 256]
    assert parameters(cells[:0], "cifar10").shape == macs(cells[:0], "cifar10").shape == (0,)
