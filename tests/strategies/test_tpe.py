from __future__ import annotations

import numpy as np

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import DARTS, SearchSpace
from agnet.strategies import TPE, Problem, Strategy
from agnet.testing import StrategyContract

ACCURACY = (Objective("val_accuracy", "maximize"),)
BOTH = (*ACCURACY, Objective("flops_m", "minimize"))
from agnet.spaces import Architectures


class TestTPE(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return TPE(problem, rng)


class TestTwoObjectives(TestTPE):
    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        choices = archs.choices.astype(np.float64)
        return Outcomes(np.stack([-np.minimum(choices[:, 1:], 3).sum(axis=1), choices.sum(axis=1)], axis=1), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None: ...

class TestLarge(TestTwoObjectives):
    def space(self) -> SearchSpace:
        return DARTS()
