from __future__ import annotations

from math import log, prod

import numpy as np
import pytest

from agnet.strategies.importance.categorical import (
    Variables,
    draw,
    entropies,
    log_probabilities,
    modes,
    one_hot,
    origins,
)
from tests.strategies.importance.example import CHOICES, THETA, VARIABLES, random_theta


def test_variables_of_different_sizes_are_padded() -> None:
    assert VARIABLES.mask.tolist() == [[True, True, False], [True, True, True]]
    assert VARIABLES.uniform.tolist() == [[0.5, 0.5, 0], [1 / 3] * 3]
    assert (VARIABLES.free, Variables((1, 1)).free) == (3, 0)


def test_draws_follow_their_distribution() -> None:
    rng = np.random.default_rng(0)
    origin = origins(2, 50_000, rng, "stratified")
    drawn = draw(THETA, origin, rng)
    for k in range(2):
        frequency = one_hot(drawn[origin == k], 3).mean(axis=0)
        assert np.abs(frequency - THETA[k]).max() < 0.01


def test_what_has_no_probability_is_not_drawn() -> None:
    """Not even by a random number at the very end, where a sum of rounded shares falls short."""

    class Last:
        def random(self, shape: tuple[int, ...]) -> np.ndarray:
            return np.full(shape, 1 - 2**-53)

    theta = np.array([[[0.1] * 7 + [0.3 - 1e-15, 0, 0], [1.0] + [0] * 9]])
    drawn = draw(theta, np.zeros(1, dtype=np.int64), Last())  # type: ignore[arg-type]
    assert drawn.tolist() == [[7, 0]]


def test_origins() -> None:
    rng = np.random.default_rng(0)
    assert origins(2, 3, rng, "stratified").tolist() == [0, 0, 0, 1, 1, 1]
    assert origins(2, 1, rng, "stratified", (2,)).tolist() == [[0, 1], [0, 1]]
    mixed = origins(3, 4000, rng, "mixture")
    counts = np.bincount(mixed)
    assert counts.sum() == 12_000 and np.abs(counts - 4000).max() < 300
    assert not (counts == 4000).all()


def test_searches_side_by_side_are_drawn_each_from_its_own() -> None:
    rng = np.random.default_rng(0)
    theta = np.zeros((4, 1, 2, 3))
    theta[np.arange(4), 0, 0, [0, 1, 1, 0]] = 1.0
    theta[:, 0, 1, 2] = 1.0
    drawn = draw(theta, np.zeros((4, 5), dtype=np.int64), rng)
    assert drawn[:, :, 0].tolist() == [[0] * 5, [1] * 5, [1] * 5, [0] * 5]
    assert (drawn[:, :, 1] == 2).all()


def test_log_probabilities_are_sums_over_variables() -> None:
    found = np.exp(log_probabilities(THETA, one_hot(CHOICES, 3)))
    slow = [
        [prod(float(THETA[k, d, c]) for d, c in enumerate(row)) for row in CHOICES]
        for k in range(2)
    ]
    assert found == pytest.approx(np.array(slow))
    assert found.mean(axis=0) == pytest.approx([0.165, 0.105, 0.29, 0.11])


def test_log_probabilities_of_many_searches() -> None:
    rng = np.random.default_rng(0)
    theta = np.stack([random_theta(3, (2, 4, 3), rng) for _ in range(5)])
    hot = one_hot(rng.integers(2, size=(5, 7, 3)), 4)
    together = log_probabilities(theta, hot)
    assert together.shape == (5, 3, 7)
    for at in range(5):
        assert np.allclose(together[at], log_probabilities(theta[at], hot[at]), atol=1e-13)


def test_modes_and_entropies() -> None:
    assert modes(THETA).tolist() == [[0, 2], [0, 0]]
    by_hand = log(2) - sum(p * log(p) for p in (0.2, 0.3, 0.5))
    assert entropies(THETA)[0] == pytest.approx(by_hand)
    assert entropies(Variables((1,)).uniform) == 0
