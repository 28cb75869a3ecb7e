from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import NASBench201, SearchSpace
from agnet.spaces.elastic import ElasticSpace, elastic_preset, sample_filled
from agnet.surrogates import BoostedTrees, Surrogate
from agnet.testing.surrogates import SurrogateContract


class TestBoostedTrees(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return BoostedTrees(space, rng, folds=3)


def test_the_size_of_elastic_networks_is_ranked() -> None:
    space = ElasticSpace(elastic_preset("tiny"))
    archs = sample_filled(space, 330, np.random.default_rng(0))
    size = np.log(space.macs(archs).astype(np.float64))[:, None]
    model = BoostedTrees(space, np.random.default_rng(0))
    model.fit(archs[:130], size[:130])
    mean, _ = model.predict(archs[130:])
    assert spearmanr(mean[:, 0], size[130:, 0]).statistic > 0.95


def test_the_mean_is_that_of_the_models_of_the_folds() -> None:
    space = NASBench201()
    archs = space.sample(40, np.random.default_rng(0))
    model = BoostedTrees(space, np.random.default_rng(0), folds=4)
    values = archs.choices.sum(axis=1, keepdims=True).astype(np.float64)
    model.fit(archs, values)
    rows = archs.choices.astype(np.float64)
    each = np.array([np.asarray(one.predict(rows)) for one in model._models[0]])
    assert len(each) == 4
    expected = each.mean(axis=0) * values.std() + values.mean()
    assert np.allclose(model.predict(archs)[0][:, 0], expected)


def test_the_number_of_folds_is_checked() -> None:
    space = NASBench201()
    with pytest.raises(InvalidInput, match="1 folds"):
        BoostedTrees(space, np.random.default_rng(0), folds=1)
    first = BoostedTrees(space, np.random.default_rng(0), folds=2)
    first.fit(space.sample(6, np.random.default_rng(0)), np.arange(6.0)[:, None])
    with pytest.raises(CheckpointError, match="2 folds"):
        BoostedTrees(space, np.random.default_rng(0), folds=3).load_state_dict(first.state_dict())
