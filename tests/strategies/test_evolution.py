from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import NASBench201
from agnet.strategies import Evolution, Problem, Strategy
from agnet.testing import StrategyContract

SPACE = NASBench201()
PROBLEM = Problem(SPACE, (Objective("val_accuracy", "maximize"),))


class TestEvolution(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return Evolution(problem, rng, population=12, tournament=4)


def test_parents_are_young_and_win_their_tournament() -> None:
    strategy = Evolution(PROBLEM, stream(0, "strategy"), population=3, tournament=3)
    archs = SPACE.from_choices([[4] * 6, [0] * 6, [1] * 6, [2] * 6])
    worth = np.array([9.0, 1.0, 3.0, 2.0])  # the best is too old
    strategy.tell(archs, Outcomes(-worth[:, None], np.zeros((4, 0))))
    children = strategy.ask(20)
    assert (children.choices != 1).sum(axis=1).tolist() == [1] * 20


def test_a_tournament_of_one_takes_anybody() -> None:
    strategy = Evolution(PROBLEM, stream(0, "strategy"), population=2, tournament=1)
    archs = SPACE.from_choices([[0] * 6, [4] * 6])
    strategy.tell(archs, Outcomes(np.array([[0.0], [1.0]]), np.zeros((2, 0))))
    children = strategy.ask(20).choices
    assert 0 < int(((children == 4).sum(axis=1) >= 5).sum()) < 20


@pytest.mark.parametrize("settings", [{"population": 0}, {"tournament": 0}, {"tournament": 99}])
def test_settings_are_checked(settings: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="tournament <= population"):
        Evolution(PROBLEM, stream(0, "strategy"), **settings)
