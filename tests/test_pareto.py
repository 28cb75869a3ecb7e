from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agnet import pareto
from agnet.errors import InvalidInput

NAN = float("nan")
Points = npt.NDArray[np.float64]


@st.composite
def point_sets(draw: st.DrawFn) -> Points:
    """Few values, so that there are ties; some evaluations have failed."""
    shape = draw(st.tuples(st.integers(1, 25), st.integers(2, 5)))
    values = st.integers(0, 4).map(float) | st.just(NAN)
    return draw(arrays(np.float64, shape, elements=values))


def dominates(first: Points, second: Points) -> bool:
    return bool((first <= second).all() and (first < second).any())


def exact_volume(points: Points, reference: Points) -> float:
    """By inclusion and exclusion of boxes."""
    total = 0.0
    for size in range(1, len(points) + 1):
        for some in combinations(points, size):
            sides = np.maximum(reference - np.max(some, axis=0), 0.0)
            total += (-1) ** (size + 1) * sides.prod()
    return total


@given(point_sets())
def test_dominance_by_counting(points: Points) -> None:
    failed = np.asarray(np.isnan(points).any(axis=1))
    counted = [
        len(points) if failed[i] else sum(dominates(other, row) for other in points[~failed])
        for i, row in enumerate(points)
    ]
    assert pareto.dominance_numbers(points).tolist() == counted
    assert pareto.non_dominated(points).tolist() == [number == 0 for number in counted]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).integers(0, 9, (60, 3)).astype(float)
    expected = pareto.dominance_numbers(points)
    monkeypatch.setattr(pareto, "BLOCK", 1000)
    assert pareto.dominance_numbers(points).tolist() == expected.tolist()


@given(point_sets())
def test_ranks_peel_fronts(points: Points) -> None:
    ranks, left = pareto.non_dominated_ranks(points), points.copy()
    for rank in range(int(ranks.max()) + 1):
        front = pareto.non_dominated(left)
        if not front.any():  # the failed ones share the last rank
            assert np.isnan(points[ranks == rank]).any(axis=1).all()
            break
        assert (front == (ranks == rank)).all()
        left[front] = NAN


def test_hypervolume_by_hand() -> None:
    """Boxes of 3 x 1, 2 x 2 and 1 x 3 that overlap."""
    points = [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0], [9.0, 0.0], [NAN, 0.0]]
    assert pareto.hypervolume(points, [4.0, 4.0]) == pytest.approx(6)
    assert pareto.hypervolume_curve(points, [4.0, 4.0]) == pytest.approx([3, 5, 6, 6, 6, 6])
    assert pareto.contributions(points, [4.0, 4.0]) == pytest.approx([1, 1, 1, 0, 0, 0])
    assert pareto.hypervolume(np.empty((0, 2)), [4.0, 4.0]) == 0


@given(
    arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(2, 4)), elements=st.floats(0, 1))
)
@example(np.array([[6e-8, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.0]]))
@example(np.array([[1e-30, 0.0], [0.0, 0.78125]]))
def test_hypervolume_against_boxes(points: Points) -> None:
    reference = np.full(points.shape[1], 0.8)
    expected = exact_volume(points, reference)
    assert pareto.hypervolume(points, reference) == pytest.approx(expected, abs=1e-9)
    curve = pareto.hypervolume_curve(points, reference)
    assert curve[-1] == pytest.approx(expected, abs=1e-9)
    assert (np.diff(curve) >= 0).all()
    for at, own in enumerate(pareto.contributions(points, reference)):
        without = exact_volume(np.delete(points, at, axis=0), reference)
        # The library takes a volume of less than a rounding error in single precision for none.
        assert own == pytest.approx(expected - without, abs=1e-7)


def test_distance_to_a_front_by_hand() -> None:
    """What is better than the front is at no distance from it."""
    front = [[0.0, 2.0], [2.0, 0.0]]
    assert pareto.igd_plus([[0.0, 2.0], [2.0, -1.0]], front) == 0
    assert pareto.igd_plus([[1.0, 2.0], [NAN, 0.0]], front) == pytest.approx((1 + 2) / 2)
    assert pareto.igd_plus([[NAN, 0.0]], front) == np.inf


@pytest.mark.parametrize("reference", [[1.0], [1.0, 2.0, 3.0], [1.0, NAN], [1.0, float("inf")]])
def test_references_are_checked(reference: list[float]) -> None:
    for measure in (pareto.hypervolume, pareto.hypervolume_curve, pareto.contributions):
        with pytest.raises(InvalidInput, match="expected 2 finite numbers"):
            measure([[0.0, 0.0]], reference)


def test_shapes_are_checked() -> None:
    with pytest.raises(InvalidInput, match=r"expected \(B, M\)"):
        pareto.non_dominated([1.0, 2.0])
    with pytest.raises(InvalidInput, match="expected at least one point"):
        pareto.igd_plus([[0.0, 0.0]], np.empty((0, 2)))
