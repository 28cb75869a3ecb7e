from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.pareto import hypervolume
from agnet.spaces import (
    Architecture,
    Architectures,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.spaces.elastic import ElasticSpace, Options, elastic_preset
from agnet.strategies import NAT, Problem, Strategy, make_strategy
from agnet.testing import StrategyContract
from tests.strategies.degenerate import degenerate

pytest.importorskip("pymoo")
pytest.importorskip("lightgbm")

SPACE = NASBench201()
TINY = ElasticSpace(elastic_preset("tiny"))
BOTH = (Objective("val_accuracy", "maximize"), Objective("params_m", "minimize"))
LIMIT = Limit("params_m", "<=", 1.0)
SMALL: dict[str, Any] = {"first": 12, "population": 12, "generations": 3}
Array = npt.NDArray[np.float64]


def worth(archs: Architectures, objectives: int = 2) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    columns = [-gain, choices.sum(axis=1), choices[:, 2] - choices[:, 1]]
    return np.stack(columns[:objectives], axis=1)


class TestOneObjective(StrategyContract):
    """With which the search inside is a genetic algorithm."""

    rounds = 2

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("nat", problem, rng, SMALL)


class TestTwoObjectives(TestOneObjective):
    """With the predictor of NAT."""

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        settings = {**SMALL, "predictor": "radial", "draw": "genes"}
        return make_strategy("nat", problem, rng, settings)

    def small_space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::170])

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))


def known() -> dict[str, Any]:
    def params(archs: Any) -> Array:
        return np.asarray(TINY.params(archs) / 1e6)

    return {"params_m": params}


def run(strategy: Strategy, queries: int, batch: int, values: Any) -> Architectures:
    told = TINY.batch([])
    while len(told) < queries:
        archs = strategy.ask(min(batch, queries - len(told)))
        strategy.tell(archs, Outcomes(values(archs), np.empty((len(archs), 0))))
        told = told + archs
    return told


def elastic_worth(archs: Architectures) -> Array:
    """Larger is better, the less the larger it is, and kernels matter beside."""
    macs = TINY.macs(archs).astype(np.float64)
    kernels = np.array(
        [[layer.kernel for s in TINY.plan(a).stages for layer in s] for a in archs], object
    )
    wide = np.array([np.mean(one) for one in kernels])
    return np.stack([-np.log(macs) - 0.1 * wide, TINY.params(archs) / 1e6], axis=1)


def test_the_first_are_the_extremes_then_draws_then_predictions() -> None:
    strategy = NAT(Problem(TINY, BOTH), np.random.default_rng(0), first=10, population=20)
    archs = strategy.ask(4)
    every = Options.every(TINY.config)
    assert list(archs[:2]) == [every.smallest(TINY), every.largest(TINY)]


def test_it_finds_more_than_as_many_random_ones() -> None:
    reference = [0.0, 0.11]
    for seed in range(2):
        settings: dict[str, Any] = {"first": 30, "population": 30, "generations": 5}
        problem = Problem(TINY, BOTH, known=known())
        found = run(NAT(problem, np.random.default_rng(seed), **settings), 60, 10, elastic_worth)
        drawn = TINY.sample(60, np.random.default_rng(seed))
        mine, random = (hypervolume(elastic_worth(archs), reference) for archs in (found, drawn))
        assert mine > random


def test_what_can_be_computed_is_not_predicted() -> None:
    asked: list[int] = []

    def params(archs: Any) -> Array:
        asked.append(len(archs))
        return np.asarray(TINY.params(archs) / 1e6)

    problem = Problem(TINY, BOTH, known={"params_m": params})
    strategy = NAT(problem, np.random.default_rng(0), first=10, population=10, generations=2)
    run(strategy, 14, 4, elastic_worth)
    assert sum(asked) >= 3 * 10


def test_computed_limits_are_kept_by_what_is_proposed() -> None:
    limit = Limit("params_m", "<=", 0.03)
    problem = Problem(TINY, BOTH[:1], (limit,), known=known())
    strategy = NAT(problem, np.random.default_rng(0), first=10, population=20, generations=4)
    for _ in range(4):
        archs = strategy.ask(5)
        params = TINY.params(archs) / 1e6
        assert (params <= 0.03).all()
        outcomes = Outcomes(elastic_worth(archs)[:, :1], (params - 0.03)[:, None])
        strategy.tell(archs, outcomes)


