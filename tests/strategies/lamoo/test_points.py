from __future__ import annotations

import numpy as np
import pytest

from agnet.objectives import Outcomes
from agnet.pareto import dominance_numbers, hypervolume, non_dominated_ranks
from agnet.strategies.lamoo.points import FIRST, MARGIN, better_half, comparable, reference

NAN, INF = float("nan"), float("inf")


def told(objectives: list[list[float]], excess: list[list[float]] | None = None) -> Outcomes:
    values = np.array(objectives)
    return Outcomes(values, np.array(excess) if excess else np.empty((len(values), 0)))


def test_the_first_outcomes_settle_the_scale() -> None:
    points = comparable(told([[1.0, 40.0], [3.0, 20.0], [2.0, 30.0]]))
    assert points.tolist() == [[-1.0, 0.0], [0.0, -1.0], [-0.5, -0.5]]
    assert reference(2).tolist() == [MARGIN, MARGIN]


def test_later_ones_leave_it_as_it_is() -> None:
    values = np.random.default_rng(0).normal(size=(60, 2))
    later = values * np.where(np.arange(60) < FIRST, 1.0, 100.0)[:, None]
    none = np.empty((60, 0))
    all_of_it = comparable(Outcomes(later, none))
    for known in (FIRST, 30):
        part = comparable(Outcomes(later[:known], none[:known]))
        assert np.array_equal(part, all_of_it[:known])
    assert all_of_it.max() > 10


def test_failed_and_infeasible_ones_do_not_settle_it() -> None:
    points = comparable(
        told(
            [[99.0], [1.0], [NAN], [2.0], [0.0], [50.0], [INF]],
            [[1.0], [-1.0], [-1.0], [0.0], [NAN], [4.0], [-1.0]],
        )
    )
    assert points[[1, 3], 0].tolist() == [-1.0, 0.0]
    assert np.isnan(points[[2, 4, 6], 0]).all()
    assert points[[0, 5], 0] == pytest.approx([MARGIN + 1.25, MARGIN + 2.0])


def test_limits_come_before_objectives() -> None:
    """Infeasible ones are dominated by all that are feasible, and by those that break less."""
    points = comparable(
        told(
            [[5.0, 5.0], [0.0, 0.0], [0.0, 0.0], [4.0, 6.0], [NAN, 0.0]],
            [[0.0, -9.0], [2.0, 0.0], [1.0, 0.4], [-1.0, 0.0], [0.0, 0.0]],
        )
    )
    # Excesses relative to the largest: 1 and 0.5 + 1.
    assert dominance_numbers(points).tolist() == [0, 2, 3, 0, 5]
    assert non_dominated_ranks(points).tolist() == [0, 1, 2, 0, 3]
    assert hypervolume(points[[1, 2, 4]], reference(2)) == 0.0


def test_until_something_is_feasible_the_excess_is_what_counts() -> None:
    points = comparable(told([[0.0, 9.0], [9.0, 0.0]], [[3.0], [1.0]]))
    assert points.tolist() == [[0.0, 0.0], [-1.0, -1.0]]
    assert hypervolume(points, reference(2)) == pytest.approx(1.1**2)


@pytest.mark.parametrize("value", [3.0, NAN])
def test_equal_or_failed_ones_have_a_scale_as_well(value: float) -> None:
    points = comparable(told([[value, 1.0], [value, 2.0]]))
    assert np.isnan(points).all() if np.isnan(value) else points.tolist() == [[0, -1], [0, 0]]
    assert comparable(told([[value]])).shape == (1, 1)
    assert comparable(Outcomes(np.empty((0, 2)), np.empty((0, 1)))).shape == (0, 2)


def test_labels_by_hand() -> None:
    points = np.array([[1, 4], [2, 2], [4, 1], [3, 3], [5, 5], [4, 4.0]])
    # Dominated by 0, 0, 0, 1, 5 and 4 of the others.
    for seed in range(5):
        good = better_half(points, np.random.default_rng(seed))
        assert good.tolist() == [True, True, True, False, False, False]


def test_an_odd_one_is_good() -> None:
    good = better_half(np.array([[3.0], [1.0], [2.0], [5.0], [4.0]]), np.random.default_rng(0))
    assert good.tolist() == [True, True, True, False, False]


def test_ties_are_broken_by_the_front() -> None:
    """Two are dominated by two others each, but one of them by one that is dominated itself."""
    front, rest = [[0, 3], [3, 0], [3.5, -1]], [[9, 9], [10, 10], [11, 11]]
    points = np.array([*front, [1, 4], [2, 5], [4, 1], *rest], dtype=np.float64)
    assert dominance_numbers(points).tolist() == [0, 0, 0, 1, 2, 2, 6, 7, 8]
    assert non_dominated_ranks(points)[4:6].tolist() == [2, 1]
    for seed in range(10):
        good = better_half(points, np.random.default_rng(seed))
        assert np.flatnonzero(good).tolist() == [0, 1, 2, 3, 5]


def test_other_ties_are_broken_by_the_stream() -> None:
    """Not by the order in which they were evaluated."""
    points = np.array([[0.0], [1.0], [1.0], [1.0], [1.0], [1.0]])
    taken = np.array([better_half(points, np.random.default_rng(i)) for i in range(60)])
    assert (taken.sum(axis=1) == 3).all()
    assert taken[:, 0].all()
    assert (taken[:, 1:].sum(axis=0) > 10).all()


@pytest.mark.parametrize("value", [1.0, NAN])
def test_of_equals_there_is_no_better_half(value: float) -> None:
    assert better_half(np.full((7, 2), value), np.random.default_rng(0)).all()


def test_a_front_has_no_better_half() -> None:
    points = np.stack([np.arange(8.0), -np.arange(8.0)], axis=1)
    assert better_half(points, np.random.default_rng(0)).all()


def test_failed_ones_are_the_worse() -> None:
    points = np.array([[NAN, 1.0], [5.0, 5.0], [1.0, 1.0], [0.0, NAN]])
    assert better_half(points, np.random.default_rng(0)).tolist() == [False, True, True, False]
