from __future__ import annotations

from typing import cast

import pytest
import torch

from agnet.benchmarks.supernet import calibrate, sort_channels
from agnet.benchmarks.supernet.network import SharedWeights
from agnet.errors import InvalidInput
from agnet.spaces.elastic import ElasticConfig
from tests.benchmarks.supernet.nets import PARALLEL, RICH, images, made


def texts(config: ElasticConfig, expansion: int) -> list[str]:
    branches = "+conv+light" if config.parallel else ""
    widths = [f"-w{width:g}" for width in config.widths] if len(config.widths) > 1 else [""]
    stage = ",".join([f"k7e{expansion}{branches}"] * config.layers)
    return [f"r11{width}-x2:{stage}:{stage}" for width in widths]


@pytest.mark.parametrize("config", [RICH, PARALLEL], ids=["rich", "parallel"])
@pytest.mark.parametrize("trained", [(), (3,), (2, 3)])
def test_trained_networks_say_what_they_said(
    config: ElasticConfig, trained: tuple[int, ...]
) -> None:
    net, given = made(config), images()
    said = {}
    for expansion in config.expansions:
        for text in texts(config, expansion):
            arch = net.space.parse(text)
            said[arch] = expansion, net(given, arch), calibrate(net, arch, given)
    before = [p.detach().clone() for p in net.parameters()]
    sort_channels(net, trained)
    assert not all(map(torch.equal, before, net.parameters()))
    for arch, (expansion, scores, moments) in said.items():
        kept = expansion in (*trained, 6)
        assert torch.allclose(net(given, arch), scores, atol=1e-5) == kept
        if kept:  # moments move with their channels
            again = calibrate(net, arch, given)
            for old, new in zip(moments, again, strict=True):
                assert torch.allclose(old[0].sort().values, new[0].sort().values, atol=1e-5)


def test_channels_are_in_falling_order_within_their_groups() -> None:
    net = made(RICH)
    sort_channels(net, (2,))
    for shared, wide in zip(net.weights, (8, 16), strict=True):
        level = cast("SharedWeights", shared).largest.level(0, 1)
        weights = dict(level.named_parameters())
        names = [name for name in weights if weights[name].ndim == 4]
        importance = weights[names[-1]].abs().sum(dim=(0, 2, 3))
        groups = importance[: 2 * wide], importance[2 * wide :]
        assert all(bool((group.diff() <= 0).all()) for group in groups)
        assert len(groups[1]) == 4 * wide
        assert bool((importance.diff() > 0).any())


def test_expansions_that_there_are_not_are_refused() -> None:
    with pytest.raises(InvalidInput, match="trained expansion 5"):
        sort_channels(made(RICH), (5,))
