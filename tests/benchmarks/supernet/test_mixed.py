"""The super-network of NAS-Bench-201 against the networks that it is made of."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agnet.benchmarks.networks import NASBench201Skeleton, network_cost
from agnet.benchmarks.supernet import MixedCells, MixedSharing
from agnet.benchmarks.supernet.pooling import norms_of
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, NASBench201
from agnet.spaces.elastic import ElasticSpace, elastic_preset
from tests.benchmarks.supernet.nets import backward

SPACE = NASBench201()
SKELETON = NASBench201Skeleton(channels=3, cells=2)
cells = st.tuples(*[st.integers(0, 4)] * 6)
# Dead ends, convolutions of nothing, and the empty cell.
ODD = [(0,) * 6, (3, 0, 0, 0, 0, 0), (0, 1, 3, 0, 2, 3), (0, 0, 2, 0, 1, 4), (2, 0, 0, 0, 3, 3)]


def shared(affine: bool = True, seed: int = 0) -> MixedSharing:
    """A super-network whose norms are not those it begins with, if they learn."""
    generator = torch.Generator().manual_seed(seed)
    net = MixedCells(SKELETON, 5, 2, generator=generator, affine=affine)
    with torch.no_grad():
        for norm in norms_of(net) if affine else ():
            norm.weight.uniform_(0.5, 1.5, generator=generator)
            norm.bias.uniform_(-0.5, 0.5, generator=generator)
    return MixedSharing(net)


NET = shared()


def images(count: int = 6, side: int = 7) -> torch.Tensor:
    return torch.rand(count, 2, side, side, generator=torch.Generator().manual_seed(3))


def plain(sharing: MixedSharing, arch: Architecture) -> torch.Tensor:
    """What a network of the arch, given the same weights one by one, says in training mode."""
    network = SKELETON.build(arch, (2, 7, 7), 5, torch.Generator().manual_seed(9))
    state = sharing.net.state_dict()
    named = dict(network.named_parameters())
    ops = str(arch).replace("+", "").strip("|").replace("||", "|").split("|")
    with torch.no_grad():
        for name, own in named.items():
            parts = name.split(".")
            if "_edges" in parts:
                at = parts.index("_edges") + 2
                parts.insert(at, ops[int(parts[at - 1])].split("~")[0])
            own.copy_(state[".".join(parts)])
        said: torch.Tensor = network.train()(images())
        return said


@settings(deadline=None, max_examples=40)
@given(cells)
def test_any_cell_is_the_plain_network_of_the_same_weights(ops: tuple[int, ...]) -> None:
    arch = Architecture(SPACE, ops)
    with torch.no_grad():
        torch.testing.assert_close(NET.scores(images(), arch), plain(NET, arch))


@pytest.mark.parametrize("ops", ODD)
def test_cells_with_dead_ends_are_too(ops: tuple[int, ...]) -> None:
    arch = Architecture(SPACE, ops)
    with torch.no_grad():
        torch.testing.assert_close(NET.scores(images(), arch), plain(NET, arch))


@pytest.mark.parametrize("ops", [*ODD, (3, 1, 2, 4, 3, 2)])
def test_a_network_cut_out_is_normalised_by_all_images_together(ops: tuple[int, ...]) -> None:
    """As by one batch of them all, with the variance of a sample, layer by layer."""
    arch, given = Architecture(SPACE, ops), images(40)
    network, twin = NET.network(arch, given), NET.net.cut_out(arch).train()
    for norm in norms_of(twin):
        norm.momentum = 1.0
    with torch.no_grad():
        twin(given)
        assert not network.training
        torch.testing.assert_close(network(given), twin.eval()(given))


def test_nothing_is_remembered_and_the_mode_makes_no_difference() -> None:
    sharing = shared()
    before = deepcopy(sharing.net.state_dict())
    first, second = SPACE.sample(2, np.random.default_rng(0))
    with torch.no_grad():
        said = sharing.scores(images(), first)
        sharing.scores(images(), second)
        sharing.network(second, images())
        sharing.weights.eval()
        assert torch.equal(sharing.scores(images(), first), said)
    assert not list(sharing.net.buffers())
    after = sharing.net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_cell_learns_with_the_weights_of_its_live_edges_alone() -> None:
    sharing = shared(affine=False)
    # 0>1 a 3x3 that leads on, 0>2 a 1x1 that leads nowhere.
    arch = SPACE.parse("|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|none~2|")
    backward(sharing.scores(images(), arch).square().sum())
    learnt = {name for name, weight in sharing.net.named_parameters() if weight.grad is not None}
    edges = {name.split("_edges.")[1] for name in learnt if "_edges" in name}
    assert edges == {"0.nor_conv_3x3.1.weight"}
    assert sum("_edges" in name for name in learnt) == 3 * SKELETON.cells
    assert "_classifier.weight" in learnt


def test_norms_learn_if_they_are_to() -> None:
    assert {norm.weight.requires_grad for norm in norms_of(shared(affine=True).net)} == {True}
    assert {norm.weight.requires_grad for norm in norms_of(shared(affine=False).net)} == {False}


def test_costs_are_those_of_the_networks() -> None:
    archs = [Architecture(SPACE, ops) for ops in ODD]
    archs += list(SPACE.sample(8, np.random.default_rng(4)))
    found = NET.costs(archs, (2, 7, 7))
    for arch, costs in zip(archs, found.tolist(), strict=True):
        assert astuple(network_cost(NET.network(arch, images()), (2, 7, 7))) == tuple(costs)
    assert NET.costs([], (2, 7, 7)).shape == (0, 2)


@pytest.mark.parametrize("weights", ["torch", "he"])
def test_weights_begin_as_those_of_plain_networks_do(weights: Any) -> None:
    skeleton = NASBench201Skeleton(channels=16, cells=1, weights=weights)
    net = MixedCells(skeleton, 10, 3, generator=torch.Generator().manual_seed(0))
    arch = SPACE.parse(
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_3x3~1|nor_conv_1x1~2|"
    )
    own = dict(net.cut_out(arch).named_parameters())
    plain = skeleton.build(arch, (3, 8, 8), 10, torch.Generator().manual_seed(1))
    for name, parameter in plain.named_parameters():
        found, expected = own[name].detach(), parameter.detach()
        if expected.ndim > 1:
            assert float(found.std() / expected.std()) == pytest.approx(1, abs=0.15)
        else:
            assert bool(found.any()) == bool(expected.any())


def test_what_does_not_fit_is_refused() -> None:
    elastic = ElasticSpace(elastic_preset("tiny"))
    other = elastic.sample(1, np.random.default_rng(0))[0]
    for ask in (NET.scores, lambda given, arch: NET.network(arch, given)):
        with pytest.raises(InvalidInput, match="expected one of nasbench201"):
            ask(images(), other)
    with pytest.raises(InvalidInput, match="expected one of nasbench201"):
        NET.costs([other], (2, 7, 7))
    with pytest.raises(InvalidInput, match="at least two"):
        NET.network(SPACE.sample(1, np.random.default_rng(0))[0], images(1))
    with pytest.raises(InvalidInput, match="at least one of each"):
        MixedCells(SKELETON, 0, generator=torch.Generator())
    unknown: Any = "ones"
    with pytest.raises(InvalidInput, match="got weights = 'ones'; expected one of torch, he"):
        MixedCells(NASBench201Skeleton(weights=unknown), generator=torch.Generator())
