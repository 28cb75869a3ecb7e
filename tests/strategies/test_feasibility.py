from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from agnet.objectives import Limit, Outcomes
from agnet.strategies.feasibility import log_feasibility, margins

NAN = float("nan")


def told(limits: tuple[Limit, ...], metrics: npt.ArrayLike) -> Outcomes:
    values = np.asarray(metrics, dtype=np.float64)
    columns = [limit.excess(values[:, at]) for at, limit in enumerate(limits)]
    return Outcomes(np.zeros((len(values), 1)), np.stack(columns, axis=1))


def test_positive_costs_are_logarithms() -> None:
    limits = (Limit("latency_ms", "<=", 5.0),)
    targets, bounds = margins(told(limits, [[2.5], [5.0], [20.0]]).excess, limits)
    assert np.allclose(targets[:, 0], np.log([2.5, 5.0, 20.0]))
    assert np.allclose(bounds, np.log(5.0))


def test_lower_limits_are_turned() -> None:
    limits = (Limit("val_accuracy", ">=", 70.0),)
    targets, bounds = margins(told(limits, [[80.0], [70.0], [35.0]]).excess, limits)
    assert np.allclose(targets[:, 0], -np.log([80.0, 70.0, 35.0]))
    assert np.allclose(bounds, -np.log(70.0))


@pytest.mark.parametrize("bound", [4.0, -4.0, 0.0])
@pytest.mark.parametrize("sign", ["<=", ">="])
@pytest.mark.parametrize("shift", [-6.0, 10.0])
def test_targets_are_at_most_the_bound_where_limits_are_kept(
    bound: float, sign: str, shift: float
) -> None:
    limit = Limit("m", "<=" if sign == "<=" else ">=", bound)
    values = np.random.default_rng(0).uniform(-5, 5, (40, 1)) + shift
    values[0] = bound
    outcomes = told((limit,), values)
    targets, bounds = margins(outcomes.excess, (limit,))
    kept = targets[1:, 0] <= bounds[0]
    assert np.array_equal(kept, outcomes.feasible[1:])
    assert targets[0, 0] == pytest.approx(bounds[0])
    # Smaller is safer: the order is that of the excess.
    assert np.array_equal(np.argsort(targets[:, 0]), np.argsort(outcomes.excess[:, 0]))


def test_values_that_are_not_all_positive_stay_as_they_are() -> None:
    limits = (Limit("m", "<=", 5.0), Limit("n", "<=", -1.0), Limit("o", ">=", 0.0))
    outcomes = told(limits, [[-0.5, 3.0, 2.0], [7.0, 4.0, -2.0]])
    targets, bounds = margins(outcomes.excess, limits)
    assert np.array_equal(targets, outcomes.excess)
    assert bounds.tolist() == [0.0, 0.0, 0.0]


def test_unknown_rows_have_the_worst_that_was_seen() -> None:
    limits = (Limit("latency_ms", "<=", 5.0), Limit("score", ">=", 2.0))
    outcomes = told(limits, [[2.0, 4.0], [NAN, NAN], [8.0, 1.0]])
    targets, _ = margins(outcomes.excess, limits)
    assert np.allclose(targets[1], [np.log(8.0), -np.log(1.0)])
    assert np.isfinite(targets).all()
    assert np.isnan(outcomes.excess[1]).all()


def test_nothing_known_is_finite() -> None:
    limits = (Limit("latency_ms", "<=", 5.0), Limit("gain", ">=", -1.0))
    targets, bounds = margins(told(limits, [[NAN, NAN]] * 3).excess, limits)
    assert np.isfinite(targets).all()
    assert np.allclose(targets, bounds)  # as likely as not
    none, bound = margins(np.empty((3, 0)), ())
    assert none.shape == (3, 0)
    assert bound.shape == (0,)


def test_probability_by_hand() -> None:
    mean, std = np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[1.0, 2.0], [0.5, 1.0]])
    bounds = np.array([2.0, 0.0])
    first = norm.cdf(1.0) * 0.5  # one deviation below the bound, and on it
    second = 0.5 * norm.cdf(-3.0)
    assert np.allclose(np.exp(log_feasibility(mean, std, bounds)), [first, second])


def test_certainty_and_no_limits() -> None:
    mean, std = np.array([[1.0], [3.0], [1e6]]), np.zeros((3, 1))
    logs = log_feasibility(mean, std, np.array([2.0]))
    assert logs[0] == 0.0
    assert logs[1] < -1e6
    assert np.isfinite(logs).all()
    assert log_feasibility(np.empty((4, 0)), np.empty((4, 0)), np.empty(0)).tolist() == [0.0] * 4
