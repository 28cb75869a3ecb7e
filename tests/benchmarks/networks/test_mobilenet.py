from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks import network_cost
from agnet.benchmarks.networks.mobilenet import MobileNetV3
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, NASBench201, OFAMobileNetV3

SPACE = OFAMobileNetV3()
SMALLEST = "r128:k3e3,k3e3:k3e3,k3e3:k3e3,k3e3:k3e3,k3e3:k3e3,k3e3"


def network(arch: Architecture, *args: int, seed: int = 0) -> MobileNetV3:
    return MobileNetV3(arch, *args, generator=torch.Generator().manual_seed(seed))


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(5)) - 0.5


@pytest.mark.parametrize(("width", "classes"), [(1.0, 10), (1.2, 1000)])
@pytest.mark.parametrize("resolution", [128, 160, 192, 224])
def test_costs_equal_those_in_closed_form(width: float, resolution: int, classes: int) -> None:
    space = OFAMobileNetV3(width)
    sampled = space.sample(1, np.random.default_rng(resolution))
    texts = [str(arch).split(":", 1)[1] for arch in (*sampled, space.parse(SMALLEST))]
    archs = [space.parse(f"r{resolution}:{text}") for text in texts]
    made = [network(arch, classes) for arch in archs]
    assert [one.resolution for one in made] == [resolution] * len(archs)
    costs = [network_cost(one, (3, resolution, resolution)) for one in made]
    assert [cost.parameters for cost in costs] == space.params(archs, classes).tolist()
    assert [cost.macs for cost in costs] == space.macs(archs, classes).tolist()


class Oracle:
    """Evaluates a network from its numbers and the text of its architecture."""

    def __init__(self, made: MobileNetV3, arch: Architecture) -> None:
        numbers = made.state_dict().items()
        self._numbers: Iterator[torch.Tensor] = iter(
            value for name, value in numbers if "num_batches" not in name
        )
        self._stages = [stage.split(",") for stage in str(arch).split(":")[1:]]

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        x = hard_swish(self.conv_norm(x, stride=2))
        x = x + self.conv_norm(F.relu(self.conv_norm(x, groups=x.shape[1])))
        for stage, layers in enumerate(self._stages):
            for at, layer in enumerate(layers):
                assert layer[0] == "k"
                x = self.layer(x, stage, stride=2 if at == 0 and stage != 3 else 1)
        x = hard_swish(self.conv_norm(x)).mean(dim=(2, 3))
        x = hard_swish(x @ next(self._numbers)[:, :, 0, 0].mT)
        weight, bias = next(self._numbers), next(self._numbers)
        return x @ weight.mT + bias

    def layer(self, x: torch.Tensor, stage: int, stride: int) -> torch.Tensor:
        activation = F.relu if stage < 2 else hard_swish
        made = activation(self.conv_norm(x))
        made = activation(self.conv_norm(made, stride, groups=made.shape[1]))
        if stage in (1, 3, 4):
            made = made * self.gate(made.mean(dim=(2, 3)))[:, :, None, None]
        made = self.conv_norm(made)
        return x + made if made.shape == x.shape and stride == 1 else made

    def gate(self, means: torch.Tensor) -> torch.Tensor:
        down, down_bias, up, up_bias = (next(self._numbers) for _ in range(4))
        inner = (means @ down[:, :, 0, 0].mT + down_bias).clamp(min=0)
        return ((inner @ up[:, :, 0, 0].mT + up_bias + 3) / 6).clamp(0, 1)

    def conv_norm(self, x: torch.Tensor, stride: int = 1, groups: int = 1) -> torch.Tensor:
        weight = next(self._numbers)
        x = F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        scale, shift, mean, variance = (next(self._numbers)[:, None, None] for _ in range(4))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def is_through(self) -> bool:
        return next(self._numbers, None) is None


def hard_swish(x: torch.Tensor) -> torch.Tensor:
    return x * (x + 3).clamp(0, 6) / 6


def unsettled(made: MobileNetV3) -> MobileNetV3:
    """Gives biases and normalisations numbers that are not those they begin with."""
    generator = torch.Generator().manual_seed(9)
    for name, value in made.state_dict().items():
        if value.ndim == 1:
            least = 0.5 if "bias" not in name else -0.5
            value.copy_(torch.rand(value.shape, generator=generator) + least)
    return made.double().eval()


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_a_network_equals_its_formulas(width: float) -> None:
    space = OFAMobileNetV3(width)
    archs = [*space.sample(2, np.random.default_rng(3)), space.parse(SMALLEST)]
    for arch in archs:
        made = unsettled(network(arch, 10))
        oracle, batch = Oracle(made, arch), images(2, 3, 65, 90).double()
        with torch.no_grad():
            expected, found = oracle.scores(batch), made(batch)
        assert oracle.is_through()
        assert (expected[0] - expected[1]).abs().max() > 0
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (33, 47), (64, 64)])
def test_other_images_classes_and_channels(size: tuple[int, int]) -> None:
    made = network(SPACE.sample(1, np.random.default_rng(0))[0], 7, 2).eval()
    scores = made(images(3, 2, *size))
    assert scores.shape == (3, 7)
    assert torch.isfinite(scores).all()


def test_gradients_reach_every_weight() -> None:
    """In evaluation mode: in training, a norm takes away what the bias of the one before adds."""
    made = network(SPACE.sample(1, np.random.default_rng(1))[0], 10)
    made.train()(images(4, 3, 64, 64)).square().sum().backward()
    for name, weight in made.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
    made.zero_grad()
    unsettled(made)(images(4, 3, 64, 64).double()).square().sum().backward()
    for name, weight in made.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_stages_three_to_five_have_hard_swish() -> None:
    made = network(SPACE.parse(SMALLEST))
    kinds = [
        [type(m) for m in layer.modules() if isinstance(m, (nn.ReLU, nn.Hardswish))][0]
        for layer in made._layers
    ]
    assert kinds == [nn.ReLU] * 5 + [nn.Hardswish] * 6


def test_weights_follow_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    states = [network(SPACE.parse(SMALLEST), 10, seed=seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    differ = {name for name in states[0] if not torch.equal(states[0][name], states[2][name])}
    assert differ == {name for name, value in states[0].items() if value.ndim > 1}


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected one of ofa_mbv3"):
        network(NASBench201().sample(1, np.random.default_rng(0))[0])
    with pytest.raises(InvalidInput, match="0 classes"):
        network(SPACE.parse(SMALLEST), 0)
    with pytest.raises(InvalidInput, match="0 channels"):
        network(SPACE.parse(SMALLEST), 10, 0)
