from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective, Outcomes, outcomes

NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("edgegpu_latency_ms<=5", Limit("edgegpu_latency_ms", "<=", 5.0)),
        (" val_accuracy >= 9e1 ", Limit("val_accuracy", ">=", 90.0)),
        ("x<=-.5", Limit("x", "<=", -0.5)),
    ],
)
def test_limits_are_read(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    "text", ["", "x", "x<5", "x=5", "<=5", "x<=", "x<=five", "x<=nan", "x<=inf"]
)
def test_malformed_limits_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="METRIC<=NUMBER"):
        Limit.parse(text)


@given(st.text(max_size=20))
def test_wild_limits_are_read_or_refused(text: str) -> None:
    try:
        limit = Limit.parse(text)
    except InvalidInput:
        return
    assert np.isfinite(limit.bound)


def test_signs_are_flipped_at_the_edge() -> None:
    found = outcomes(
        np.array([[90.0, 7.0], [80.0, 3.0], [NAN, 3.0]]),
        ("val_accuracy", "latency"),
        (Objective("val_accuracy", "maximize"), Objective("latency", "minimize")),
        (Limit("latency", "<=", 5.0), Limit("val_accuracy", ">=", 85.0)),
    )
    assert found.objectives[:2].tolist() == [[-90.0, 7.0], [-80.0, 3.0]]
    assert found.excess[:2].tolist() == [[2.0, -5.0], [-2.0, 5.0]]
    assert found.failed.tolist() == [False, False, True]
    assert found.feasible.tolist() == [False, False, False]


def test_ranks_by_hand() -> None:
    found = Outcomes(
        np.array([[3.0], [1.0], [3.0], [0.0], [0.0], [NAN], [0.0]]),
        np.array([[-1.0], [0.0], [-5.0], [4.0], [2.0], [0.0], [NAN]]),
    )
    # feasible 1, then 3 twice; infeasible by excess 2, 4; then what failed
    assert found.ranks().tolist() == [1, 0, 1, 4, 3, 5, 5]


def test_excesses_of_several_limits_weigh_alike() -> None:
    found = Outcomes(np.zeros((3, 1)), np.array([[100.0, 0.0], [50.0, 0.6], [0.0, 1.0]]))
    assert found.ranks().tolist() == [0, 2, 0]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(NAN), st.floats(-1e6, 1e6)),
            st.one_of(st.just(NAN), st.floats(-10, 10)),
        ),
        max_size=20,
    )
)
def test_ranks_keep_the_order_of_every_pair(rows: list[tuple[float, float]]) -> None:
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    found = Outcomes(table[:, :1], table[:, 1:])
    ranks = found.ranks()
    assert len(ranks) == len(rows)
    for i in np.flatnonzero(found.feasible):
        for j in range(len(rows)):
            if found.feasible[j]:
                assert (ranks[i] < ranks[j]) == (table[i, 0] < table[j, 0])
            else:
                assert ranks[i] < ranks[j]
    assert set(ranks[found.failed]) <= {int((~found.failed).sum())}


def test_shapes_and_single_objectives_are_checked() -> None:
    with pytest.raises(InvalidInput, match=r"expected \(B, M\)"):
        Outcomes(np.zeros(3), np.zeros((3, 0)))
    with pytest.raises(InvalidInput, match="got 2 objectives"):
        Outcomes(np.zeros((3, 2)), np.zeros((3, 0))).ranks()
