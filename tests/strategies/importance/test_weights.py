from __future__ import annotations

import numpy as np
import pytest

from agnet.strategies.importance.categorical import Variables, draw, one_hot, origins
from agnet.strategies.importance.weights import WEIGHTS, Weighting, effective_share
from tests.strategies.importance.example import CHOICES, ORIGIN, THETA, random_theta
from tests.strategies.importance.example import WEIGHTS as EXPECTED

HOT = one_hot(CHOICES, 3)


def test_the_worked_case() -> None:
    found = Weighting(truncation=np.inf).of(THETA, HOT, ORIGIN)
    assert found == pytest.approx(EXPECTED, abs=1e-5)
    assert 4 * effective_share(found) == pytest.approx([3.335987, 3.219106], abs=1e-5)
    assert found.mean(axis=0) == pytest.approx(np.ones(4))


def test_other_rules_on_the_worked_case() -> None:
    cut = Weighting().of(THETA, HOT, ORIGIN)
    assert cut == pytest.approx(np.minimum(EXPECTED, 1), abs=1e-5)
    power = Weighting("tempered", truncation=np.inf, temper=0.25).of(THETA, HOT, ORIGIN)
    assert power == pytest.approx(EXPECTED**0.25, abs=1e-5)
    assert (Weighting("none").of(THETA, HOT, ORIGIN) == 1).all()
    assert Weighting("own").of(THETA, HOT, ORIGIN).tolist() == [[2, 2, 0, 0], [0, 0, 2, 2]]


@pytest.mark.parametrize("k", [1, 4])
def test_where_all_distributions_are_equal_all_weights_are_1(k: int) -> None:
    rng = np.random.default_rng(0)
    theta = np.repeat(random_theta(1, (3,) * 60, rng), k, axis=0)
    origin = origins(k, 3, rng, "stratified")
    hot = one_hot(draw(theta, origin, rng), 3)
    for kind in ("balance", "tempered", "none"):
        found = Weighting(kind, truncation=np.inf).of(theta, hot, origin)
        assert np.abs(found - 1).max() < 1e-12
        assert effective_share(found) == pytest.approx(np.ones(k), abs=1e-12)


@pytest.mark.parametrize("d", [1, 6, 400])
def test_weights_are_bounded(d: int) -> None:
    """However far apart the distributions are, and however small their probabilities."""
    rng = np.random.default_rng(0)
    theta = random_theta(5, (4,) * d, rng) ** 4
    theta /= theta.sum(axis=-1, keepdims=True)
    origin = origins(5, 20, rng, "mixture")
    hot = one_hot(draw(theta, origin, rng), 4)
    whole = Weighting(truncation=np.inf).of(theta, hot, origin)
    assert np.isfinite(whole).all() and (whole >= 0).all() and whole.max() <= 5 * (1 + 1e-9)
    assert whole.mean(axis=0) == pytest.approx(np.ones(100))
    assert Weighting(truncation=1.5).of(theta, hot, origin).max() <= 1.5
    share = effective_share(whole)
    assert (share > 0).all() and (share <= 1 + 1e-12).all()


def test_separated_distributions_are_left_with_their_own_samples() -> None:
    variables = Variables((4,) * 30)
    theta = np.full((4, 30, 4), 1e-3)
    theta[np.arange(4), :, np.arange(4)] = 1 - 3e-3
    assert np.allclose(theta.sum(axis=-1), 1) and variables.free == 90
    rng = np.random.default_rng(0)
    origin = origins(4, 5, rng, "stratified")
    hot = one_hot(draw(theta, origin, rng), 4)
    whole = Weighting(truncation=np.inf).of(theta, hot, origin)
    assert whole == pytest.approx(Weighting("own").of(theta, hot, origin), abs=1e-9)
    assert effective_share(whole) == pytest.approx(np.full(4, 0.25))


def test_no_weight_is_no_sample() -> None:
    assert effective_share(np.zeros((2, 3))).tolist() == [0, 0]
    assert set(WEIGHTS) == {"balance", "tempered", "none", "own"}
