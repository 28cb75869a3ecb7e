from __future__ import annotations

from typing import Any

import numpy as np

from agnet.objectives import Limit, Outcomes
from agnet.spaces import DARTS, Architectures, SearchSpace, Subset
from agnet.strategies import LaMOO, Problem, Strategy
from agnet.testing import StrategyContract
from tests.strategies.lamoo.told import BOTH, SPACE, worth


class TestLaMOO(StrategyContract):
    """With one objective, with which it is the same search."""

    settings: dict[str, Any] = {}
    rounds = 6  # the first tree with a split is that of the third

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return LaMOO(problem, rng, **self.settings)


class TestTwoObjectives(TestLaMOO):
    """As it is meant."""

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """Of two objectives, see :func:`tests.strategies.lamoo.test_limits`."""


class TestEvolution(TestTwoObjectives):
    settings = {"sampler": "evolution", "select": "path", "children": "prediction"}


class TestCMAES(TestTwoObjectives):
    settings = {"sampler": "cmaes"}


class TestWithoutPartition(TestTwoObjectives):
    settings = {"sampler": "evolution", "partition": False}


class TestBayesian(TestTwoObjectives):
    """In few rounds, which take seconds."""

    settings = {"sampler": "qnehvi", "min_split": 4}
    rounds = 2

    def small_space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::400])


class TestOthers(TestTwoObjectives):
    settings = {"encoding": "integer", "kernel": "poly", "cp": 0.3, "min_split": 4}


class TestLatent(TestTwoObjectives):
    """On a part of the space, whose codes are quicker to find."""

    settings = {"sampler": "latent", "encoding": "latent", "kernel": "linear"}
    rounds = 3

    def space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::20])

    def small_space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::170])


class TestSurrogate(TestLatent):
    settings = {"sampler": "surrogate", "min_split": 4}


class TestLargeSpace(TestTwoObjectives):
    settings = {"sampler": "evolution"}
    rounds = 4

    def space(self) -> SearchSpace:
        return DARTS()
