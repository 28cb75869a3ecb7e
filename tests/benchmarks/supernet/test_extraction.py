from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks import export_onnx, export_torchscript, network_cost
from agnet.benchmarks.supernet import SuperNetwork, calibrate, extract
from agnet.benchmarks.supernet.extraction import cut_out, shared_pairs
from agnet.benchmarks.supernet.pooling import norms_of
from agnet.benchmarks.supernet.slicing import part_of, region
from agnet.errors import InvalidInput
from agnet.spaces import Architecture
from agnet.spaces.elastic import ElasticConfig, ElasticSpace, Options, elastic_preset, sample_filled
from tests.benchmarks.supernet.nets import (
    DENSE,
    PARALLEL,
    RICH,
    SINGLE,
    TINY,
    backward,
    images,
    made,
)

CONFIGS = [replace(TINY, resolutions=(8, 12)), RICH, DENSE, PARALLEL, SINGLE]
NAMES = ["tiny", "rich", "dense", "parallel", "single"]


def some(net: SuperNetwork, count: int) -> list[Architecture]:
    """The largest, the smallest, and others."""
    every = Options.every(net.config)
    drawn = sample_filled(net.space, count - 2, np.random.default_rng(7))
    return [every.largest(net.space), every.smallest(net.space), *drawn]


