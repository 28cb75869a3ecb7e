from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from agnet.objectives import Outcomes
from agnet.strategies.targets import rank_scores, regret_scores, search_scores

NAN = float("nan")


def test_rank_scores_by_hand() -> None:
    objectives = np.array([[3.0], [1.0], [2.0], [2.0], [NAN]])
    scores = rank_scores(Outcomes(objectives, np.zeros((5, 0))))[:, 0]
    expected = -norm.ppf(np.array([3.5, 0.5, 2.0, 2.0, 4.5]) / 5)
    assert np.allclose(scores, expected)


def test_infeasible_score_below_feasible_and_above_failed() -> None:
    objectives = np.array([[9.0], [1.0], [0.0], [NAN]])
    excess = np.array([[-1.0], [0.5], [2.0], [NAN]])
    scores = rank_scores(Outcomes(objectives, excess))[:, 0]
    assert (np.diff(scores) < 0).all()


def test_regret_scores_by_hand() -> None:
    """Regrets 2, 0, 4; their median is 2."""
    scores = regret_scores(np.array([5.0, 3.0, 7.0]))
    assert scores == pytest.approx(-np.log([4.0, 2.0, 6.0]))


def test_regrets_without_a_scale() -> None:
    """Most are the best, or all are."""
    scores = regret_scores(np.array([1.0, 1.0, 1.0, 5.0]))
    assert scores == pytest.approx(-np.log([1.0, 1.0, 1.0, 5.0]))
    assert (regret_scores(np.full(3, 2.0)) == 0).all()


def test_search_scores_are_the_mean_of_both() -> None:
    values = np.array([3.0, 1.0, 9.0, 2.0])
    ranks = rank_scores(Outcomes(values[:, None], np.empty((4, 0))))[:, 0]
    regrets = regret_scores(values)
    expected = (ranks / ranks.std() + (regrets - regrets.mean()) / regrets.std()) / 2
    assert search_scores(values) == pytest.approx(expected)


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6) | st.just(NAN)))
def test_search_scores_keep_the_order(values: npt.NDArray[np.float64]) -> None:
    """What is missing is neither good nor bad, and changes nothing for the others."""
    scores = search_scores(values)
    known = ~np.isnan(values)
    assert (scores[~known] == 0).all()
    assert scores[known].sum() == pytest.approx(0.0, abs=1e-6)
    order = np.argsort(values[known], kind="stable")
    assert (np.diff(scores[known][order]) <= 1e-9).all()
    if known.any():
        assert np.array_equal(scores[known], search_scores(values[known]))
