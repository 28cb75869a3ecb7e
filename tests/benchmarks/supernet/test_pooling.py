from __future__ import annotations

import pytest
import torch
from torch import nn

from agnet.benchmarks.supernet.pooling import norms_of, pooled_moments, take_moments
from agnet.errors import InvalidInput


class Half(nn.Module):
    """Of its two norms one is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.BatchNorm2d(2), nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        said: torch.Tensor = self.used(images)
        return said


def images() -> torch.Tensor:
    return torch.rand(7, 2, 3, 3, generator=torch.Generator().manual_seed(0)) * 4 + 1


def test_a_norm_that_nothing_comes_through_keeps_what_it_begins_with() -> None:
    network = Half()
    (mean, variance), (own, ones) = pooled_moments(network, images(), 3)
    every = images().transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean, every.mean(dim=1))
    torch.testing.assert_close(variance, every.var(dim=1))
    assert torch.equal(own, torch.zeros(3)) and torch.equal(ones, torch.ones(3))
    # Nobody looks on any longer.
    assert not any(norm._forward_pre_hooks for norm in norms_of(network))


def test_a_network_that_takes_its_moments_goes_by_them() -> None:
    network = Half()
    take_moments(network, pooled_moments(Half(), images()))
    assert not network.training
    with torch.no_grad():
        found = network(images()).transpose(0, 1).flatten(1)
    torch.testing.assert_close(found.mean(dim=1), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.var(dim=1), torch.ones(2), atol=1e-4, rtol=0)


def test_moments_of_another_network_are_refused() -> None:
    moments = pooled_moments(Half(), images())
    for wrong in (moments[:1], moments[::-1]):
        with pytest.raises(InvalidInput, match="expected those that calibrate"):
            take_moments(Half(), wrong)
