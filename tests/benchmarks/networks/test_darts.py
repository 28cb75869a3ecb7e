from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from math import nan
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks import network_cost
from agnet.benchmarks.networks.darts import DARTSNetwork
from agnet.benchmarks.networks.darts_operations import FactorizedReduction, convolution, operation
from agnet.errors import InvalidInput
from agnet.spaces import DARTS, Architecture, NASBench201
from agnet.spaces.darts import OPERATIONS
from experiments.imagenet.published import genotype
from tests.genotypes import published

SPACE = DARTS()


def network(arch: Architecture, *args: int, seed: int = 0, **settings: Any) -> DARTSNetwork:
    generator = torch.Generator().manual_seed(seed)
    small = {"channels": 4, "layers": 5, **settings}
    return DARTSNetwork(arch, *args, generator=generator, **small)


def cifar(name: str, **settings: Any) -> DARTSNetwork:
    return network(published(name), channels=36, layers=20, **settings)


def imagenet(name: str) -> DARTSNetwork:
    return network(published(name), 1000, channels=48, layers=14, stem="imagenet")


def parameters_of(made: nn.Module) -> int:
    return sum(weight.numel() for weight in made.parameters())


def images(*shape: int, seed: int = 5) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 0.5


# Counts that the public code of these works prints.
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("DARTS first order", 3_169_414),
        ("DARTS second order", 3_349_342),
        ("P-DARTS", 3_433_798),
        ("PVLL-NAS", 3_505_726),
        ("PVLL-NAS, graph estimator", 2_927_926),
    ],
)
def test_parameters_on_cifar_are_those_of_public_code(name: str, parameters: int) -> None:
    assert parameters_of(cifar(name)) == parameters


def test_parameters_with_the_auxiliary_classifier_are_those_of_public_code() -> None:
    assert parameters_of(cifar("P-DARTS", auxiliary=True)) == 3_910_224


def test_multiply_adds_on_cifar_are_those_of_public_code() -> None:
    """Its counter takes the 10 biases of the classifier for multiply-adds, too."""
    assert network_cost(cifar("PVLL-NAS"), (3, 32, 32)).macs + 10 == 554_486_410


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("PVLL-NAS, 4.6 M", 4_618_048, 507_022_888),
        ("PVLL-NAS, 5.3 M", 5_268_448, 583_575_784),
    ],
)
def test_costs_on_imagenet_are_those_of_public_code(name: str, parameters: int, macs: int) -> None:
    cost = network_cost(imagenet(name), (3, 224, 224))
    assert (cost.parameters, cost.macs + 1000) == (parameters, macs)


# Rounded: from the paper (GDAS), and from comments in public code (the others).
@pytest.mark.parametrize(
    ("name", "parameters_m", "digits"),
    [("PC-DARTS CIFAR-10", 3.63, 2), ("SNAS", 2.66, 2), ("GDAS", 3.4, 1)],
)
def test_published_parameters_on_cifar(name: str, parameters_m: float, digits: int) -> None:
    assert round(parameters_of(cifar(name)) / 1e6, digits) == parameters_m


@pytest.mark.parametrize(
    ("name", "parameters_m"),
    [
        ("DARTS second order", 4.7),
        ("P-DARTS", 4.9),
        ("PC-DARTS CIFAR-10", 5.3),
        ("PC-DARTS ImageNet", 5.3),
    ],
)
def test_published_parameters_on_imagenet(name: str, parameters_m: float) -> None:
    assert round(parameters_of(imagenet(name)) / 1e6, 1) == parameters_m


