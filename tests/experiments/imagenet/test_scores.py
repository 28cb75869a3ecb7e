from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.benchmarks.networks import DARTSSkeleton, network_cost
from agnet.benchmarks.training import ImageData, LabelledImages
from agnet.errors import InvalidInput
from agnet.spaces import DARTS
from agnet.testing import BenchmarkContract
from experiments.imagenet import scores
from experiments.imagenet.scores import CONDITION, REGIONS, Deployed, Scores
from tests.benchmarks.training.images import labelled

SMALL = Deployed(channels=2, layers=1, side=8, num_classes=5)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "PIECES_INPUTS", 100)
    monkeypatch.setattr(scores, "KERNEL_IMAGES", 4)
    monkeypatch.setattr(scores, "KERNEL", DARTSSkeleton(2, 1))


def images(count: int = 12) -> ImageData:
    pixels = np.random.default_rng(0).random((count, 3, 6, 6))
    every = LabelledImages.of(pixels, labelled(count, 3).labels.numpy())
    return ImageData("noise", every, every, every, 3)


def scoring(repeats: int = 1, seed: int = 0) -> Scores:
    return Scores(images(), SMALL, repeats, seed)


class TestScores(BenchmarkContract):
    samples = 2
    noisy = frozenset({"host_latency_ms"})

    def benchmark(self) -> Scores:
        return scoring()


def test_costs_are_those_of_the_network_to_be_trained() -> None:
    archs = DARTS().sample(3, np.random.default_rng(0))
    found = scoring().query(archs, ["flops_m", "params_m"])
    for row, arch in zip(found, archs, strict=True):
        built = SMALL.skeleton.build(arch, SMALL.image, 5, torch.Generator())
        cost = network_cost(built, SMALL.image)
        assert tuple(row) == (cost.macs / 1e6, cost.parameters / 1e6)
    by_default = Scores(images()).query(archs, ["flops_m"])
    assert (by_default > 200).all()


def test_scores_are_means_over_weights() -> None:
    archs = DARTS().sample(2, np.random.default_rng(1))
    names = [CONDITION, REGIONS]
    # Scored with a seed of its own, each of the weights that seed 0 draws two of; the inputs of
    # the regions follow from the seed, so that these are compared of one seed alone.
    both = scoring(repeats=2).query(archs, names)
    first, second = (scoring(seed=seed).query(archs, names) for seed in (0, 1))
    assert np.allclose(both[:, 0], (first[:, 0] + second[:, 0]) / 2)
    assert not np.allclose(first, second)
    assert ((both[:, 1] >= 1) & (both[:, 1] <= 100)).all()


def test_regions_tell_genotypes_apart() -> None:
    """Even of few inputs, not each lies in a region of its own."""
    found = scoring().query(DARTS().sample(4, np.random.default_rng(2)), [REGIONS])
    assert len(np.unique(found)) > 1
    assert (found < 100).any()


def test_too_few_images_are_refused() -> None:
    with pytest.raises(InvalidInput, match="batch of 4; expected 2 to 3 images"):
        Scores(images(3), SMALL)
