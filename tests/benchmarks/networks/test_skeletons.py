from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from agnet.benchmarks.networks import (
    BlockSkeleton,
    DARTSSkeleton,
    ElasticSkeleton,
    MobileNetSkeleton,
    NASBench101Skeleton,
    NASBench201Skeleton,
    Skeleton,
    network_cost,
    read_skeleton,
    skeleton_of,
)
from agnet.benchmarks.networks.elastic import Together
from agnet.benchmarks.networks.mobilenet import MobileNetV3
from agnet.benchmarks.scores import HasFeatures
from agnet.errors import InvalidInput
from agnet.seeds import stream
from agnet.spaces import (
    DARTS,
    BlockCells,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
    open_space,
)

SMALL: list[tuple[SearchSpace, Skeleton, tuple[int, int, int]]] = [
    (BlockCells(), BlockSkeleton(2, 1, 4), (1, 8, 8)),
    (NASBench201(), NASBench201Skeleton(4, 1), (1, 8, 8)),
    (NASBench101(), NASBench101Skeleton(8, 2, 1), (3, 8, 8)),
    (DARTS(), DARTSSkeleton(channels=2, layers=3, stem="imagenet"), (3, 32, 32)),
    (OFAMobileNetV3(), MobileNetSkeleton(resize=False), (1, 32, 32)),
    (open_space("elastic-tiny"), ElasticSkeleton(), (1, 8, 8)),
    (open_space("elastic-tiny-dense"), ElasticSkeleton(together=True), (1, 8, 8)),
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("space", "skeleton", "image"), SMALL, ids=lambda case: repr(case)[:20])
def test_networks_of_every_skeleton(
    space: SearchSpace, skeleton: Skeleton, image: tuple[int, int, int]
) -> None:
    arch = space.sample(1, stream(0, "arch"))[0]
    made, same, other = (
        skeleton.build(arch, image, 7, generator(seed)).eval() for seed in (0, 0, 1)
    )
    images = torch.rand(2, *image, generator=generator())
    scores = made(images)
    assert scores.shape == (2, 7)
    assert torch.equal(same(images), scores)
    assert not torch.equal(other(images), scores)
    assert skeleton.cost(arch, image, 7) == network_cost(made, image)
    assert isinstance(made, HasFeatures)
    features = made.features(images)
    assert (features.ndim, len(features)) == (4, 2)
    assert json.loads(json.dumps(skeleton.settings)) == skeleton.settings


def test_images_are_brought_to_the_resolution_of_the_architecture() -> None:
    space = OFAMobileNetV3()
    arch = space.sample(1, stream(0, "arch"))[0]
    kept, resized = (MobileNetSkeleton(resize) for resize in (False, True))
    network = kept.build(arch, (3, 32, 32), 1000, generator())
    assert isinstance(network, MobileNetV3)
    side = network.resolution
    found = resized.cost(arch, (3, 32, 32), 1000)
    assert found == kept.cost(arch, (3, side, side), 1000)
    assert found.macs > 10 * kept.cost(arch, (3, 32, 32), 1000).macs
    made = resized.build(arch, (3, 20, 30), 5, generator())
    assert made(torch.rand(2, 3, 20, 30)).shape == (2, 5)
    assert isinstance(made, HasFeatures)
    assert made.features(torch.rand(2, 3, 20, 30)).shape[2:] == (side // 32, side // 32)


def test_a_space_without_networks_is_refused() -> None:
    assert skeleton_of(DARTS()) == DARTSSkeleton()
    with pytest.raises(InvalidInput, match=r"no networks.*expected one of BlockCells"):
        skeleton_of(Subset(NASBench201().enumerate()[:3]))


def test_exits_that_say_together_what_they_say_are_learnt_from_alike() -> None:
    space = open_space("elastic-tiny")
    arch = space.parse("r24-x3:k3e2:k3e2:k3e2")
    made = ElasticSkeleton(together=True).build(arch, (3, 24, 24), 4, generator()).eval()
    assert isinstance(made, Together)
    images = torch.rand(5, 3, 24, 24, generator=generator())
    own = made.network(images)
    torch.testing.assert_close(made(images), (own[0] + own[1] + own[2]) / 3)
    trained = made.train()(images)
    assert len(trained) == 3
    expected = made.network(images)[2]
    torch.testing.assert_close(trained[0], expected)


@pytest.mark.parametrize(
    ("space", "settings"),
    [
        ("nasbench201", {"channels": -8}),
        ("nasbench201", {"cells": 0}),
        ("nasbench201", {"weights": "they"}),
        ("nasbench101", {"stacks": 0}),
        ("darts", {"layers": 0}),
        ("darts", {"stem": "imagenet", "channels": 1}),
        ("blocks", {"filters": 0}),
        ("blocks", {"motifs": 1, "cells": 0}),
    ],
    ids=str,
)
def test_impossible_settings_are_refused_when_they_are_read(
    space: str, settings: dict[str, Any]
) -> None:
    """Not when a network is built: then every query of a search fails."""
    with pytest.raises(InvalidInput, match=str(list(settings.values())[-1])):
        read_skeleton(open_space(space), settings)