@pytest.mark.parametrize("count", [12, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
def test_a_network_cut_out_says_and_costs_the_same(config: ElasticConfig, count: int) -> None:
    """60 networks of five configurations, or 200."""
    net, given = made(config), images()
    archs = some(net, count)
    for arch in archs:
        moments = calibrate(net, arch, given, batch=3)
        network = extract(net, arch, moments)
        with torch.no_grad():
            torch.testing.assert_close(
                network(given), net(given, arch, moments), rtol=1e-5, atol=1e-5
            )
        assert [sum(p.numel() for p in network.parameters())] == net.space.params([arch]).tolist()
        assert [multiplications(network, given[:1])] == net.space.macs([arch]).tolist()
        assert not any("Elastic" in type(part).__name__ for part in network.modules())
    assert len({str(arch) for arch in archs}) > 0.8 * count


def multiplications(network: nn.Module, given: torch.Tensor) -> int:
    """Counts the multiply-adds of one image: what torch's counter does, but fast."""
    counted = []

    def count(layer: nn.Module, _: object, made: torch.Tensor) -> None:
        assert isinstance(layer, (nn.Conv2d, nn.Linear))
        counted.append(made.numel() * layer.weight[0].numel())

    layers = [one for one in network.modules() if isinstance(one, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    network(given)
    for hook in hooks:
        hook.remove()
    return sum(counted)


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
def test_costs_are_those_that_torch_counts(config: ElasticConfig) -> None:
    net = made(config)
    arch = some(net, 3)[2]
    network = cut_out(net, arch)
    cost = network_cost(network, (3, 11, 11))
    assert cost.parameters == net.space.params([arch])[0]
    assert cost.macs == net.space.macs([arch])[0] == multiplications(network, images(1))


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
def test_gradients_are_those_of_the_network_alone(config: ElasticConfig) -> None:
    """In training, by batch statistics; what no network uses has none."""
    net = made(config).double()
    given = images().double()
    labels = torch.arange(6) % config.classes
    for arch in some(net, 4):
        network = cut_out(net, arch).double().train()
        backward(F.cross_entropy(network(given), labels))
        net.zero_grad()
        backward(F.cross_entropy(net(given, arch), labels))
        plan = net.space.plan(arch)
        for own, whole, maps in shared_pairs(net, plan, network):
            assert own.grad is not None
            # Through the maps of kernels, the gradient of what was made of the shared weight.
            copy = whole.detach().clone().requires_grad_()
            backward((part_of(copy, own.shape, maps) * own.grad).sum())
            assert whole.grad is not None and copy.grad is not None
            assert torch.allclose(whole.grad, copy.grad, atol=1e-9)
            outside = torch.ones_like(whole, dtype=torch.bool)
            outside[region(whole.shape, own.shape)] = False
            if not maps:
                assert not whole.grad[outside].any()


def test_a_network_cut_out_shares_nothing() -> None:
    net, given = made(RICH), images()
    arch = some(net, 3)[2]
    moments = calibrate(net, arch, given)
    network = extract(net, arch, moments)
    before = network(given)
    with torch.no_grad():
        for weight in net.parameters():
            weight.zero_()
        for pair in moments:
            pair[0].zero_()
    assert torch.equal(network(given), before)


def test_several_exits_are_those_of_the_super_network() -> None:
    net, given = made(TINY), images(side=32)
    arch = Options.every(TINY).largest(net.space)
    moments = calibrate(net, arch, given, exits=(1, 2, 3))
    together = extract(net, arch, moments, exits=(1, 2, 3))(given)
    assert len(together) == 3
    for found, expected in zip(together, net.exits(given, arch, moments), strict=True):
        assert torch.allclose(found, expected, atol=1e-5)
    # Each norm before an exit has the same moments as without the others.
    for last in (1, 3):
        alone = extract(net, arch, calibrate(net, arch, given, exits=(last,)), exits=(last,))
        assert torch.allclose(alone(given), together[last - 1], atol=1e-5)


def test_what_does_not_belong_together_is_refused() -> None:
    net, given = made(TINY), images(side=32)
    large, small = some(net, 2)
    moments = calibrate(net, small, given)
    with pytest.raises(InvalidInput, match="same architecture"):
        extract(net, large, moments)
    with pytest.raises(InvalidInput, match="same architecture"):
        net(given, large, moments)
    with pytest.raises(InvalidInput, match="the exit 2"):
        calibrate(net, small, given, exits=(1, 2))
    with pytest.raises(InvalidInput, match="expected an architecture of elastic-tiny"):
        net(given, made(RICH).space.sample(1, np.random.default_rng(0))[0])


def test_the_published_networks() -> None:
    """Parameters of both widths: the largest network, and 20 pairs of kernel maps."""
    config = elastic_preset("imagenet")
    space = ElasticSpace(config)
    net = SuperNetwork(config, torch.Generator().manual_seed(0))
    totals = [sum(one.numel() for one in part.parameters()) for part in net.weights]
    exits = [space.params([Options.every(config).largest(space)])]
    assert exits[0].tolist() == [10_701_632]
    early = []
    for width in config.widths:
        heads = [config.head_channels(stage, width) for stage in range(4)]
        early.append(sum(c * e + 2 * e + e * f + (f + 1) * 1000 for c, e, f in heads))
    assert [all_ - more for all_, more in zip(totals, early, strict=True)] == [
        7_678_880,
        10_715_752,
    ]
    arch = space.parse("r128-w1.2-x3:k5e4,k3e6:k7e3,k3e3,k5e4:k3e3,k3e3")
    network = cut_out(net, arch)
    cost = network_cost(network, (3, 128, 128))
    assert [cost.parameters, cost.macs] == [*space.params([arch]), *space.macs([arch])]


@pytest.mark.parametrize("count", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_onnx_runtime_says_what_torch_says(count: int, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    net, given = made(RICH), images(8)
    for arch in some(net, 11)[1 : 1 + count]:
        network = extract(net, arch, calibrate(net, arch, given))
        path = tmp_path / "network.onnx"
        export_onnx(network, (3, 11, 11), path)
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for batch in (1, 5):
            (found,) = session.run(["scores"], {"images": given[:batch].numpy()})
            expected = network(given[:batch]).detach().numpy()
            assert np.abs(found - expected).max() < 1e-4


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_torchscript_says_what_torch_says(tmp_path: Path) -> None:
    net, given, path = made(RICH), images(8), tmp_path / "network.ts"
    arch = some(net, 3)[2]
    network = extract(net, arch, calibrate(net, arch, given))
    export_torchscript(network, (3, 11, 11), path)
    loaded = torch.jit.load(path)  # type: ignore[no-untyped-call]
    assert torch.allclose(loaded(given), network(given), atol=1e-4)


def test_norms_are_in_the_order_of_the_pass() -> None:
    net = made(PARALLEL)
    network = cut_out(net, some(net, 2)[0])
    seen = []
    for norm in norms_of(network):
        norm.register_forward_hook(lambda module, *_: seen.append(module))
    network(images())
    assert seen == norms_of(network)
