from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnet.strategies.popnas.selection import kept_front, layers, most_accurate

ACCURACY = np.array([0.90, 0.89, 0.88, 0.88, 0.70, 0.60])
SECONDS = np.array([100.0, 100.0, 80.0, 70.0, 90.0, 10.0])[:, None]

points = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)


def _dominates(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one <= other).all() and (one < other).any())


def test_front_by_hand() -> None:
    assert kept_front(ACCURACY, SECONDS, 9).tolist() == [0, 3, 5]
    assert kept_front(ACCURACY, SECONDS, 2).tolist() == [0, 3]  # the most accurate


def test_layers_by_hand() -> None:
    """The second front is (.89, 100), (.88, 80); the last layer is cut."""
    assert layers(ACCURACY, SECONDS, 4).tolist() == [0, 3, 5, 1]
    assert layers(ACCURACY, SECONDS, 5).tolist() == [0, 3, 5, 1, 2]
    assert layers(ACCURACY, SECONDS, 99).tolist() == [0, 3, 5, 1, 2, 4]


def test_of_two_with_the_same_predictions_one_is_kept() -> None:
    """The first; and neither removes the other."""
    same = np.array([0.5, 0.9, 0.9, 0.5])
    cost = np.array([[1.0], [2.0], [2.0], [1.0]])
    assert kept_front(same, cost, 9).tolist() == [1, 0]
    assert kept_front(same, np.repeat(cost, 2, axis=1), 9).tolist() == [1, 0]


@settings(max_examples=1000)
@given(points, st.integers(1, 2))
def test_front_equals_brute_force(drawn: list[tuple[int, int]], costs: int) -> None:
    """With many ties: each point that nothing dominates, of equals one, and in order."""
    array = np.array(drawn, dtype=np.float64)
    accuracy = array[:, 0]
    cost = np.stack([array[:, 1], array.sum(axis=1)][:costs], axis=1)
    rows = kept_front(accuracy, cost, len(array))
    every = np.column_stack([-accuracy, cost])
    best = np.array([row for row in every if not any(_dominates(other, row) for other in every)])
    assert np.array_equal(np.unique(every[rows], axis=0), np.unique(best, axis=0))
    assert len(np.unique(every[rows], axis=0)) == len(rows)
    assert (np.diff(accuracy[rows]) <= 0).all()
    filled = layers(accuracy, cost, len(array))
    assert sorted(filled.tolist()) == list(range(len(array)))
    assert filled[: len(rows)].tolist() == rows.tolist()


@pytest.mark.parametrize("n", [0, 2, 9])
def test_most_accurate(n: int) -> None:
    assert most_accurate(ACCURACY, n).tolist() == [0, 1, 2, 3, 4, 5][:n]
