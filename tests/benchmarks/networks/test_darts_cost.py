from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agnet.benchmarks.networks import DARTSSkeleton, network_cost
from agnet.benchmarks.networks.darts_cost import darts_costs
from agnet.errors import InvalidInput
from agnet.spaces import DARTS, Architecture, NASBench201
from experiments.imagenet.published import SHORT, genotype
from tests.genotypes import PUBLISHED, published

SPACE = DARTS()
IMAGENET = DARTSSkeleton(channels=48, layers=14, stem="imagenet")


def built(
    skeleton: DARTSSkeleton, arch: Architecture, image: tuple[int, int, int], classes: int
) -> tuple[int, int]:
    """The slow way: a network, and an image that passes through it."""
    made = skeleton.build(arch, image, classes, torch.Generator())
    return astuple(network_cost(made, image))


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize(
    ("channels", "layers", "image", "classes"),
    [
        (2, 1, (3, 8, 8), 10),
        (3, 2, (1, 9, 14), 3),
        (4, 3, (3, 1, 1), 2),
        (5, 4, (2, 33, 7), 7),
        (8, 5, (3, 32, 32), 100),
        (7, 8, (3, 37, 50), 1),
    ],
)
def test_costs_are_those_of_the_built_networks(
    channels: int,
    layers: int,
    image: tuple[int, int, int],
    classes: int,
    stem: Any,
    auxiliary: bool,
) -> None:
    skeleton = DARTSSkeleton(channels, layers, stem, auxiliary)
    archs = SPACE.sample(3, np.random.default_rng(layers))
    expected = [built(skeleton, arch, image, classes) for arch in archs]
    assert list(map(tuple, skeleton.costs(archs, image, classes).tolist())) == expected


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    channels=st.integers(2, 6),
    layers=st.integers(1, 7),
    stem=st.sampled_from(["cifar", "imagenet"]),
    sides=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_costs_of_any_network(
    seed: int, channels: int, layers: int, stem: Any, sides: tuple[int, int]
) -> None:
    (arch,) = SPACE.sample(1, np.random.default_rng(seed))
    skeleton, image = DARTSSkeleton(channels, layers, stem, bool(seed % 2)), (3, *sides)
    assert astuple(skeleton.cost(arch, image, 5)) == built(skeleton, arch, image, 5)


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("reads", [0, 2])
def test_the_cost_of_every_operation(name: str, reads: int) -> None:
    """One operation is another one than before, in one cell."""
    plain = "max@0 avg@1 max@0 max@1 max@0 max@1 max@0 max@2"
    other = plain.removesuffix("max@0 max@2") + f"{name}@{reads} max@1"
    skeleton, image = DARTSSkeleton(channels=4, layers=3), (3, 9, 8)
    for cells in ((other, plain), (plain, other)):
        arch = genotype(*cells)
        assert astuple(skeleton.cost(arch, image, 10)) == built(skeleton, arch, image, 10)


@pytest.mark.parametrize("name", ["PC-DARTS ImageNet", "P-DARTS"])
def test_published_networks_at_full_size(name: str) -> None:
    image = (3, 224, 224)
    assert astuple(IMAGENET.cost(published(name), image, 1000)) == built(
        IMAGENET, published(name), image, 1000
    )


def test_one_by_hand() -> None:
    """Stem 3x3 to 6 channels; one reduction cell of 4 channels, of poolings; a classifier of 16."""
    pools = "max@0 max@1 max@0 max@1 max@0 max@1 max@0 skip@1"
    parameters = (27 * 6 + 12) + 2 * (6 * 4 + 8) + (4 * 4 + 8) + 17 * 5
    macs = 64 * 27 * 6 + 64 * 2 * 6 * 4 + 16 * 4 * 4 + 16 * 5
    found = DARTSSkeleton(2, 1).cost(genotype(pools, pools), (3, 8, 8), 5)
    assert astuple(found) == (parameters, macs)


def test_a_batch_costs_what_its_members_do() -> None:
    archs = SPACE.sample(40, np.random.default_rng(1))
    found = IMAGENET.costs(archs, (3, 224, 224), 1000)
    assert found.shape == (40, 2)
    assert len(np.unique(found, axis=0)) > 35
    for row, arch in zip(found, archs, strict=True):
        assert astuple(IMAGENET.cost(arch, (3, 224, 224), 1000)) == tuple(row)
    listed = IMAGENET.costs([published(name) for name in PUBLISHED], (3, 224, 224), 1000)
    assert listed.shape == (len(PUBLISHED), 2)
    assert IMAGENET.costs([], (3, 224, 224), 1000).shape == (0, 2)


def test_what_cannot_be_built_cannot_be_counted() -> None:
    with pytest.raises(InvalidInput, match="an architecture of darts"):
        IMAGENET.costs(list(NASBench201().sample(1, np.random.default_rng(0))), (3, 32, 32), 10)
    with pytest.raises(InvalidInput, match="layers = 0"):
        darts_costs([], (3, 32, 32), 10, channels=2, layers=0, stem="cifar", auxiliary=False)
