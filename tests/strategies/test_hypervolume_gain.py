from __future__ import annotations

from dataclasses import replace
from math import gamma, pi

import numpy as np
import pytest
from scipy.stats import spearmanr

from agnet import pareto
from agnet.strategies.hypervolume_gain import (
    choose_by_gain,
    directions,
    expected_gains,
    part,
    whole,
    worths,
)

AIM = np.zeros(2), whole(2)


def factor(objectives: int) -> float:
    """What the mean over directions is to be multiplied with."""
    return float(pi ** (objectives / 2) / (2**objectives * gamma(objectives / 2 + 1)))


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_directions_are_spread_over_the_positive_part_of_the_sphere(objectives: int) -> None:
    found = directions(objectives)
    assert (found > 0).all()
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    assert len(np.unique(found.round(6), axis=0)) == len(found)
    assert found.mean(axis=0) == pytest.approx(found.mean(), rel=0.05)


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_the_mean_over_directions_is_the_hypervolume(objectives: int) -> None:
    points = np.random.default_rng(0).random((20, objectives))
    reference = np.full(objectives, 0.2)
    best = worths(points, reference, directions(objectives)).max(axis=0)
    exact = pareto.hypervolume(-points, -reference)
    assert factor(objectives) * best.mean() == pytest.approx(exact, rel=0.05)


def test_worths_by_hand() -> None:
    """The smaller of 3 / 0.6 and 2 / 0.8, squared; nothing for what is below the reference."""
    found = worths(np.array([[4.0, 2.0], [0.5, 9.0]]), np.array([1.0, 0.0]), np.array([[0.6, 0.8]]))
    assert found[:, 0] == pytest.approx([2.5**2, 0.0])


@pytest.mark.parametrize("objectives", [2, 3])
def test_gains_follow_expected_hypervolume(objectives: int) -> None:
    """Of candidates with and without doubt, against many draws of exact hypervolumes."""
    rng = np.random.default_rng(1)
    front, reference = rng.random((6, objectives)), np.zeros(objectives)
    mean, std = 0.5 + 0.5 * rng.random((25, objectives)), 0.2 * rng.random((25, objectives))
    std[:, 0] = 0.0
    std[:5] = 0.0
    base = pareto.hypervolume(-front, -reference)
    exact = [
        np.mean(
            [
                pareto.hypervolume(-np.vstack([front, m + s * draw]), -reference) - base
                for draw in rng.standard_normal((200, objectives))
            ]
        )
        for m, s in zip(mean, std, strict=True)
    ]
    spread = directions(objectives)
    best = worths(front, reference, spread).max(axis=0)
    found = factor(objectives) * expected_gains(mean, std, best, reference, spread)
    assert spearmanr(exact, found)[0] > 0.97
    assert found == pytest.approx(np.array(exact), rel=0.2, abs=0.01)


def test_what_is_dominated_for_sure_gains_nothing() -> None:
    spread = directions(2)
    best = worths(np.array([[1.0, 1.0]]), np.zeros(2), spread).max(axis=0)
    gains = expected_gains(
        np.array([[0.9, 0.9], [1.0, 1.0], [1.1, 0.5]]), np.zeros((3, 2)), best, np.zeros(2), spread
    )
    assert gains[0] == gains[1] == 0 < gains[2]


def test_a_batch_is_not_several_times_the_same() -> None:
    """The second best alone adds nothing to the best; what lies elsewhere does."""
    mean = np.array([[2.0, 1.0], [1.99, 1.0], [0.5, 1.6], [0.1, 0.1]])
    found = choose_by_gain(mean, np.zeros((4, 2)), np.empty((0, 2)), *AIM, 3, np.zeros(4))
    assert found.tolist()[:2] == [0, 2]
    assert len(set(found.tolist())) == 3


def test_what_may_break_a_limit_is_worth_less() -> None:
    mean = np.array([[2.0, 2.0], [1.0, 1.0]])
    weight = np.array([-20.0, 0.0])
    found = choose_by_gain(mean, np.zeros((2, 2)), np.empty((0, 2)), *AIM, 2, weight)
    assert found.tolist() == [1, 0]


def test_no_more_than_there_is() -> None:
    nothing = np.empty((0, 2))
    assert len(choose_by_gain(nothing, nothing, nothing, *AIM, 3, np.empty(0))) == 0
    one = np.ones((1, 2))
    assert choose_by_gain(one, one, nothing, *AIM, 3, np.zeros(1)).tolist() == [0]


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_a_part_is_a_few_neighbouring_directions_drawn_anywhere(objectives: int) -> None:
    spread = directions(objectives)
    rng = np.random.default_rng(0)
    parts = [part(objectives, rng) for _ in range(50)]
    for aim in parts:
        assert aim.boldness > 1 and len(aim.spread) < len(spread)
        centre = aim.spread[0]
        others = spread[~(spread[:, None] == aim.spread).all(axis=2).any(axis=1)]
        assert (aim.spread @ centre).min() >= (others @ centre).max()
    assert len({tuple(aim.spread[0]) for aim in parts}) > 25


def test_a_part_of_the_front_is_looked_for_alone() -> None:
    """Where all directions lead to the second objective, what is best in the first is left."""
    mean = np.array([[9.0, 1.0], [1.0, 2.0], [1.1, 1.9], [0.9, 2.1]])
    nothing, steady = np.empty((0, 2)), np.zeros((4, 2))
    steep = next(
        aim
        for aim in (part(2, np.random.default_rng(seed)) for seed in range(100))
        if (aim.spread[:, 1] > 0.9).all()
    )
    alone = choose_by_gain(mean, steady, nothing, np.zeros(2), steep, 2, np.zeros(4))
    assert 0 not in alone.tolist()
    assert choose_by_gain(mean, steady, nothing, *AIM, 2, np.zeros(4))[0] == 0


def test_boldness_prefers_what_is_uncertain() -> None:
    mean, std = np.array([[1.4, 1.4], [1.0, 1.0]]), np.array([[0.0, 0.0], [0.5, 0.5]])
    front = np.array([[1.2, 1.2]])
    bold = replace(whole(2), boldness=3.0)
    chosen = [
        choose_by_gain(mean, std, front, np.zeros(2), aim, 1, np.zeros(2))[0]
        for aim in (whole(2), bold)
    ]
    assert chosen == [0, 1]
