from __future__ import annotations

import numpy as np

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architectures, BlockCells, SearchSpace
from agnet.strategies import POPNAS, Problem, Strategy
from agnet.testing import StrategyContract

BOTH = (Objective("val_accuracy", "maximize"), Objective("train_seconds", "minimize"))


class TestPOPNAS(StrategyContract):
    """With two objectives, and so few first cells that most checks go beyond them."""

    ends_early = True
    batch = 4

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return POPNAS(problem, rng, kept=20)

    def space(self) -> SearchSpace:
        return BlockCells(3, 1, ("identity", "conv_3x3", "max_pool_2x2"))

    def small_space(self) -> SearchSpace:
        return BlockCells(3, 1, ("conv_3x3",))

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        ops = archs.choices[:, 1::2].astype(np.float64)
        objectives = np.stack([-np.sqrt(ops.sum(axis=1)), 1.0 + ops.sum(axis=1)], axis=1)
        return Outcomes(objectives, np.empty((len(archs), 0)))


class TestPNAS(StrategyContract):
    ends_early = True

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return POPNAS(problem, rng, kept=20, mode="pnas", accuracy_model="gnn")
