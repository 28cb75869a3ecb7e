from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from agnet.strategies.importance.asng import Pace, State, natural_gradient, start
from agnet.strategies.importance.categorical import (
    Array,
    Variables,
    draw,
    log_probabilities,
    one_hot,
    origins,
)
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.shared_step import learn
from agnet.strategies.importance.weights import Weighting
from tests.strategies.importance.example import (
    CHOICES,
    ORIGIN,
    THETA,
    UTILITY,
    VALUES,
    WEIGHTS,
    random_theta,
    rules,
    state,
)
from tests.strategies.importance.plain_asng import PlainASNG


def parts(found: State) -> list[Array]:
    return [found.theta, found.path, found.gain, found.damping]


def test_the_worked_case() -> None:
    gradient = natural_gradient(THETA, one_hot(CHOICES, 3), WEIGHTS * UTILITY)
    first = [[0.262353, -0.262353, 0], [-0.227273, -0.035080, 0.262353]]
    second = [[0.128563, -0.128563, 0], [0.237647, -0.128563, -0.109084]]
    assert gradient == pytest.approx(np.array([first, second]), abs=1e-5)
    found = learn(state(), CHOICES, ORIGIN, VALUES, rules())
    first = [[0.579811, 0.420189, 0], [0.130861, 0.289328, 0.579811]]
    second = [[0.852731, 0.147269, 0], [0.683761, 0.243439, 0.072800]]
    assert found.state.theta == pytest.approx(np.array([first, second]), abs=1e-5)
    assert found.state.gain == pytest.approx([0.267842] * 2, abs=1e-5)
    assert found.state.damping == pytest.approx([1.012970] * 2, abs=1e-5)
    assert 4 * found.effective == pytest.approx([3.335987, 3.219106], abs=1e-5)
    assert found.heaviest == pytest.approx([1.515152, 1.655172], abs=1e-5)


@pytest.mark.parametrize("how", ["stratified", "mixture"])
def test_the_estimate_is_unbiased(how: str) -> None:
    """On all 64 vectors of three variables, for a function of them that is no rank."""
    rng, repeats, k = np.random.default_rng(3), 20_000, 3
    theta = random_theta(k, (4, 4, 4), rng)
    every = np.array(list(product(range(4), repeat=3)))
    value = rng.normal(size=64)
    likely = np.exp(log_probabilities(theta, one_hot(every, 4)))
    exact = natural_gradient(theta, one_hot(every, 4), 64 * likely * value)
    many = np.broadcast_to(theta, (repeats, *theta.shape))
    origin = origins(k, 2, rng, how, (repeats,))
    hot = one_hot(draw(many, origin, rng), 4)
    weights = Weighting(truncation=np.inf).of(many, hot, origin)
    worth = value[(hot.argmax(-1) @ [16, 4, 1])]
    found = natural_gradient(many, hot, weights * worth[:, None, :])
    error = found.std(axis=0) / np.sqrt(repeats)
    assert (np.abs(found.mean(axis=0) - exact) < 4 * error).all()
    assert weights.max() <= k + 1e-9
    own = Weighting("own").of(many, hot, origin)
    alone = natural_gradient(many, hot, own * worth[:, None, :])
    assert found.var(axis=0).sum() < 0.6 * alone.var(axis=0).sum()


def test_own_samples_alone_are_separate_searches() -> None:
    rng, sizes = np.random.default_rng(0), (3, 4, 2)
    variables = Variables(sizes)
    now, plain = start(variables, 3), [PlainASNG(sizes, 0.5) for _ in range(3)]
    how = rules(variables, Weighting("own"), Pace(0.5))
    for _ in range(40):
        origin = origins(3, 4, rng, "stratified")
        choices = draw(now.theta, origin, rng)
        values = rng.normal(size=12) + np.array([[0.0], [1.0], [2.0]]) * choices[:, 0]
        found = learn(now, choices, origin, values, how)
        now = found.state
        for k in range(3):
            plain[k].step(choices[origin == k].astype(float), values[k, origin == k])
            assert now.theta[k] == pytest.approx(plain[k].padded(), abs=1e-9)
        assert found.effective == pytest.approx(np.full(3, 1 / 3))


def random_case(seed: int) -> tuple[State, np.ndarray, np.ndarray, Array]:
    rng = np.random.default_rng(seed)
    theta = random_theta(3, (4, 4, 4), rng)
    origin = origins(3, 4, rng, "stratified")
    return state(theta), draw(theta, origin, rng), origin, rng.normal(size=(3, 12)).round(1)


HOW = rules(Variables((4, 4, 4)), Weighting(truncation=1.2))


