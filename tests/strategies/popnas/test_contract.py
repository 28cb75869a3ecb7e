from __future__ import annotations

import numpy as np

from agnet.strategies import POPNAS, Problem, Strategy
from agnet.testing import StrategyContract


class TestPOPNAS(StrategyContract):
    ends_early = True

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return POPNAS(problem, rng, kept=20)


class TestPNAS(StrategyContract):
    ends_early = True

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return POPNAS(problem, rng, kept=20, mode="pnas", accuracy_model="gnn")
