from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures, NASBench201
from agnet.strategies import LocalSearch, Problem, Strategy
from agnet.testing import StrategyContract

SPACE = NASBench201()
PROBLEM = Problem(SPACE, (Objective("val_accuracy", "maximize"),))


class TestLocalSearch(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return LocalSearch(problem, rng)


def tell(strategy: Strategy, archs: Architectures, worth: np.ndarray) -> None:
    strategy.tell(archs, Outcomes(-worth[:, None].astype(float), np.zeros((len(archs), 0))))


def differences(archs: Architectures, centre: list[int]) -> list[int]:
    return [int(n) for n in (archs.choices != np.array(centre)).sum(axis=1)]


def test_it_climbs_moves_and_restarts() -> None:
    strategy = LocalSearch(PROBLEM, stream(0, "strategy"))
    tell(strategy, SPACE.from_choices([[0] * 6, [4] * 6]), np.array([1, 0]))
    near = strategy.ask(10)
    assert differences(near, [0] * 6) == [1] * 10
    tell(strategy, near, np.zeros(10))
    rest = strategy.ask(10)  # nothing better: the next ten of the 24 neighbours
    assert differences(rest, [0] * 6) == [1] * 10
    worth = np.zeros(10)
    worth[3] = 2  # better: move there
    tell(strategy, rest, worth)
    moved = strategy.ask(5)
    assert differences(moved, list(rest[3].choices)) == [1] * 5
    tell(strategy, moved, np.zeros(5))
    while max(differences(last := strategy.ask(5), list(rest[3].choices))) == 1:
        tell(strategy, last, np.zeros(5))
    tell(strategy, last, np.zeros(5))
    restarted = strategy.ask(4)  # a local optimum: random ones, then the best of those
    tell(strategy, restarted, np.array([0.5, 1.5, 0.7, 0.1]))
    assert differences(strategy.ask(5), list(restarted[1].choices)) == [1] * 5


def test_one_objective_only() -> None:
    two = (Objective("a", "minimize"), Objective("b", "minimize"))
    with pytest.raises(InvalidInput, match="2 objectives; local_search takes one"):
        LocalSearch(Problem(SPACE, two), stream(0, "strategy"))
