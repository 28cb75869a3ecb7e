from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.strategies.importance.utility import quantile_utility, standardised_utility
from tests.strategies.importance.example import UTILITY, VALUES, WEIGHTS

samples = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 8)), min_size=1, max_size=9).filter(
    lambda found: sum(weight for _, weight in found) > 0
)


def slow_utility(values: list[int], weights: list[int]) -> list[float]:
    """Splits each sample into pieces of the same weight, and averages the step over equals."""
    pieces = 16
    spread = [(value, i) for i, value in enumerate(values) for _ in range(pieces * weights[i])]
    spread.sort()
    n, found = len(spread), []
    for i, value in enumerate(values):
        at = [rank for rank, (other, _) in enumerate(spread) if other == value]
        steps = [1.0 if 4 * r + 4 <= n else -1.0 if 4 * r >= 3 * n else 0.0 for r in at]
        found.append(sum(steps) / len(steps) if weights[i] else 0.0)
    return found


def test_the_worked_case() -> None:
    assert quantile_utility(VALUES, WEIGHTS) == pytest.approx(UTILITY, abs=1e-5)


@pytest.mark.parametrize(("n", "tail"), [(2, 1), (4, 1), (8, 2), (12, 3)])
def test_equal_weights_give_the_ranking_of_asng(n: int, tail: int) -> None:
    values = np.random.default_rng(n).permutation(n).astype(float)
    found = quantile_utility(values, np.ones(n)) * (2 if n == 2 else 1)
    expected = np.where(values < tail, 1.0, np.where(values >= n - tail, -1.0, 0.0))
    assert found == pytest.approx(expected)


@given(samples)
def test_it_is_the_mean_over_quantiles(found: list[tuple[int, int]]) -> None:
    values, weights = (list(column) for column in zip(*found, strict=True))
    fast = quantile_utility(np.array(values, float), np.array(weights, float))
    assert fast == pytest.approx(slow_utility(values, weights), abs=1e-9)


@given(samples)
def test_weighted_utilities_cancel(found: list[tuple[int, int]]) -> None:
    values, weights = np.array(found, float).T
    for kind in (quantile_utility, standardised_utility):
        assert (weights * kind(values, weights)).sum() == pytest.approx(0, abs=1e-9)


@given(samples)
def test_only_the_order_of_values_matters(found: list[tuple[int, int]]) -> None:
    values, weights = np.array(found, float).T
    assert np.array_equal(
        quantile_utility(values, weights), quantile_utility(np.exp(values), weights)
    )
    assert standardised_utility(values, weights) == pytest.approx(
        standardised_utility(3 * values - 7, weights), abs=1e-6
    )


def test_ties_share_and_infinite_values_are_last() -> None:
    ones = np.ones(4)
    assert quantile_utility(np.zeros(4), ones).tolist() == [0, 0, 0, 0]
    assert quantile_utility(np.array([1.0, 1, 2, 3]), ones).tolist() == [0.5, 0.5, 0, -1]
    found = quantile_utility(np.array([1.0, np.inf, 2, np.inf]), ones)
    assert found.tolist() == [1, -0.5, 0, -0.5]


def test_deviations_by_hand() -> None:
    found = standardised_utility(np.array([1.0, 3.0]), np.ones(2))
    assert found.tolist() == [1, -1]
    weighted = standardised_utility(np.array([0.0, 4.0]), np.array([3.0, 1.0]))
    assert weighted == pytest.approx([1 / np.sqrt(3), -3 / np.sqrt(3)])
    assert standardised_utility(np.full(5, 0.1), np.ones(5)).tolist() == [0] * 5