def other_operations(made: nn.Module, image: tuple[int, int, int]) -> int:
    """Two a pixel that is normalised, one a pixel that is activated or pooled."""
    counted = 0

    def count(module: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal counted
        counted += given[0].numel() * (2 if isinstance(module, nn.BatchNorm2d) else 1)

    kinds = (nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, FactorizedReduction)
    for module in made.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(count)
    with torch.no_grad():
        made.to("meta").eval()(torch.empty(1, *image, device="meta"))
    return counted


@pytest.mark.parametrize(
    ("name", "macs_m"),
    [("P-DARTS", 557), ("PC-DARTS CIFAR-10", 586), ("PC-DARTS ImageNet", 597)],
)
def test_published_multiply_adds_count_normalisation_and_activation_too(
    name: str, macs_m: int
) -> None:
    made, image = imagenet(name), (3, 224, 224)
    macs = network_cost(made, image).macs
    assert round((macs + other_operations(made, image)) / 1e6) == macs_m


class Oracle:
    """Evaluates a network from its numbers and the text of its genotype, one formula at a time."""

    def __init__(self, made: DARTSNetwork, arch: Architecture, channels: int, layers: int) -> None:
        numbers = made.state_dict().items()
        self._numbers: Iterator[torch.Tensor] = iter(
            value for name, value in numbers if "num_batches" not in name
        )
        self._channels, self._layers = channels, layers
        normal, reduce = re.findall(r"=(\[\(.*?\)\])", str(arch))
        self._cells = {False: ast.literal_eval(normal), True: ast.literal_eval(reduce)}

    def scores(self, batch: torch.Tensor, stem: str) -> torch.Tensor:
        if stem == "cifar":
            older = newer = self.conv_norm(batch, 1)
        else:
            older = self.conv_norm(F.relu(self.conv_norm(batch, 2)), 2)
            newer = self.conv_norm(F.relu(older), 2)
        after_reduction = stem == "imagenet"
        for at in range(self._layers):
            reduces = at in (self._layers // 3, 2 * self._layers // 3)
            older, newer = newer, self.cell(older, newer, reduces, after_reduction)
            after_reduction = reduces
        weight, bias = next(self._numbers), next(self._numbers)
        return newer.mean(dim=(2, 3)) @ weight.mT + bias

    def cell(
        self, older: torch.Tensor, newer: torch.Tensor, reduces: bool, after_reduction: bool
    ) -> torch.Tensor:
        states = [self.reduction(older) if after_reduction else self.conv_norm(F.relu(older), 1)]
        states.append(self.conv_norm(F.relu(newer), 1))
        cell = self._cells[reduces]
        for node in range(4):
            first, second = (
                self.operation(name, states[source], 2 if reduces and source < 2 else 1)
                for name, source in cell[2 * node : 2 * node + 2]
            )
            states.append(first + second)
        return torch.cat(states[-4:], dim=1)

    def operation(self, name: str, x: torch.Tensor, stride: int) -> torch.Tensor:
        if name == "skip_connect":
            return x if stride == 1 else self.reduction(x)
        if name.endswith("pool_3x3"):
            return pooled(x, name[:3], stride)
        kernel, dilation = int(name[-1]), 2 if name.startswith("dil") else 1
        pad = dilation * (kernel // 2)
        for step in (stride, 1) if name.startswith("sep") else (stride,):
            weight = next(self._numbers)
            x = F.conv2d(F.relu(x), weight, None, step, pad, dilation, groups=x.shape[1])
            x = self.conv_norm(x, 1)
        return x

    def reduction(self, x: torch.Tensor) -> torch.Tensor:
        x, (height, width) = F.relu(x), x.shape[-2:]
        even = x[:, :, ::2, ::2]
        odd = torch.zeros_like(even)
        odd[:, :, : height // 2, : width // 2] = x[:, :, 1::2, 1::2]
        halves = [F.conv2d(part, next(self._numbers)) for part in (even, odd)]
        return self.norm(torch.cat(halves, dim=1))

    def conv_norm(self, x: torch.Tensor, stride: int) -> torch.Tensor:
        weight = next(self._numbers)
        return self.norm(F.conv2d(x, weight, None, stride, weight.shape[-1] // 2))

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        scale, shift, mean, variance = (next(self._numbers)[:, None, None] for _ in range(4))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def is_through(self) -> bool:
        return next(self._numbers, None) is None


def pooled(x: torch.Tensor, kind: str, stride: int) -> torch.Tensor:
    """Windows one by one, cut off at the edges."""
    rows, columns = (range(0, side, stride) for side in x.shape[-2:])
    windows = [
        [x[:, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] for j in columns] for i in rows
    ]
    found = [[w.amax((2, 3)) if kind == "max" else w.mean((2, 3)) for w in row] for row in windows]
    return torch.stack([torch.stack(row, dim=-1) for row in found], dim=-2)


def unsettled(made: DARTSNetwork) -> DARTSNetwork:
    """Gives normalisations numbers that are not those they begin with."""
    generator = torch.Generator().manual_seed(9)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean, module.running_var):
                assert value is not None
                value.data = torch.rand(value.shape, generator=generator) + 0.5
    return made.double().eval()


@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize(("size", "layers"), [((8, 8), 3), ((11, 6), 4), ((37, 50), 2)])
def test_a_network_equals_its_formulas(stem: str, size: tuple[int, int], layers: int) -> None:
    for arch in SPACE.sample(3, np.random.default_rng(layers)):
        made = unsettled(network(arch, layers=layers, channels=4, stem=stem))
        oracle = Oracle(made, arch, 4, layers)
        batch = images(2, 3, *size).double()
        with torch.no_grad():
            expected = oracle.scores(batch, stem)
            found = made(batch)
        assert oracle.is_through()
        assert expected.std() > 0
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_every_operation_is_in_a_network_that_equals_its_formulas() -> None:
    every = "max@0 avg@1 skip@0 sep3@1 sep5@2 dil3@3 dil5@0 skip@1"
    arch = genotype(every, every)
    made = unsettled(network(arch, layers=4))
    batch = images(2, 3, 9, 9).double()
    with torch.no_grad():
        expected = Oracle(made, arch, 4, 4).scores(batch, "cifar")
        torch.testing.assert_close(made(batch), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 2), (1, 1)])
def test_every_operation_keeps_or_halves_the_resolution(
    name: str, stride: int, size: tuple[int, int]
) -> None:
    with torch.device("meta"):
        module = operation(name, 4, stride).to("meta")
        made = module(torch.empty(2, 4, *size))
    assert made.shape == (2, 4, *(-(-side // stride) for side in size))


def test_a_factorised_reduction_by_hand() -> None:
    """Sides of 3: the first channel sees the corners, the second the centre and the outside."""
    module = FactorizedReduction(1, 2).eval()
    for parameter in module.parameters():
        parameter.data = torch.ones(parameter.shape)
    module._norm.reset_parameters()
    image = torch.tensor([[[[1.0, -2.0, 3.0], [-4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]])
    expected = torch.tensor([[[1.0, 3.0], [7.0, 9.0]], [[5.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(module(image)[0], expected, rtol=1e-4, atol=1e-4)


def test_an_even_kernel_cuts_off() -> None:
    assert convolution(1, 1, kernel=2).padding == (0, 0)


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
def test_shapes_and_gradients(layers: int, stem: str) -> None:
    for arch in SPACE.sample(2, np.random.default_rng(layers)):
        made = network(arch, 7, 2, layers=layers, channels=6, stem=stem, auxiliary=True)
        scores, second = made(images(3, 2, 33, 47))
        assert scores.shape == second.shape == (3, 7)
        (scores.square().sum() + second.square().sum()).backward()
        for name, parameter in made.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().sum() > 0, name


def test_resolution_and_channels_of_each_cell() -> None:
    made, found = network(published("P-DARTS"), layers=6, channels=3), []
    for cell in made._cells:
        cell.register_forward_hook(lambda _, __, out: found.append(tuple(out.shape[1:])))
    made(images(2, 3, 9, 8))
    halved, quartered = (24, 5, 4), (48, 3, 2)
    assert found == [(12, 9, 8), (12, 9, 8), halved, halved, quartered, quartered]


def test_the_stem_for_imagenet_makes_an_eighth() -> None:
    made = network(published("P-DARTS"), stem="imagenet", channels=5)
    first, second = made._stem(images(2, 3, 64, 33))
    assert (first.shape, second.shape) == ((2, 5, 16, 9), (2, 5, 8, 5))


def test_the_auxiliary_classifier_answers_in_training_alone() -> None:
    made, batch = network(published("P-DARTS"), auxiliary=True), images(2, 3, 32, 32)
    plain = network(published("P-DARTS"))
    scores, second = made(batch)
    assert not torch.equal(scores, second)
    assert torch.equal(scores, plain(batch))
    assert torch.equal(made.eval()(batch), plain.eval()(batch))


@pytest.mark.parametrize(
    ("stem", "side", "parameters"),
    [
        # 1x1 convolution and its norm, 2x2 convolution (and its norm), classifier.
        ("cifar", 8, 64 * 128 + 256 + 4 * 128 * 768 + 1536 + 7690),
        ("imagenet", 7, 64 * 128 + 256 + 4 * 128 * 768 + 7690),
    ],
)
def test_the_auxiliary_classifier_is_the_published_one(
    stem: str, side: int, parameters: int
) -> None:
    made = network(published("P-DARTS"), auxiliary=True, stem=stem)
    head = made._auxiliary
    assert head is not None
    assert parameters_of(head) == parameters
    first, second = (m for m in head.modules() if isinstance(m, nn.Conv2d))
    norms = [m for m in head.eval().modules() if isinstance(m, nn.BatchNorm2d)]
    x = images(2, 64, side, side)
    with torch.no_grad():
        y = F.avg_pool2d(F.relu(x), 5, 3 if stem == "cifar" else 2)
        assert y.shape[-2:] == (2, 2)
        y = F.relu(norms[0](F.conv2d(y, first.weight)))
        y = F.conv2d(y, second.weight)
        y = F.relu(norms[1](y) if stem == "cifar" else y)[:, :, 0, 0]
        expected = head._classifier(y)
        torch.testing.assert_close(head(x), expected)


@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize("size", [(1, 1), (3, 40), (16, 16), (70, 99)])
def test_the_auxiliary_classifier_takes_images_of_any_size(
    stem: str, size: tuple[int, int]
) -> None:
    made = network(published("SNAS"), 5, auxiliary=True, stem=stem, layers=3, channels=2)
    scores, second = made(images(2, 3, *size))
    assert scores.shape == second.shape == (2, 5)
    assert torch.isfinite(second).all()


def test_no_dropped_paths_draw_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    made = DARTSNetwork(published("SNAS"), generator=generator, channels=2, layers=3)
    state = generator.get_state()
    made(images(2, 3, 8, 8))
    made.drop_path = 0.5
    made.eval()(images(2, 3, 8, 8))
    assert torch.equal(generator.get_state(), state)
    made.train()(images(2, 3, 8, 8))
    assert not torch.equal(generator.get_state(), state)


def test_dropped_paths_follow_from_the_generator_alone() -> None:
    before, batch, found = torch.get_rng_state(), images(3, 3, 8, 8), []
    for drop_path, again in [(0.5, 0), (0.5, 0), (0.5, 1), (0.0, 0)]:
        generator = torch.Generator().manual_seed(0)
        made = DARTSNetwork(
            published("SNAS"), generator=generator, channels=4, layers=3, drop_path=drop_path
        )
        generator.manual_seed(again)
        found.append(made(batch))
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
    assert not torch.allclose(found[0], found[3])
    assert torch.equal(torch.get_rng_state(), before)


# All nodes read the input nodes, and there is one cell: scores are linear in what is dropped.
LINEAR = "sep3@0 skip@1 dil5@0 max@1 avg@0 sep5@1 skip@0 dil3@1"


def test_dropped_paths_keep_the_mean() -> None:
    made, batch = network(genotype(LINEAR, LINEAR), layers=1), images(2, 3, 6, 6)
    with torch.no_grad():
        expected = made(batch)
        made.drop_path = 0.3
        drawn = torch.stack([made(batch) for _ in range(400)])
    error = (drawn.mean(dim=0) - expected).abs() / (drawn.std(dim=0) / 400**0.5)
    assert drawn.std(dim=0).min() > 0
    assert error.max() < 4


def test_each_image_drops_its_own_paths() -> None:
    made = network(genotype(LINEAR, LINEAR), layers=1)
    batch = images(1, 3, 6, 6).expand(8, -1, -1, -1)
    same = made(batch)
    torch.testing.assert_close(same, same[:1].expand(8, -1))
    made.drop_path = 0.5
    different = made(batch)
    assert len({tuple(row) for row in different.tolist()}) > 4


def test_everything_but_identities_is_dropped() -> None:
    kept = "skip@0 skip@1 skip@0 skip@2 skip@1 skip@3 skip@2 skip@4"
    normal, reduction = network(genotype(kept, kept), layers=3)._cells[:2]
    x, nothing = images(2, 12, 6, 6), torch.zeros(8, 2, 1, 1, 1)
    assert torch.equal(normal(x, x, nothing), normal(x, x, None))
    # In a reduction cell, skips of the input nodes are reductions; the others add nothing here.
    y = images(2, 16, 6, 6)
    assert reduction(x, y, None).abs().sum() > 0
    assert reduction(x, y, nothing).abs().sum() == 0


@pytest.mark.parametrize("probability", [1.0, -0.1, nan])
def test_impossible_probabilities_are_refused(probability: float) -> None:
    made = network(published("SNAS"))
    with pytest.raises(InvalidInput, match="expected a probability below 1"):
        made.drop_path = probability
    assert made.drop_path == 0
    with pytest.raises(InvalidInput, match="drop_path"):
        network(published("SNAS"), drop_path=probability)


def test_weights_follow_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    states = [
        network(published("P-DARTS"), seed=seed, auxiliary=True).state_dict() for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    differ = {name for name in states[0] if not torch.equal(states[0][name], states[2][name])}
    assert differ == {name for name, value in states[0].items() if value.ndim > 1}


def test_a_copy_drops_what_the_network_would_have_dropped() -> None:
    made, batch = network(published("SNAS"), drop_path=0.5), images(2, 3, 8, 8)
    copy = pickle.loads(pickle.dumps(made))
    assert torch.equal(made(batch), copy(batch))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"channels": 0}, "channels = 0"),
        ({"channels": 1, "stem": "imagenet"}, "channels = 1; expected a whole number >= 2"),
        ({"layers": 0}, "layers = 0"),
        ({"num_classes": 0}, "0 classes"),
        ({"in_channels": 0}, "images of 0 channels"),
        ({"stem": "mnist"}, "'mnist'; expected cifar or imagenet"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        network(published("SNAS"), **settings)


def test_other_architectures_and_operations_are_refused() -> None:
    with pytest.raises(InvalidInput, match="expected one of darts"):
        network(NASBench201().sample(1, np.random.default_rng(0))[0])
    with pytest.raises(InvalidInput, match="'none'"):
        operation("none", 4)
