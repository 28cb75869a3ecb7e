from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import NASBench101, NASBench201, OFAMobileNetV3, SearchSpace
from agnet.strategies import EDA, Problem, Strategy
from agnet.strategies.eda import rank_weights
from agnet.testing import StrategyContract

OBJECTIVE = (Objective("val_accuracy", "maximize"),)


class TestEDA(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return EDA(problem, rng)


def test_rank_weights_by_hand() -> None:
    weights = rank_weights(np.arange(16), 0.01)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] / weights[1] == pytest.approx(6.25 / (1 / 1.16))
    assert rank_weights(np.array([0, 0]), 0.01).tolist() == [0.5, 0.5]


def test_draws_follow_the_weighted_marginals() -> None:
    space = NASBench201()
    strategy = EDA(Problem(space, OBJECTIVE), stream(0, "strategy"), candidates=2000)
    archs = space.from_choices([[3] * 6, [1] * 6])
    strategy.tell(archs, Outcomes(np.array([[0.0], [1.0]]), np.zeros((2, 0))))
    drawn = strategy._draw(20_000)
    first = rank_weights(np.array([0, 1]), 0.01)
    expected = 0.85 * np.array([0, first[1], 0, first[0], 0]) + 0.15 / 5
    frequency = (drawn[:, :, None] == np.arange(5)).mean(axis=(0, 1))
    assert np.abs(frequency - expected).max() < 0.005


@pytest.mark.parametrize(
    "space", [NASBench101(), OFAMobileNetV3()], ids=lambda space: str(space.name)
)
def test_spaces_with_invalid_choice_vectors(space: SearchSpace) -> None:
    strategy = EDA(Problem(space, OBJECTIVE), stream(0, "strategy"))
    archs = space.sample(20, stream(0, "initial"))
    strategy.tell(archs, Outcomes(np.arange(20.0)[:, None], np.zeros((20, 0))))
    assert len(strategy.ask(16)) == 16


@pytest.mark.parametrize("settings", [{"k": 0.0}, {"uniform": 1.5}, {"candidates": 0}])
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="expected k > 0"):
        EDA(Problem(NASBench201(), OBJECTIVE), stream(0, "strategy"), **settings)
