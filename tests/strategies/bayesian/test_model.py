from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.strategies.archive import Archive
from agnet.strategies.bayesian import BayesianModel
from tests.strategies.bayesian.told import LIMITS, SPACE, cost, told


def model_of(archive: Archive, acquisition: str = "qparego") -> BayesianModel:
    model = BayesianModel(archive.problem, np.random.default_rng(0), acquisition)
    model.learn(archive)
    return model


def test_unknown_acquisitions_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'ehvi'; expected one of qnehvi, qehvi, qparego"):
        BayesianModel(told().problem, np.random.default_rng(0), "ehvi")


def test_what_breaks_a_computed_limit_comes_last() -> None:
    model = model_of(told(limits=LIMITS[:1]))
    pool = SPACE.sample(60, np.random.default_rng(2))
    keeps = cost(pool) <= 14
    few = np.flatnonzero(keeps)[:2].tolist()
    mixed = pool[np.array(few + np.flatnonzero(~keeps)[:6].tolist())]
    chosen = model.choose(mixed, 5)
    assert set(chosen[:2].tolist()) == {0, 1}
    assert (np.diff(cost(mixed)[chosen[2:]]) >= 0).all()
    assert keeps[model.choose(pool, 5)].all()


def test_before_anything_was_learnt_the_first_are_taken() -> None:
    pool = SPACE.sample(6, np.random.default_rng(2))
    model = BayesianModel(told().problem, np.random.default_rng(0), "qnehvi")
    assert model.choose(pool, 3).tolist() == [0, 1, 2]
    model.learn(told(n=1))
    assert model.choose(pool, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("acquisition", ["qnehvi", "qehvi", "qparego"])
def test_small_pools(acquisition: str) -> None:
    model = model_of(told(), acquisition)
    pool = SPACE.sample(3, np.random.default_rng(2))
    assert sorted(model.choose(pool, 5).tolist()) == [0, 1, 2]
    assert len(model.choose(pool[:0], 5)) == 0
    assert len(model.choose(pool, 0)) == 0
