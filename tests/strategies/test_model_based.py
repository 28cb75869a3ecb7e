from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import DARTS, NASBench201, OFAMobileNetV3, SearchSpace
from agnet.strategies import ModelBased, Problem, Strategy, make_strategy
from agnet.strategies.gp import make_gp
from agnet.strategies.model_based import highest
from agnet.strategies.trees import make_trees
from agnet.surrogates import ExtraTrees, GaussianProcess
from agnet.testing import StrategyContract

SPACE = NASBench201()
OBJECTIVE = (Objective("val_accuracy", "maximize"),)
NAN = float("nan")


class TestGP(StrategyContract):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_gp(problem, rng)


class TestGPOnALargeSpace(TestGP):
    rounds = 2

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_gp(problem, rng, candidates=200)

    def space(self) -> SearchSpace:
        return DARTS()


class TestTrees(StrategyContract):
    rounds = 3

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_trees(problem, rng, trees=10)


class TestAnotherSurrogate(StrategyContract):
    """A strategy takes any surrogate: here a Gaussian process without its batch choice."""

    rounds = 2

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        surrogate = GaussianProcess(problem.space)
        return ModelBased(
            "mine", problem, rng, surrogate, lambda a, n: highest(surrogate, a, n, 1.0), 100
        )


def test_highest_is_of_the_bound() -> None:
    surrogate = ExtraTrees(SPACE, np.random.default_rng(0), trees=10)
    archs = SPACE.sample(30, np.random.default_rng(0))
    surrogate.fit(archs, archs.choices.sum(axis=1, keepdims=True).astype(float))
    fresh = SPACE.sample(50, np.random.default_rng(1))
    mean, std = surrogate.predict(fresh)
    bound = (mean + 2 * std)[:, 0]
    chosen = highest(surrogate, fresh, 5, 2.0)
    assert np.allclose(bound[chosen], np.sort(bound)[::-1][:5])


@pytest.mark.parametrize(("name", "settings"), [("gp", {}), ("trees", {"trees": 30})])
def test_it_finds_nearly_the_best_of_a_sum(name: str, settings: dict[str, Any]) -> None:
    strategy = make_strategy(name, Problem(SPACE, OBJECTIVE), stream(0, "strategy"), settings)
    archs = SPACE.sample(16, stream(0, "initial"))
    best = -np.inf
    for _ in range(6):
        worth = np.array([0, 1, 2, 4, 3])[archs.choices].sum(axis=1).astype(float)
        best = max(best, worth.max())
        strategy.tell(archs, Outcomes(-worth[:, None], np.zeros((len(archs), 0))))
        archs = strategy.ask(8)
    assert best >= 22  # of 24; random search comes to 20


def test_functional_repeats_come_last() -> None:
    strategy = make_gp(Problem(SPACE, OBJECTIVE), stream(0, "strategy"))
    told = SPACE.sample(16, stream(0, "initial"))
    strategy.tell(told, Outcomes(np.arange(16.0)[:, None], np.zeros((16, 0))))
    asked = strategy.ask(40)
    keys = SPACE.keys(asked, "function")
    assert len(np.unique(keys)) == 40
    assert not np.isin(keys, SPACE.keys(told, "function")).any()


def test_climbing_reaches_what_no_mutant_of_the_known_is() -> None:
    space = OFAMobileNetV3()
    strategy = make_gp(Problem(space, OBJECTIVE), stream(0, "strategy"))
    told = space.sample(60, stream(0, "initial"))
    size = told.choices.sum(axis=1).astype(float)
    strategy.tell(told, Outcomes(-size[:, None], np.zeros((60, 0))))
    steps = np.abs(strategy.ask(8).choices[:, None] - told.choices).astype(bool).sum(axis=2)
    assert steps.min() > 3
    assert strategy.ask(8).choices.sum(axis=1).min() > size.max()


def test_limits_steer_the_search() -> None:
    limit = Limit("cost", "<=", 8.0)
    strategy = make_gp(Problem(SPACE, OBJECTIVE, (limit,)), stream(0, "strategy"))
    archs = SPACE.sample(16, stream(0, "initial"))
    kept = []
    for _ in range(8):
        cost = (archs.choices == 3).sum(axis=1) * 4.0
        told = Outcomes(-cost[:, None] - archs.choices[:, :1], limit.excess(cost)[:, None])
        kept.append(told.feasible.mean())
        strategy.tell(archs, told)
        archs = strategy.ask(8)
    assert np.mean(kept[-3:]) >= 0.5


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("gp", {"boldness": -1.0}, "boldness -1.0"),
        ("gp", {"candidates": 0}, "0 candidates"),
        ("trees", {"boldness": NAN}, "boldness nan"),
        ("trees", {"trees": 0}, "0 trees"),
        ("trees", {"boldnes": 1.0}, "takes trees, boldness, candidates"),
        ("gp", {"candidates": "many"}, "expects int"),
    ],
)
def test_settings_are_checked(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make_strategy(name, Problem(SPACE, OBJECTIVE), stream(0, "strategy"), settings)


def test_several_objectives_are_refused() -> None:
    both = (*OBJECTIVE, Objective("params_m", "minimize"))
    with pytest.raises(InvalidInput, match="2 objectives; gp takes one"):
        make_strategy("gp", Problem(SPACE, both), stream(0, "strategy"), {})
