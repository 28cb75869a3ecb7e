from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import NASBench201, SearchSpace
from agnet.surrogates import ExtraTrees, Surrogate
from agnet.testing.surrogates import SurrogateContract

SPACE = NASBench201()


class TestExtraTrees(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return ExtraTrees(space, rng, trees=50)


def test_known_architectures_are_remembered_without_doubt() -> None:
    archs = SPACE.sample(30, np.random.default_rng(0))
    archs = archs[np.unique(SPACE.keys(archs, "function"), return_index=True)[1]]
    values = np.arange(float(len(archs)))[:, None]
    surrogate = ExtraTrees(SPACE, np.random.default_rng(0), trees=20)
    surrogate.fit(archs, values)
    mean, std = surrogate.predict(archs)
    assert np.allclose(mean, values)
    assert np.allclose(std, 0, atol=1e-6)


def test_mean_is_that_of_scikit_learn() -> None:
    archs = SPACE.sample(40, np.random.default_rng(0))
    surrogate = ExtraTrees(SPACE, np.random.default_rng(0), trees=20)
    surrogate.fit(archs, archs.choices.sum(axis=1, keepdims=True).astype(float))
    fresh = SPACE.sample(100, np.random.default_rng(1))
    rows = surrogate._rows(surrogate._features.describe(fresh))
    assert np.allclose(surrogate.predict(fresh)[0][:, 0], surrogate._forest.predict(rows))


def test_number_of_trees_is_checked() -> None:
    with pytest.raises(InvalidInput, match="0 trees"):
        ExtraTrees(SPACE, np.random.default_rng(0), trees=0)
    first = ExtraTrees(SPACE, np.random.default_rng(0), trees=5)
    first.fit(SPACE.sample(3, np.random.default_rng(0)), np.arange(3.0)[:, None])
    with pytest.raises(CheckpointError, match="5 trees"):
        ExtraTrees(SPACE, np.random.default_rng(0), trees=6).load_state_dict(first.state_dict())
