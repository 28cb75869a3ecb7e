from __future__ import annotations

import numpy as np
import pytest

from agnet.strategies.importance.asng import Pace, natural_gradient, start, step
from agnet.strategies.importance.categorical import Variables, draw, one_hot, origins
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.shared_step import learn
from tests.strategies.importance.example import random_theta, rules, state
from tests.strategies.importance.plain_asng import PlainASNG

SIZES = (3, 2, 5, 4)


@pytest.mark.parametrize("n", [2, 4, 8])
@pytest.mark.parametrize("delta", [0.25, 1.0, 6.0])
def test_one_distribution_is_a_plain_search(n: int, delta: float) -> None:
    """With the same draws, step by step; half of the values are ties."""
    rng, variables = np.random.default_rng(n), Variables(SIZES)
    now, plain = start(variables, 1), PlainASNG(SIZES, delta)
    how = rules(variables, pace=Pace(delta))
    for _ in range(60):
        origin = origins(1, n, rng, "stratified")
        choices = draw(now.theta, origin, rng)
        values = np.floor(choices @ [1.0, -0.6, 0.3, 0.5] + rng.normal(size=n))
        now = learn(now, choices, origin, values[None], how).state
        plain.step(choices.astype(float), values)
        assert now.theta[0] == pytest.approx(plain.padded(), abs=1e-9)
        assert now.damping[0] == pytest.approx(plain.damping)
    assert np.ptp(now.theta[0, 0]) > 0.1


def test_a_step_has_the_length_that_was_asked_for() -> None:
    variables, rng = Variables(SIZES), np.random.default_rng(0)
    theta = random_theta(3, SIZES, rng)
    gradient = rng.normal(size=theta.shape) * variables.mask
    gradient -= variables.mask * (gradient.sum(-1) / variables.mask.sum(-1))[..., None]
    pace = Pace(0.01)
    after = step(state(theta), gradient, variables, pace, np.zeros(4))
    moved = after.theta - theta
    fisher = np.where(variables.mask, moved**2 / np.where(theta > 0, theta, 1.0), 0.0)
    assert np.sqrt(fisher.sum(axis=(-2, -1))) == pytest.approx(np.full(3, 0.01))


def test_the_direction_is_that_of_the_authors_in_reduced_coordinates() -> None:
    """Their root of the Fisher matrix drops the last option; lengths are the same."""
    rng = np.random.default_rng(1)
    theta = random_theta(1, (5,), rng)[0, 0]
    gradient = rng.normal(size=5)
    gradient -= gradient.mean()
    last = theta[-1] + np.sqrt(theta[-1])
    reduced = gradient[:-1] / np.sqrt(theta[:-1])
    reduced += np.sqrt(theta[:-1]) * gradient[:-1].sum() / last
    assert (reduced**2).sum() == pytest.approx((gradient**2 / theta).sum())


def test_without_a_direction_nothing_changes() -> None:
    variables = Variables(SIZES)
    least = floors(variables, "catcma", 0.0)
    rng = np.random.default_rng(0)
    theta = random_theta(2, SIZES, rng)
    hot = one_hot(draw(theta, np.array([0, 0, 1, 1]), rng), 5)
    moved = step(
        state(theta), natural_gradient(theta, hot, np.ones((2, 4))), variables, Pace(), least
    )
    credit = np.stack([np.zeros(4), [1.0, 0, 0, -1]])
    after = step(moved, natural_gradient(moved.theta, hot, credit), variables, Pace(), least)
    for before, later in zip(vars(moved).values(), vars(after).values(), strict=True):
        assert np.array_equal(before[0], later[0])
        assert not np.array_equal(before[1], later[1])


def test_the_natural_gradient_is_exact_for_a_sum_of_costs() -> None:
    """For R = sum r_d[a_d] it is t (r - mean of r); here by all samples with their probability."""
    rng, sizes = np.random.default_rng(0), (2, 3)
    theta, cost = random_theta(1, sizes, rng), rng.normal(size=(2, 3))
    every = np.array([(a, b) for a in range(2) for b in range(3)])
    likely = theta[0, 0, every[:, 0]] * theta[0, 1, every[:, 1]]
    value = cost[0, every[:, 0]] + cost[1, every[:, 1]]
    found = natural_gradient(theta, one_hot(every, 3), (6 * likely * value)[None])[0]
    mean = (theta[0] * cost).sum(axis=1, keepdims=True)
    assert found == pytest.approx(theta[0] * (cost - mean))


def test_steps_get_longer_while_they_agree_and_shorter_by_chance() -> None:
    variables, rng = Variables((2,) * 30), np.random.default_rng(0)
    least = floors(variables, "value", 1e-6)
    same = noise = start(variables, 1)
    for _ in range(30):
        way = np.where(np.arange(2) == 0, 1.0, -1.0) * np.ones((1, 30, 2))
        same = step(same, way, variables, Pace(0.1), least)
        noise = step(noise, rng.normal(size=(1, 30, 1)) * way, variables, Pace(0.1), least)
    assert same.damping[0] < 0.9 and noise.damping[0] > 1.0


def test_a_variable_without_a_choice_stays() -> None:
    variables = Variables((1, 3))
    theta = start(variables, 2).theta
    hot = one_hot(np.array([[0, 0], [0, 2]]), 3)
    gradient = natural_gradient(theta, hot, np.array([[1.0, -1.0], [-1.0, 1.0]]))
    after = step(state(theta), gradient, variables, Pace(), floors(variables, "asng", 0.0))
    assert after.theta[:, 0].tolist() == [[1, 0, 0], [1, 0, 0]]
    assert after.theta[0, 1, 0] > 1 / 3 > after.theta[1, 1, 0]
