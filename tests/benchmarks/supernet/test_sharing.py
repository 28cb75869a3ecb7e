"""What searches need of a super-network."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import torch

from agnet.benchmarks.networks import network_cost
from agnet.benchmarks.supernet import ElasticSharing, SuperNetwork, calibrate
from agnet.spaces.elastic import elastic_preset


def test_an_elastic_network_is_the_path_through_the_super_network_and_costs_what_it_says() -> None:
    net = SuperNetwork(elastic_preset("tiny"), torch.Generator().manual_seed(0))
    shared = ElasticSharing(net)
    images = torch.rand(40, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    archs = shared.space.sample(3, np.random.default_rng(0))
    for arch, (params, macs) in zip(archs, shared.costs(archs, (3, 32, 32)), strict=True):
        network = shared.network(arch, images)
        moments = calibrate(net, arch, images)
        with torch.no_grad():
            torch.testing.assert_close(network(images), net(images, arch, moments))
            torch.testing.assert_close(shared.scores(images, arch), net(images, arch))
        counted = astuple(network_cost(network, (3, 32, 32)))
        assert counted == (params, macs)
    assert shared.weights is net
