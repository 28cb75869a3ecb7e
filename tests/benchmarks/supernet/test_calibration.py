from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks.supernet import SuperNetwork, calibrate
from agnet.benchmarks.supernet.extraction import cut_out
from agnet.benchmarks.supernet.pooling import norms_of
from agnet.errors import InvalidInput
from agnet.spaces import Architecture
from agnet.spaces.elastic import sample_filled
from tests.benchmarks.supernet.nets import RICH, images, made


def drawn(net: SuperNetwork) -> Architecture:
    return sample_filled(net.space, 1, np.random.default_rng(5))[0]


def test_equal_batches_give_the_means_of_a_plain_pass() -> None:
    """What a norm of torch's averages over batches, if it is told to take their plain mean."""
    net, given = made(RICH), images(24)
    arch = drawn(net)
    network = cut_out(net, arch).train()
    for norm in norms_of(network):
        norm.momentum = None
    for start in range(0, 24, 8):
        network(given[start : start + 8])
    moments = calibrate(net, arch, given, batch=8)
    assert len(moments) == len(norms_of(network))
    for (mean, _), norm in zip(moments, norms_of(network), strict=True):
        assert norm.running_mean is not None
        assert torch.allclose(mean, norm.running_mean, atol=1e-5)
    one = calibrate(net, arch, given, batch=24)
    network = cut_out(net, arch).train()
    for norm in norms_of(network):
        norm.momentum = None
    network(given)
    for (_, variance), norm in zip(one, norms_of(network), strict=True):
        assert norm.running_var is not None
        assert torch.allclose(variance, norm.running_var, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", [5, 7, 11])
def test_variances_are_those_of_all_values(batch: int) -> None:
    """Batches of different sizes: pooled, they give what all values together do."""
    net, given = made(RICH), images(17)
    arch = drawn(net)
    network = cut_out(net, arch).train()
    values: dict[nn.Module, list[torch.Tensor]] = {norm: [] for norm in norms_of(network)}
    for norm in norms_of(network):
        norm.register_forward_pre_hook(lambda module, args: values[module].append(args[0]))
    for start in range(0, 17, batch):
        network(given[start : start + batch])
    moments = calibrate(net, arch, given, batch=batch)
    for (mean, variance), seen in zip(moments, values.values(), strict=True):
        every = torch.cat([one.transpose(0, 1).flatten(1) for one in seen], dim=1).double()
        assert torch.allclose(mean.double(), every.mean(dim=1), atol=1e-6)
        assert torch.allclose(variance.double(), every.var(dim=1), rtol=1e-5)


def test_one_image_left_over_joins_the_others() -> None:
    net, given = made(RICH), images(9)
    arch = drawn(net)
    moments = calibrate(net, arch, given, batch=8)
    for one, other in zip(moments, calibrate(net, arch, given, batch=9), strict=True):
        assert torch.equal(one[0], other[0])


def test_weights_and_random_numbers_stay_as_they_are() -> None:
    net, given = made(RICH), images(4)
    before, state = [p.detach().clone() for p in net.parameters()], torch.get_rng_state()
    calibrate(net, drawn(net), given)
    assert all(map(torch.equal, before, net.parameters()))
    assert torch.equal(state, torch.get_rng_state())


def test_too_few_images_are_refused() -> None:
    net = made(RICH)
    with pytest.raises(InvalidInput, match="got 1 images"):
        calibrate(net, drawn(net), images(1))
    with pytest.raises(InvalidInput, match="1 at a time"):
        calibrate(net, drawn(net), images(4), batch=1)
