from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.objectives import Outcomes
from agnet.pareto import non_dominated
from agnet.strategies.nat import survivors

pytest.importorskip("pymoo")

Array = npt.NDArray[np.float64]


def of(points: Array, excess: Array | None = None) -> Outcomes:
    return Outcomes(points, np.empty((len(points), 0)) if excess is None else excess)


def test_the_front_stays_and_the_crowded_go() -> None:
    points = np.array([[0, 4], [1, 2], [1.1, 1.9], [4, 0], [5, 5], [3, 3]], dtype=np.float64)
    assert survivors(of(points), 4, np.random.default_rng(0)).tolist() == [0, 1, 2, 3]
    kept = survivors(of(points), 3, np.random.default_rng(0)).tolist()
    assert {0, 3} < set(kept)
    assert len({1, 2} & set(kept)) == 1


def test_one_objective_keeps_the_best() -> None:
    points = np.array([[3.0], [1.0], [2.0], [0.0]])
    assert survivors(of(points), 2, np.random.default_rng(0)).tolist() == [1, 3]


def test_what_breaks_a_limit_and_what_failed_go_first() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, 0.0], [2.0, 2.0], [0.1, 0.1]])
    excess = np.array([[5.0], [-1.0], [-1.0], [-1.0], [2.0]])
    for n, expected in ((2, [1, 3]), (3, [1, 3, 4]), (4, [0, 1, 3, 4])):
        assert survivors(of(points, excess), n, np.random.default_rng(0)).tolist() == expected


def test_three_objectives_are_filled_along_directions() -> None:
    corners = np.eye(3) * -1.0
    middle = np.full((20, 3), -0.3) + np.random.default_rng(0).normal(size=(20, 3)) * 0.01
    kept = survivors(of(np.concatenate([corners, middle])), 6, np.random.default_rng(0))
    assert {0, 1, 2} < set(kept.tolist())


def test_all_failed_or_few_are_no_trouble() -> None:
    rng = np.random.default_rng(0)
    assert survivors(of(np.full((4, 2), np.nan)), 3, rng).tolist() == [0, 1, 2]
    assert survivors(of(np.zeros((2, 2))), 3, rng).tolist() == [0, 1]


@given(st.integers(1, 3), st.integers(1, 30), st.integers(1, 30), st.integers(0, 10_000))
def test_just_as_many_stay_and_no_member_of_a_front_that_fits_goes(
    objectives: int, count: int, n: int, seed: int
) -> None:
    points = np.random.default_rng(seed).integers(6, size=(count, objectives)).astype(np.float64)
    kept = survivors(of(points), n, np.random.default_rng(seed))
    assert len(set(kept.tolist())) == min(n, count)
    front = np.flatnonzero(non_dominated(points))
    if len(front) <= n:
        assert set(front.tolist()) <= set(kept.tolist())
