from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agnet.benchmarks.supernet import SuperNetwork, calibrate, extract
from agnet.benchmarks.supernet.slicing import smaller_kernel
from agnet.spaces.elastic import Options, sample_filled
from tests.benchmarks.supernet.nets import (
    DENSE,
    PARALLEL,
    RICH,
    TINY,
    backward,
    images,
    made,
    weights,
)


def test_weights_follow_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (
        weights(SuperNetwork(RICH, torch.Generator().manual_seed(seed))) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(
        first["weights.0.largest.stem.0.weight"], other["weights.0.largest.stem.0.weight"]
    )


def test_weights_alone_make_it_again() -> None:
    """A bare dictionary of tensors, without what torch notes beside them."""
    net, other = made(RICH), made(RICH, seed=1)
    other.load_state_dict(weights(net))
    arch = net.space.sample(1, np.random.default_rng(0))[0]
    assert torch.equal(net(images(), arch), other(images(), arch))


def test_it_remembers_nothing() -> None:
    """A, B and A again: whatever ran between, and another super-network beside it."""
    net, other, given = made(RICH), made(TINY), images()
    assert not list(net.buffers())
    first, second = sample_filled(net.space, 2, np.random.default_rng(0))
    moments = calibrate(net, first, given)
    before = weights(net)
    with torch.no_grad():
        one = net(given, first, moments), net(given, first)
        net(given, second)
        other(images(side=32), Options.every(TINY).largest(other.space))
        calibrate(net, second, given)
        again = net(given, first, moments), net(given, first)
    assert all(map(torch.equal, one, again))
    assert all(torch.equal(before[name], value) for name, value in weights(net).items())


def test_modes_make_no_difference() -> None:
    net, given = made(RICH), images()
    arch = net.space.sample(1, np.random.default_rng(0))[0]
    assert torch.equal(net.train()(given, arch), net.eval()(given, arch))


def test_kernels_begin_as_centres_and_go_through_their_maps() -> None:
    net = SuperNetwork(RICH, torch.Generator().manual_seed(0))
    shared = net.of_width(net.space.plan(Options.every(RICH).largest(net.space)))
    weight = torch.arange(2 * 49.0).view(2, 1, 7, 7)
    maps = shared.maps_of(0, 0)
    assert list(maps) == ["7to5", "5to3"]
    assert torch.equal(smaller_kernel(weight, 7, maps), weight)
    assert torch.equal(smaller_kernel(weight, 5, maps), weight[:, :, 1:6, 1:6])
    assert torch.equal(smaller_kernel(weight, 3, maps), weight[:, :, 2:5, 2:5])
    drawn = {name: torch.rand(one.shape) for name, one in maps.items()}
    five = torch.stack([drawn["7to5"] @ one[0, 1:6, 1:6].reshape(25) for one in weight])
    centre = five.view(2, 5, 5)[:, 1:4, 1:4].reshape(2, 9)
    three = torch.stack([drawn["5to3"] @ one for one in centre])
    assert torch.allclose(smaller_kernel(weight, 5, drawn), five.view(2, 1, 5, 5))
    assert torch.allclose(smaller_kernel(weight, 3, drawn), three.view(2, 1, 3, 3))


def test_small_kernels_learn_by_centres_and_maps() -> None:
    net, given = made(replace(TINY, classes=4)), images(side=32)
    arch = net.space.parse("r32-x3:k3e4,k3e4:k3e4,k3e4:k3e4,k3e4")
    backward(F.cross_entropy(net(given, arch), torch.arange(6) % 4))
    shared = net.of_width(net.space.plan(arch))
    for stage in range(3):
        for layer in range(2):
            names = [name for name, _ in shared.largest.level(stage, layer).named_parameters()]
            (name,) = [name for name in names if name.endswith("1.0.weight")]
            gradient = shared.largest.level(stage, layer).get_parameter(name).grad
            assert gradient is not None
            outside = gradient.clone()
            outside[:, :, 1:4, 1:4] = 0
            assert not outside.any() and gradient.any()
            (mapped,) = shared.maps_of(stage, layer).values()
            assert mapped.grad is not None and mapped.grad.any()


def test_dense_skips_change_nothing_up_to_two_layers() -> None:
    base, dense, given = made(RICH), made(DENSE), images()
    for depth in (1, 2):
        stage = ",".join(["k5e3"] * depth)
        texts = [f"r11-w2-x2:{stage}:{stage}"] * 2
        found = [
            net(given, net.space.parse(text))
            for net, text in zip((base, dense), texts, strict=True)
        ]
        assert torch.equal(*found)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_dense_skips_equal_their_formula(depth: int) -> None:
    """What a layer reads, written out: y1, y2, y3 + y1, y4 + y1 + y2, y5 + y1 + y2 + y3."""
    net, given = made(DENSE).eval(), images()
    text = f"r11-w1-x1:{','.join(['k5e3', 'k3e6', 'k7e2', 'k3e2', 'k5e6'][:depth])}"
    arch = net.space.parse(text)
    moments = calibrate(net, arch, given)
    network = extract(net, arch, moments)
    level = [network.level(0, at) for at in range(depth)]
    y1 = level[0](network.stem(network.resize(given)))
    y2 = level[1](y1)
    y3 = level[2](y2)
    made_ = {3: y3 + y1}
    if depth > 3:
        y4 = level[3](y3 + y1)
        made_[4] = y4 + y1 + y2
        if depth > 4:
            y5 = level[4](y4 + y1 + y2)
            made_[5] = y5 + y1 + y2 + y3
    expected = network.exits["1"](made_[depth])
    assert torch.allclose(network(given), expected, atol=1e-6)
    assert torch.allclose(net(given, arch, moments), expected, atol=1e-5)
    plain = made(RICH)
    assert not torch.allclose(plain(given, plain.space.parse(text)), net(given, arch))


@pytest.mark.parametrize("pattern", range(1, 8))
def test_branches_are_summed(pattern: int) -> None:
    net, given = made(PARALLEL), images()
    every = Options.every(PARALLEL)
    options = replace(every, patterns=(pattern,), depths=(1,), exits=(1,), kernels=(5,))
    arch = options.largest(net.space)
    moments = calibrate(net, arch, given)
    network = extract(net, arch, moments)
    stem = network.stem(network.resize(given))
    branches = dict(network.level(0, 0).branches.items())
    names = [name for bit, name in ((1, "elastic"), (2, "conv"), (4, "light")) if pattern & bit]
    assert list(branches) == names
    total = torch.stack([branches[name](stem) for name in names]).sum(dim=0)
    assert torch.allclose(network(given), network.exits["1"](total), atol=1e-6)
    assert torch.allclose(net(given, arch, moments), network(given), atol=1e-5)
