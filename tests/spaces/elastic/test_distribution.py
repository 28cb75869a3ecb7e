from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.spaces.elastic import ElasticSpace, GeneDistribution, elastic_preset, sample_filled

SPACE = ElasticSpace(elastic_preset("tiny"))
DRAWS = 20_000


def test_frequencies_are_reproduced() -> None:
    """Total variation of at most 0.02, without a share of uniform draws."""
    archs = sample_filled(SPACE, 40, np.random.default_rng(0))
    given = GeneDistribution.of(SPACE, archs, smoothing=1e-9, uniform=0.0)
    drawn = given.sample(SPACE, DRAWS, np.random.default_rng(1))
    heads, codes = SPACE.genes.split(SPACE.to_choices(drawn))
    theirs, their_codes = SPACE.genes.split(SPACE.to_choices(archs))
    for column, options in ((0, 3), (2, 3)):
        before = np.bincount(theirs[:, column], minlength=options) / len(theirs)
        after = np.bincount(heads[:, column], minlength=options) / len(heads)
        assert np.abs(before - after).sum() / 2 <= 0.02
    depth, their_depth = SPACE.genes.depths(codes)[:, 0], SPACE.genes.depths(their_codes)[:, 0]
    assert abs((depth == 2).mean() - (their_depth == 2).mean()) <= 0.02
    before, after = (
        np.bincount(one[:, 0, 0], minlength=7) / len(one) for one in (their_codes, codes)
    )
    assert np.abs(before - after).sum() / 2 <= 0.02


def test_no_option_dies_and_two_peaks_stay_two() -> None:
    first = SPACE.parse("r24-x1:k3e2")
    second = SPACE.parse("r32-x1:k5e4")
    given = GeneDistribution.of(SPACE, [first, second] * 50)
    drawn = given.sample(SPACE, DRAWS, np.random.default_rng(0))
    heads, codes = SPACE.genes.split(SPACE.to_choices(drawn))
    resolution = np.bincount(heads[:, 0], minlength=3) / DRAWS
    assert resolution[1] >= 0.1 / 3 - 0.01
    assert min(resolution[0], resolution[2]) > 0.4
    layer = np.bincount(codes[:, 0, 0], minlength=7)[1:] / DRAWS
    assert (layer >= 0.1 / 6 - 0.01).all()
    assert layer[[1, 2, 3, 4]].max() < 0.05
    # Stages that none of them has are drawn as if nothing were known.
    deep = SPACE.genes.depths(codes)[:, 2]
    assert abs((deep[deep > 0] == 2).mean() - 0.5) < 0.1


def test_all_that_is_drawn_is_an_architecture() -> None:
    rich = ElasticSpace(elastic_preset("cifar"))
    given = GeneDistribution.of(rich, [])
    archs = given.sample(rich, 500, np.random.default_rng(0))
    assert rich.is_valid(archs.choices).all()
    assert {rich.plan(arch).exit for arch in archs} == {1, 2, 3, 4, 5}


def test_settings_that_forget_options_are_refused() -> None:
    with pytest.raises(InvalidInput, match="smoothing = 0"):
        GeneDistribution.of(SPACE, [], smoothing=0.0, uniform=0.0)