@pytest.mark.parametrize("seed", range(3))
def test_order_does_not_matter(seed: int) -> None:
    """Of samples, of distributions, of variables and of options."""
    now, choices, origin, values = random_case(seed)
    usual = parts(learn(now, choices, origin, values, HOW).state)
    rng = np.random.default_rng(seed)
    row, k, d, c = (rng.permutation(n) for n in (12, 3, 3, 4))
    found = parts(learn(now, choices[row], origin[row], values[:, row], HOW).state)
    assert all(np.allclose(a, b, atol=1e-12) for a, b in zip(usual, found, strict=True))
    mixed = State(*(part[k] for part in parts(now)))
    places = np.argsort(k)[origin]
    found = parts(learn(mixed, choices, places, values[k], HOW).state)
    assert all(np.allclose(a[k], b, atol=1e-12) for a, b in zip(usual, found, strict=True))
    turned = replace(now, theta=now.theta[:, d][..., c])
    relabelled = np.argsort(c)[choices[:, d]]
    theta = learn(turned, relabelled, origin, values, HOW).state.theta
    assert np.allclose(usual[0][:, d][..., c], theta, atol=1e-12)


def test_a_distribution_sees_only_the_order_of_its_own_values() -> None:
    now, choices, origin, values = random_case(0)
    usual = learn(now, choices, origin, values, HOW).state
    other = values.copy()
    other[1] = np.exp(values[1])
    found = learn(now, choices, origin, other, HOW).state
    assert all(np.array_equal(a, b) for a, b in zip(parts(usual), parts(found), strict=True))
    other[1] = -values[1]
    changed = learn(now, choices, origin, other, HOW).state
    assert [np.array_equal(changed.theta[k], usual.theta[k]) for k in range(3)] == [
        True,
        False,
        True,
    ]


def test_the_state_before_is_left_alone() -> None:
    now, choices, origin, values = random_case(0)
    before = [part.copy() for part in parts(now)]
    learn(now, choices, origin, values, HOW)
    assert all(np.array_equal(a, b) for a, b in zip(before, parts(now), strict=True))


@pytest.mark.parametrize("kind", ["balance", "tempered", "none", "own"])
def test_searches_side_by_side_are_those_one_by_one(kind: str) -> None:
    cases = [random_case(seed) for seed in range(4)]
    how = replace(HOW, weighting=Weighting(kind))
    states = State(
        *(np.stack(column) for column in zip(*(parts(c[0]) for c in cases), strict=True))
    )
    choices = np.stack([case[1] for case in cases])
    origin = np.stack([case[2] for case in cases])
    values = np.stack([case[3] for case in cases])
    together = learn(states, choices, origin, values, how)
    for at, case in enumerate(cases):
        alone = learn(*case, how)
        for whole, part in zip(parts(together.state), parts(alone.state), strict=True):
            assert np.allclose(whole[at], part, atol=1e-12)
        assert np.allclose(together.effective[at], alone.effective)


@pytest.mark.parametrize("worth", ["constant", "noise", "exact"])
@pytest.mark.parametrize("more", [{}, {"utility": "standardised"}, {"pace": Pace(3.0)}])
def test_iterations_stay_within_bounds(worth: str, more: dict[str, Any]) -> None:
    stays_within_bounds(20, 150, worth, more)


@pytest.mark.slow
@pytest.mark.parametrize("worth", ["constant", "noise", "exact"])
@pytest.mark.parametrize("more", [{}, {"utility": "standardised"}, {"pace": Pace(3.0)}])
def test_many_iterations_stay_within_bounds(worth: str, more: dict[str, Any]) -> None:
    stays_within_bounds(100, 1000, worth, more)


def stays_within_bounds(searches: int, iterations: int, worth: str, more: dict[str, Any]) -> None:
    rng, variables = np.random.default_rng(0), Variables((5, 2, 3, 1))
    how = rules(variables, Weighting(), **more)
    least = floors(variables, "catcma", 0.0)
    first = now = start(variables, 3, (searches,))
    for _ in range(iterations):
        origin = origins(3, 2, rng, "stratified", (searches,))
        choices = draw(now.theta, origin, rng)
        exact = choices.sum(-1)[:, None] * np.array([1.0, 0.3, -1.0])[:, None]
        noise = rng.normal(size=(searches, 3, 6))
        values = {"constant": 0 * noise, "noise": noise, "exact": exact}[worth]
        now = learn(now, choices, origin, values, how).state
    assert np.isfinite(np.concatenate([part.ravel() for part in parts(now)])).all()
    assert np.abs(now.theta.sum(axis=-1) - 1).max() < 1e-12
    assert (now.theta >= np.where(variables.mask, least[:, None], 0) - 1e-15).all()
    if worth == "constant":
        assert np.array_equal(now.theta, first.theta)
    if worth == "exact":
        wanted = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [4, 1, 2, 0]])
        assert (now.theta.argmax(-1) == wanted).mean() > 0.95
