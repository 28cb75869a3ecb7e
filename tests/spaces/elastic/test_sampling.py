from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from agnet.errors import InvalidInput
from agnet.spaces.elastic import (
    ElasticSpace,
    Options,
    elastic_preset,
    sample_filled,
    sample_genes,
)

TINY, IMAGENET = (ElasticSpace(elastic_preset(name)) for name in ("tiny", "imagenet"))
PARALLEL = ElasticSpace(replace(elastic_preset("cifar"), parallel=True))


@pytest.mark.parametrize("space", [TINY, IMAGENET, PARALLEL], ids=["tiny", "imagenet", "parallel"])
def test_filled_draws_are_even_in_depths_exits_and_layers(space: ElasticSpace) -> None:
    archs = sample_filled(space, 3000, np.random.default_rng(1))
    heads, codes = space.genes.split(archs.choices)
    assert np.array_equal(space.canonical(archs.choices), archs.choices)
    for at in space.genes.heads:
        options = space.genes.options[at]
        assert chisquare(np.bincount(heads[:, at], minlength=options)).pvalue > 0.01
    depths = space.genes.depths(codes)
    there = depths[depths > 0] - space.config.depths[0]
    assert chisquare(np.bincount(there, minlength=len(space.config.depths))).pvalue > 0.01
    plans = [space.plan(arch) for arch in archs[:1000]]
    layers = [layer for plan in plans for stage in plan.stages for layer in stage]
    named = [("branches", "patterns")] if space is PARALLEL else []
    for name, known in [*named, ("kernel", "kernels"), ("expansion", "expansions")]:
        values = [getattr(layer, name) for layer in layers if getattr(layer, name)]
        counts = np.array([values.count(option) for option in getattr(space.config, known)])
        assert chisquare(counts).pvalue > 0.01


def test_uniform_genes_seldom_leave_a_layer_out() -> None:
    """Of an optional slot one value in ten is 0: depth 4 is 0.81, depth 2 only 0.01."""
    archs = sample_genes(IMAGENET, 5000, np.random.default_rng(0))
    assert np.array_equal(IMAGENET.canonical(archs.choices), archs.choices)
    depths = IMAGENET.genes.depths(IMAGENET.genes.split(archs.choices)[1])
    counts = np.bincount(depths[depths > 0], minlength=5)[2:]
    assert counts / counts.sum() == pytest.approx([0.01, 0.18, 0.81], abs=0.01)


@pytest.mark.parametrize("sample", [sample_genes, sample_filled])
def test_draws_follow_from_the_generator(sample: object) -> None:
    draw = sample_genes if sample is sample_genes else sample_filled
    first, again = (draw(TINY, 50, np.random.default_rng(1)) for _ in range(2))
    assert first == again != draw(TINY, 50, np.random.default_rng(2))
    assert len(draw(TINY, 0, np.random.default_rng(0))) == 0


def test_what_is_closed_is_not_drawn() -> None:
    every = Options.every(PARALLEL.config)
    some = replace(every, kernels=(5,), depths=(2, 4), exits=(2, 5), patterns=(4, 5))
    archs = sample_filled(PARALLEL, 300, np.random.default_rng(0), some)
    plans = [PARALLEL.plan(arch) for arch in archs]
    stages = [stage for plan in plans for stage in plan.stages]
    layers = {layer for stage in stages for layer in stage}
    assert {plan.exit for plan in plans} == {2, 5}
    assert {len(stage) for stage in stages} == {2, 4}
    assert {layer.branches for layer in layers} == {4, 5}
    assert {layer.kernel for layer in layers if layer.branches == 5} == {5}
    assert {layer.expansion for layer in layers if layer.branches == 5} == {3, 4, 6}


def test_the_largest_and_the_smallest() -> None:
    every = Options.every(TINY.config)
    largest, smallest = every.largest(TINY), every.smallest(TINY)
    assert str(largest) == "r32-x3:k5e4,k5e4:k5e4,k5e4:k5e4,k5e4"
    assert str(smallest) == "r24-x1:k3e2"
    archs = TINY.enumerate()
    for cost in (TINY.params, TINY.macs):
        assert cost([smallest, largest]).tolist() == [cost(archs).min(), cost(archs).max()]
    wide = Options.every(PARALLEL.config)
    assert str(wide.smallest(PARALLEL)) == "r24-x1:light,light"
    assert "k7e6+conv+light" in str(wide.largest(PARALLEL))


def test_options_that_a_space_does_not_have_are_refused() -> None:
    every = Options.every(TINY.config)
    for wrong in ({"kernels": (7,)}, {"exits": ()}, {"depths": (1, 2, 3)}):
        with pytest.raises(InvalidInput, match="to draw from"):
            sample_filled(TINY, 1, np.random.default_rng(0), replace(every, **wrong))
