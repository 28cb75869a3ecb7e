from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from agnet.errors import InvalidInput
from agnet.spaces import NASBench201, Subset
from agnet.spaces.elastic import ElasticSpace, elastic_preset
from agnet.strategies.nat import beginning

CIFAR = ElasticSpace(elastic_preset("cifar"))


def test_depths_and_exits_are_equally_likely() -> None:
    """Histograms of 3000 draws; all but the extremes that come first."""
    archs = beginning(CIFAR, 3002, np.random.default_rng(0), "filled")[2:]
    plans = [CIFAR.plan(arch) for arch in archs]
    exits = np.bincount([plan.exit for plan in plans])[1:]
    assert chisquare(exits).pvalue > 0.01
    depths = np.bincount([len(stage) for plan in plans for stage in plan.stages])[2:]
    assert len(depths) == 3
    assert chisquare(depths).pvalue > 0.01


def test_uniform_genes_make_deep_stages() -> None:
    """As was published: a zero among ten codes is rare, and moves to the end of its stage."""
    archs = beginning(CIFAR, 2000, np.random.default_rng(0), "genes")
    depths = np.bincount([len(stage) for arch in archs for stage in CIFAR.plan(arch).stages])
    shares = depths[2:] / depths.sum()
    assert np.allclose(shares, [0.01, 0.18, 0.81], atol=0.02)


def test_all_differ() -> None:
    tiny = ElasticSpace(elastic_preset("tiny"))
    for draw in ("filled", "genes", "uniform"):
        archs = beginning(tiny, 300, np.random.default_rng(0), draw)
        assert len(set(archs)) == 300


def test_a_small_space_gives_what_it_has() -> None:
    space = Subset(NASBench201().enumerate()[:5])
    assert 3 <= len(set(beginning(space, 50, np.random.default_rng(0), "filled"))) <= 5


def test_other_words_are_refused() -> None:
    with pytest.raises(InvalidInput, match="draw = 'wild'"):
        beginning(CIFAR, 3, np.random.default_rng(0), "wild")
