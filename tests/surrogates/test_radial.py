from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import NASBench201, SearchSpace
from agnet.surrogates import RadialBasis, Surrogate
from agnet.testing.surrogates import SurrogateContract


class TestRadialBasis(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return RadialBasis(space, rng, members=10)


def test_a_plane_is_learnt_exactly_by_a_member_that_sees_all() -> None:
    space = NASBench201()
    archs = space.sample(90, np.random.default_rng(0))
    values = (archs.choices * [1, 0, 0, 0, 0, 0]).sum(axis=1, keepdims=True).astype(np.float64)
    model = RadialBasis(space, np.random.default_rng(0), members=30)
    model.fit(archs[:60], values[:60])
    # Members that do not see the first choice know nothing of it.
    sees = np.array([0 in columns for columns, _ in model._models])
    scaled = (archs[60:].choices - model._low) / model._span
    for columns, one in (pair for pair, good in zip(model._models, sees, strict=True) if good):
        told = one(scaled[:, columns])[:, 0] * model._scale[0] + model._centre[0]
        assert np.allclose(told, values[60:, 0], atol=1e-6)
    assert 0 < sees.sum() < len(sees)


def test_the_number_of_members_is_checked() -> None:
    space = NASBench201()
    with pytest.raises(InvalidInput, match="0 members"):
        RadialBasis(space, np.random.default_rng(0), members=0)
    first = RadialBasis(space, np.random.default_rng(0), members=2)
    first.fit(space.sample(6, np.random.default_rng(0)), np.arange(6.0)[:, None])
    with pytest.raises(CheckpointError, match="2 members"):
        RadialBasis(space, np.random.default_rng(0), members=3).load_state_dict(first.state_dict())
