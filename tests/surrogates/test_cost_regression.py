from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.surrogates.cost_regression import COST_MODELS, CostRegression


def product(n: int, high: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Costs that are a product of two features, beside one that does not matter."""
    features = np.random.default_rng(seed).uniform(0.0, high, (n, 3))
    return features, 5.0 + features[:, 0] * features[:, 1]


@pytest.mark.parametrize("model", COST_MODELS)
def test_it_ranks_what_it_has_not_seen(model: str) -> None:
    regression = CostRegression(model)
    regression.fit(*product(100, 4.0))
    features, truth = product(50, 4.0, seed=1)
    assert np.corrcoef(regression.predict(features), truth)[0, 1] > 0.9
    assert regression.predict(features[:0]).shape == (0,)


def test_a_polynomial_goes_beyond_what_it_has_seen_and_trees_do_not() -> None:
    far = np.array([[6.0, 6.0, 2.0]])
    found = {}
    for model in COST_MODELS:
        regression = CostRegression(model)
        regression.fit(*product(100, 4.0))
        found[model] = float(regression.predict(far)[0])
    assert found["boosting"] <= 5.0 + 16.0
    assert found["svr"] == pytest.approx(41.0, rel=0.15)


@pytest.mark.parametrize("model", COST_MODELS)
def test_few_examples_and_equal_costs(model: str) -> None:
    regression = CostRegression(model)
    regression.fit(np.ones((2, 3)), np.array([4.0, 4.0]))
    assert regression.predict(np.zeros((1, 3)))[0] == pytest.approx(4.0)


def test_few_examples_are_told_apart_by_either() -> None:
    features, truth = product(8, 4.0)
    for model in COST_MODELS:
        regression = CostRegression(model)
        regression.fit(features, truth)
        assert len(np.unique(regression.predict(features))) == 8


def test_what_cannot_be_learnt_is_refused() -> None:
    regression = CostRegression()
    with pytest.raises(InvalidInput, match="not been fitted"):
        regression.predict(np.ones((1, 3)))
    with pytest.raises(InvalidInput, match="expected"):
        regression.fit(np.ones((2, 3)), np.ones(3))
    with pytest.raises(InvalidInput, match="finite"):
        regression.fit(np.ones((2, 3)), np.array([1.0, np.nan]))
    with pytest.raises(InvalidInput, match="cost model"):
        CostRegression("other")
