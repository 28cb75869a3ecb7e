from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.spaces import NASBench201, OFAMobileNetV3
from agnet.strategies import Problem
from agnet.strategies.importance.prices import Prices, measure, parse_coefficients, price_grid

OBJECTIVES = tuple(Objective(name, "minimize") for name in ("loss", "cost", "time"))
PRICES = Prices(np.array([10.0, 0.0]), np.array([20.0, 2.0]), np.array([0.0, 4.0]))
NAN, INF = float("nan"), float("inf")


def told(rows: Sequence[Sequence[float]], excess: Sequence[float] | None = None) -> Outcomes:
    over = np.empty((len(rows), 0)) if excess is None else np.array(excess)[:, None]
    return Outcomes(np.array(rows, dtype=np.float64), over)


def cost(archs: Any) -> npt.NDArray[np.float64]:
    return np.array([sum(arch.choices) for arch in archs], dtype=np.float64)


def test_sums_by_hand() -> None:
    found = PRICES.values(told([[1.0, 10, 0], [2.0, 30, 2], [0.0, 20, 0]]))
    assert found.tolist() == [[1, 2, 0], [1, 6, 1]]


def test_what_is_no_use_comes_last_but_in_order() -> None:
    rows = [[5.0, 10, 0], [0.0, 30, 2], [0.0, 10, 0], [NAN, 10, 0], [0.0, 10, 0], [-INF, 10, 0]]
    found = PRICES.values(told(rows, [-1, 0, 3, 1, 2, -1]))
    order = [[1, 0, 4, 2, 3, 5], [1, 0, 4, 2, 3, 5]]
    assert found.argsort(axis=1, kind="stable").tolist() == order
    assert np.isfinite(found).all() and (found[:, 3] == found[:, 5]).all()


def test_where_nothing_is_of_use_excesses_still_rank() -> None:
    found = PRICES.values(told([[NAN] * 3, [0.0] * 3, [9.0] * 3], [1, 2, 1]))
    assert found.argsort(axis=1).tolist() == [[2, 1, 0]] * 2


def test_the_grid_by_hand() -> None:
    assert price_grid(16.0, 4) == pytest.approx([0, 1, np.sqrt(48), 48])
    assert price_grid(16.0, 2).tolist() == [0, 1]
    assert price_grid(16.0, 1).tolist() == [0]


def test_measured_costs_are_scaled_by_the_first_outcomes() -> None:
    rows = [[float(at), 2.0 * at, 5.0] for at in range(9)] + [[NAN, 1000, 0]]
    problem = Problem(NASBench201(), OBJECTIVES)
    found = measure(problem, told(rows), (), 5, np.random.default_rng(0))
    assert found.low.tolist() == [0, 5] and found.span.tolist() == [16, 1]
    # The middle halves: 4 of the loss, and half of the half that the first cost is in the mean.
    assert found.coefficients == pytest.approx(price_grid(4 / 0.25, 5))
    given = measure(problem, told(rows), (0.0, 7.0), 2, np.random.default_rng(0))
    assert given.coefficients.tolist() == [0, 7] and given.span.tolist() == [16, 1]


def test_computed_costs_are_scaled_by_the_space() -> None:
    rows = [[float(at), 12.0] for at in range(9)]
    problem = Problem(NASBench201(), OBJECTIVES[:2], (), {"cost": cost})
    found = measure(problem, told(rows), (), 3, np.random.default_rng(0))
    assert (found.low.tolist(), found.span.tolist()) == ([0], [24])
    middle = np.subtract(*np.percentile(cost(NASBench201().enumerate()), [75, 25])) / 24
    assert found.coefficients == pytest.approx(price_grid(4 / middle, 3))


def test_a_large_space_is_sampled_by_the_stream() -> None:
    problem = Problem(OFAMobileNetV3(), OBJECTIVES[:2], (), {"cost": cost})
    rows = told([[float(at), 12.0] for at in range(9)])
    spans = [
        measure(problem, rows, (), 3, np.random.default_rng(seed)).span[0] for seed in (0, 0, 1)
    ]
    assert spans[0] == spans[1] and spans[0] > 20


def test_constant_objectives_have_a_price() -> None:
    problem = Problem(NASBench201(), OBJECTIVES[:2])
    found = measure(problem, told([[3.0, 2.0]] * 8), (), 3, np.random.default_rng(0))
    assert found.coefficients == pytest.approx([0, 1 / 16, 3])
    assert found.values(told([[3.0, 2.0]])).tolist() == [[3]] * 3


def test_one_objective_has_none() -> None:
    problem = Problem(NASBench201(), OBJECTIVES[:1])
    found = measure(problem, told([[1.0]]), (), 1, np.random.default_rng(0))
    assert found.values(told([[3.0], [2.0]])).tolist() == [[3, 2]]


@pytest.mark.parametrize(
    ("text", "numbers"), [("auto", ()), ("0", (0,)), ("0, .5,3e1", (0, 0.5, 30)), ("2,", (2,))]
)
def test_coefficients_are_read(text: str, numbers: tuple[float, ...]) -> None:
    assert parse_coefficients(text) == numbers


@pytest.mark.parametrize("text", ["", ",", "a", "1,1", "0,inf", "nan", "-1", "1;2", "2,1"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="with commas between them"):
        parse_coefficients(text)
