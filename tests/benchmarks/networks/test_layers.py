from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
import torch

from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.networks.layers import (
    Convolution,
    Pooling,
    module_of,
    operation_layers,
    pointwise,
)
from agnet.errors import InvalidInput
from agnet.spaces.blocks import OPERATIONS


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "stride", "expected"),
    [
        ("identity", 4, 4, 1, ()),
        ("identity", 4, 4, 2, (pointwise(4, 4, 2),)),
        ("identity", 3, 4, 1, (pointwise(3, 4),)),
        ("conv_5x5", 3, 4, 2, (Convolution(3, 4, (5, 5), 2),)),
        (
            "sep_conv_7x7",
            3,
            4,
            2,
            (Convolution(3, 3, (7, 7), 2, groups=3, bare=True), pointwise(3, 4)),
        ),
        ("conv_1x7_7x1", 3, 4, 2, (Convolution(3, 4, (1, 7), 2), Convolution(4, 4, (7, 1)))),
        ("max_pool_2x2", 4, 4, 2, (Pooling("max", (2, 2), 2),)),
        ("avg_pool_3x3", 3, 4, 1, (Pooling("avg", (3, 3)), pointwise(3, 4))),
    ],
)
def test_operations_by_hand(
    name: str, inputs: int, outputs: int, stride: int, expected: tuple[object, ...]
) -> None:
    assert operation_layers(name, inputs, outputs, stride) == expected


@pytest.mark.parametrize(
    ("layer", "weights", "parameters"),
    [
        (Convolution(2, 4, (3, 3)), 72, 80),
        (Convolution(2, 2, (3, 3), groups=2, bare=True), 18, 18),
        (Convolution(2, 4, (1, 5), 2), 40, 48),
    ],
)
def test_weights_by_hand(layer: Convolution, weights: int, parameters: int) -> None:
    assert (layer.weights, layer.parameters) == (weights, parameters)
    module = module_of([layer])
    assert sum(one.numel() for one in module.parameters()) == parameters


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 2), (1, 1)])
def test_every_operation_keeps_or_halves_the_resolution(
    name: str, stride: int, size: tuple[int, int]
) -> None:
    expected = tuple(-(-side // stride) for side in size)
    for inputs in (3, 4):
        module = module_of(operation_layers(name, inputs, 4, stride))
        initialise(module, torch.Generator().manual_seed(0))
        made = module(torch.rand(2, inputs, *size, generator=torch.Generator().manual_seed(1)))
        assert made.shape == (2, 4, *expected)
        assert torch.isfinite(made).all()


@pytest.mark.parametrize(
    "name", ["none", "conv_2x2", "sep_conv_1x3_3x1", "max_pool_0x2", "conv_3x3_relu", "conv_1x3_3x"]
)
def test_unknown_operations_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        operation_layers(name, 4, 4)


def pooled(image: np.ndarray, pooling: Pooling) -> np.ndarray:
    """The oracle: windows one by one, without what lies outside."""
    padded = image
    for axis in (0, 1):
        side = padded.shape[axis]
        count = -(-side // pooling.stride)
        missing = max((count - 1) * pooling.stride + pooling.kernel[axis] - side, 0)
        width = [(0, 0), (0, 0)]
        width[axis] = (missing // 2, missing - missing // 2)
        padded = np.pad(padded, width, constant_values=nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, pooling.kernel)
    windows = windows[:: pooling.stride, :: pooling.stride]
    reduced: np.ndarray = (np.nanmax if pooling.kind == "max" else np.nanmean)(windows, axis=(2, 3))
    return reduced


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (2, 3)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(4, 4), (5, 3), (1, 4)])
def test_pooling_equals_windows_one_by_one(
    kind: str, kernel: tuple[int, int], stride: int, size: tuple[int, int]
) -> None:
    pooling = Pooling("max" if kind == "max" else "avg", kernel, stride)
    image = np.random.default_rng(0).normal(size=size)
    found = module_of([pooling])(torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found, pooled(image, pooling), rtol=1e-12)
    assert found.max() < inf
