from __future__ import annotations

import numpy as np

from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import NASBench101
from agnet.strategies import Problem, RandomSearch, Strategy
from agnet.testing import StrategyContract


class TestRandomSearch(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return RandomSearch(problem, rng)


def test_many_objectives_are_welcome() -> None:
    objectives = (Objective("val_accuracy", "maximize"), Objective("params_m", "minimize"))
    strategy = RandomSearch(Problem(NASBench101(4), objectives), stream(0, "strategy"))
    archs = strategy.ask(4)
    strategy.tell(archs, Outcomes(np.zeros((4, 2)), np.zeros((4, 0))))
    assert len(strategy.ask(87)) == 87


def test_proposals_are_uniform() -> None:
    space = NASBench101(3)  # seven cells
    problem = Problem(space, (Objective("val_accuracy", "maximize"),))
    first = [RandomSearch(problem, stream(seed, "strategy")).ask(1)[0] for seed in range(700)]
    counts = np.bincount(space.index(first), minlength=7)
    assert ((counts - 100) ** 2 / 100).sum() < 22.46  # chi-square, 6 degrees of freedom, 0.1 %