@pytest.mark.parametrize("what", degenerate())
def test_outcomes_that_teach_little_are_survived(what: str) -> None:
    objectives, excess = degenerate()[what]
    problem = Problem(SPACE, BOTH, (LIMIT,))
    strategy = NAT(problem, np.random.default_rng(0), **SMALL)
    archs = SPACE.enumerate()[::390][:40]
    strategy.tell(archs, Outcomes(objectives, excess))
    proposed = strategy.ask(5)
    assert len(set(proposed) - set(archs)) == 5


def test_a_space_that_is_nearly_known_is_finished() -> None:
    space = Subset(SPACE.enumerate()[::400])
    strategy: Strategy = NAT(Problem(space, BOTH), np.random.default_rng(0), **SMALL)
    told: set[Architecture] = set()
    while archs := strategy.ask(7):
        assert not told & set(archs)
        strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))
        told |= set(archs)
    assert len(told) == space.size


def test_three_objectives_are_searched() -> None:
    third = Objective("latency_ms", "minimize")
    strategy = NAT(Problem(SPACE, (*BOTH, third)), np.random.default_rng(0), **SMALL)
    for _ in range(4):
        archs = strategy.ask(6)
        assert len(set(archs)) == 6
        strategy.tell(archs, Outcomes(worth(archs, 3), np.empty((6, 0))))


def test_large_spaces_of_other_kinds_are_searched() -> None:
    space = OFAMobileNetV3()
    strategy = NAT(Problem(space, BOTH), np.random.default_rng(0), **SMALL)
    for _ in range(4):
        archs = strategy.ask(6)
        assert len(set(archs)) == 6
        strategy.tell(archs, Outcomes(worth(archs), np.empty((6, 0))))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"first": 0}, "first = 0"),
        ({"population": 1}, "population = 1"),
        ({"draw": "wild"}, "draw = 'wild'"),
        ({"predictor": "oracle"}, "predictor = 'oracle'"),
        ({"solver": "swarm"}, "solver 'swarm'"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        NAT(Problem(TINY, BOTH), np.random.default_rng(0), **settings)


def test_nsga3_needs_several_objectives() -> None:
    with pytest.raises(InvalidInput, match="nsga3 for several"):
        NAT(Problem(TINY, BOTH[:1]), np.random.default_rng(0), solver="nsga3")


def test_states_of_others_are_refused() -> None:
    one = NAT(Problem(SPACE, BOTH), np.random.default_rng(0))
    other = make_strategy("random", Problem(SPACE, BOTH), np.random.default_rng(0), {})
    with pytest.raises(CheckpointError, match="expected 'nat'"):
        one.load_state_dict(other.state_dict())


def test_what_is_to_be_avoided_is_not_proposed() -> None:
    """Asked twice alike, but for what it proposed the first time."""
    rng = np.random.default_rng(3)
    told = TINY.sample(30, rng).distinct()
    problem = Problem(TINY, BOTH, (), known())

    def proposed(avoided: Architectures) -> Architectures:
        strategy = NAT(problem, np.random.default_rng(5), first=1, population=12, generations=3)
        strategy.avoid(avoided)
        strategy.tell(told, Outcomes(worth(told), np.empty((len(told), 0))))
        return strategy.ask(4)

    before = proposed(TINY.batch([]))
    after = proposed(before)
    assert len(after.distinct(unlike=before)) == len(before) == 4


def test_gaps_are_evened_out_where_costs_are_whatever_comes_first() -> None:
    rng = np.random.default_rng(3)
    told = TINY.sample(30, rng).distinct()

    def proposed(order: list[int]) -> set[str]:
        objectives = tuple(BOTH[at] for at in order)
        problem = Problem(TINY, objectives, (), known())
        values = np.stack([worth(told)[:, 0], TINY.params(told) / 1e6], axis=1)
        strategy = NAT(problem, np.random.default_rng(5), first=1)
        strategy.tell(told, Outcomes(values[:, order], np.empty((len(told), 0))))
        assert strategy._cheap() == [order.index(1)]
        return {str(arch) for arch in strategy.ask(4)}

    assert len(proposed([0, 1])) == len(proposed([1, 0])) == 4
