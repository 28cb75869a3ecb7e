from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import log_ndtr

from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import (
    DARTS,
    Architectures,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.strategies import AGNet, Problem, Strategy, make_strategy
from agnet.strategies.feasibility import margins
from agnet.strategies.presets import PRESETS
from agnet.surrogates import GaussianProcess, GraphEnsemble
from agnet.surrogates.acquisitions import upper_bound
from agnet.testing import StrategyContract
from agnet.testing.states import through_a_file

SPACE = NASBench201()
PART = Subset(SPACE.enumerate()[::20])  # the same generator, and quicker to embed
TINY = Subset(SPACE.enumerate()[::170])
ACCURACY = (Objective("val_accuracy", "maximize"),)
BOTH = (*ACCURACY, Objective("cost", "minimize"))
NAN = float("nan")
Array = npt.NDArray[np.float64]
DEFAULT = PRESETS["default"]
FEWER = replace(DEFAULT, first=400, draws=200, nearby=100, guided=16, seen=400)


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small spaces here need no more; the large ones are not searched for their best."""
    monkeypatch.setitem(PRESETS, "default", FEWER)


class TestAGNet(StrategyContract):
    """The whole of it, on a part of NAS-Bench-201."""

    settings: dict[str, Any] = {}
    rounds = 2

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return AGNet(problem, rng, **self.settings)

    def space(self) -> SearchSpace:
        return PART

    def small_space(self) -> SearchSpace:
        return TINY


class TestPaper(TestAGNet):
    settings = {"preset": "paper"}
    rounds = 2
    batch = 8


class TestWithoutGenerator(TestAGNet):
    settings = {"generator": False}
    rounds = 2


class TestGPOnTheWholeSpace(TestAGNet):
    settings = {"surrogate": "gp"}
    rounds = 2

    def space(self) -> SearchSpace:
        return SPACE


class TestWithoutSurrogate(TestAGNet):
    settings = {"surrogate": "none"}

    def space(self) -> SearchSpace:
        return SPACE


def worth(archs: Architectures) -> Array:
    """Cheap, and the same idea in every space of cells: later options are better."""
    share = archs.choices / (np.array(archs.space.choice_sizes) - 1.0).clip(1.0)
    return np.asarray(share.sum(axis=1))


def made(
    space: SearchSpace = PART,
    objectives: tuple[Objective, ...] = ACCURACY,
    limits: tuple[Limit, ...] = (),
    seed: int = 0,
    **settings: Any,
) -> AGNet:
    return AGNet(Problem(space, objectives, limits), stream(seed, "strategy"), **settings)


def tell(strategy: AGNet, archs: Architectures, limits: tuple[Limit, ...] = ()) -> None:
    """The worth as accuracy and, if there are more objectives or limits, as cost."""
    value = worth(archs)
    problem = strategy._archive.problem
    columns = [o.sign * value for o in problem.objectives]
    excess = [limit.excess(value) for limit in problem.limits]
    told = np.stack(excess, axis=1) if excess else np.empty((len(archs), 0))
    strategy.tell(archs, Outcomes(np.stack(columns, axis=1), told))


def start(strategy: AGNet, n: int = 16) -> Architectures:
    archs = strategy._archive.problem.space.sample(n, stream(0, "initial"))
    tell(strategy, archs)
    return archs


def rounds(strategy: AGNet, number: int, batch: int = 8) -> list[Architectures]:
    asked = []
    for _ in range(number):
        asked.append(strategy.ask(batch))
        tell(strategy, asked[-1])
    return asked


@pytest.mark.parametrize(
    "space",
    [SPACE, NASBench101(), DARTS(), OFAMobileNetV3()],
    ids=lambda space: str(space.name),
)
def test_every_space_is_searched(space: SearchSpace) -> None:
    """Proposals are valid and new, and most are better than what the search began with.

    A bold one may well be worse.
    """
    strategy = made(space)
    told = start(strategy, 24)
    asked = rounds(strategy, 2, 6)
    everything = told
    for archs in asked:
        assert space.is_valid(archs.choices).all()
        assert np.array_equal(space.canonical(archs.choices), archs.choices)
        assert len(np.unique(space.keys(archs))) == len(archs) == 6
        assert not np.isin(space.keys(archs), space.keys(everything)).any()
        everything = everything + archs
    assert np.median(worth(asked[-1])) > np.quantile(worth(told), 0.9)


def test_resumed_among_parts_of_a_front_equals_unbroken() -> None:
    """In a space that draws do not cover, with which part a round looks for being drawn."""
    whole = made(DARTS(), BOTH)
    start(whole)
    rounds(whole, 1)
    resumed = made(DARTS(), BOTH, seed=9)
    resumed.load_state_dict(through_a_file(whole.state_dict()))
    assert rounds(resumed, 4) == rounds(whole, 4)


@pytest.mark.parametrize("surrogate", ["gnn", "gp", "trees"])
def test_it_finds_nearly_the_best_of_a_sum(surrogate: str) -> None:
    strategy = made(PART, surrogate=surrogate)
    start(strategy)
    rounds(strategy, 5)
    values = worth(PART.enumerate())
    assert worth(strategy._archive.archs).max() >= np.quantile(values, 0.995)


@pytest.mark.parametrize("surrogate", ["gnn", "gp"])
def test_the_batch_is_that_of_the_surrogate(surrogate: str) -> None:
    """With limits, their log-probability is added to the bound of each choice."""
    pool = PART.enumerate()
    for limits in ((), (Limit("latency_ms", "<=", 2.25),)):
        strategy = made(PART, limits=limits, surrogate=surrogate)
        start(strategy, 30)
        strategy.ask(1)
        model, offset = strategy.surrogate, None
        assert isinstance(model, GraphEnsemble | GaussianProcess)
        if limits:
            mean, std = model.predict(pool)
            targets, bounds = margins(strategy._archive.outcomes.excess, limits)
            doubt = 0.05 * targets.std()
            spread = np.sqrt(std[:, 1] ** 2 + np.asarray(model.noise)[1] ** 2 + doubt**2)
            assert bounds.tolist() == [np.log(2.25)]
            offset = log_ndtr((bounds[0] - mean[:, 1]) / spread)
        expected = model.choose(pool, 8, upper_bound(2.0), offset)
        assert strategy._choose(pool, 8).tolist() == expected.tolist()


def test_only_one_of_each_function_where_accuracy_is_all() -> None:
    strategy = made(SPACE, surrogate="gp")
    told = start(strategy)
    asked = strategy.ask(40)
    keys = SPACE.keys(asked, "function")
    assert len(np.unique(keys)) == 40
    assert not np.isin(keys, SPACE.keys(told, "function")).any()


def test_functions_count_each_where_cost_matters() -> None:
    """A cell may compute what another does, for less."""
    limit = (Limit("latency_ms", "<=", 100.0),)
    for objectives, limits in ((BOTH, ()), (ACCURACY, limit)):
        strategy = made(SPACE, objectives, limits, surrogate="none")
        assert strategy._level == "text"
    assert made(SPACE, limits=(Limit("test_accuracy", ">=", 1.0),))._level == "function"


def test_feasible_ones_are_preferred() -> None:
    """Better is dearer here: the best that is allowed lies at the limit."""
    limits = (Limit("latency_ms", "<=", 2.25),)
    strategy = made(PART, limits=limits)
    told = start(strategy, 24)
    asked = rounds(strategy, 6)
    last = np.concatenate([worth(archs) for archs in asked[-2:]])
    assert (worth(told) <= 2.25).mean() < 0.5
    assert (last <= 2.25).mean() > 0.8
    assert 2.25 in last


def test_lower_limits_are_kept_as_well() -> None:
    """Worse is wanted, but not below a bound."""
    limits = (Limit("score", ">=", 3.5),)
    strategy = made(PART, (Objective("cost", "minimize"),), limits)
    start(strategy, 24)
    asked = rounds(strategy, 4)
    last = np.concatenate([worth(archs) for archs in asked[-2:]])
    assert (last >= 3.5).mean() > 0.8
    assert last.mean() < 4.3


@pytest.mark.parametrize("surrogate", ["gnn", "gp", "trees", "none"])
def test_nothing_feasible_yet(surrogate: str) -> None:
    """What can look beyond the examples goes towards the limit, whatever the objective says."""
    limits = (Limit("latency_ms", "<=", 1.0), Limit("score", ">=", -1.0))
    strategy = made(PART, limits=limits, surrogate=surrogate)
    archs = PART.enumerate()
    archs = archs[np.flatnonzero(worth(archs) > 2.5)][:16]
    tell(strategy, archs)
    assert not strategy._archive.outcomes.feasible.any()
    asked = rounds(strategy, 2)
    assert all(len(part) == 8 for part in asked)
    if surrogate in ("gnn", "gp"):
        assert worth(asked[0]).mean() < worth(archs).min()


def test_two_objectives_are_both_learnt() -> None:
    """One wants later options, the other the first choice low: both are met in the middle."""
    strategy = made(PART, BOTH)
    archs = PART.sample(24, stream(0, "initial"))

    def told(archs: Architectures) -> Array:
        rest = archs.choices[:, 1:].sum(axis=1)
        return np.stack([-rest - 0.0, archs.choices[:, 0] * 1.0], axis=1)

    for _ in range(4):
        strategy.tell(archs, Outcomes(told(archs), np.empty((len(archs), 0))))
        archs = strategy.ask(8)
    random = told(PART.enumerate()).mean(axis=0)
    assert (told(archs).mean(axis=0) < random).all()


def test_what_is_frozen_and_draws_at_random_ignores_outcomes() -> None:
    """Without surrogate and retraining nothing is learnt; nor is it without a generator."""
    for settings in ({"preset": "paper", "retraining": False}, {"generator": False}):
        asked = []
        for sign in (1.0, -1.0):
            strategy = made(SPACE, surrogate="none", **settings)
            archs = SPACE.sample(16, stream(0, "initial"))
            for _ in range(3):
                told = sign * worth(archs)[:, None]
                strategy.tell(archs, Outcomes(told, np.empty((len(archs), 0))))
                archs = strategy.ask(16)
            asked.append(archs)
        assert asked[0] == asked[1]


def test_retraining_alone_learns() -> None:
    """Without a surrogate, draws of the retrained generator are better than those of a frozen."""
    means = []
    for retraining in (True, False):
        strategy = made(SPACE, surrogate="none", preset="paper", retraining=retraining)
        start(strategy, 64)
        asked = rounds(strategy, 8, 16)
        means.append(np.mean([worth(archs).mean() for archs in asked[-4:]]))
    assert means[0] > means[1] + 0.1


def test_the_generator_is_retrained_every_few_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = made(PART, surrogate="none")
    known: list[int] = []
    assert strategy._latent is not None

    def noting(archs: Architectures, weights: Array, *, updates: int) -> None:
        assert weights.sum() == pytest.approx(1)
        assert weights.argmax() == worth(archs).argmax()
        known.append(len(archs))

    monkeypatch.setattr(strategy._latent.generator, "retrain", noting)
    start(strategy, 10)
    rounds(strategy, 9, 4)
    assert known == [18, 34]


def test_candidates_of_earlier_rounds_stay() -> None:
    strategy = made(PART, surrogate="gp")
    start(strategy)
    strategy.ask(4)
    before = strategy._pool
    asked = rounds(strategy, 1, 4)[0]
    kept = np.isin(PART.keys(before, "function"), PART.keys(strategy._pool, "function"))
    gone = np.isin(PART.keys(before, "function"), PART.keys(asked, "function"))
    assert (kept | gone).all()
    assert len(strategy._pool) > 100


def test_a_small_space_is_covered_by_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly every function is a candidate after a few rounds."""
    monkeypatch.setitem(PRESETS, "default", replace(FEWER, first=DEFAULT.first))
    strategy = made(SPACE, surrogate="gp")
    start(strategy)
    strategy.ask(2)
    functions = len(np.unique(SPACE.keys(SPACE.enumerate(), "function")))
    assert len(strategy._pool) > 0.7 * functions


def test_climbing_reaches_what_is_far_from_all_that_is_known() -> None:
    space = OFAMobileNetV3()
    for generator in (True, False):
        strategy = made(space, surrogate="gp", generator=generator)
        told = start(strategy, 60)
        asked = strategy.ask(8)
        steps = (asked.choices[:, None] != told.choices).sum(axis=2)
        assert steps.min() > 3
        assert worth(asked).min() > worth(told).max()
        assert not len(strategy._pool)


@pytest.mark.parametrize(
    ("space", "settings"),
    [
        (SPACE, {}),
        (NASBench101(), {}),
        (PART, {"surrogate": "trees", "retraining": False}),
    ],
    ids=["nasbench201", "nasbench101", "frozen with trees"],
)
def test_resumed_equals_unbroken_with_a_limit(space: SearchSpace, settings: dict[str, Any]) -> None:
    limits = (Limit("latency_ms", "<=", 3.0),)
    whole = made(space, limits=limits, **settings)
    start(whole, 20)
    rounds(whole, 2, 6)
    resumed = made(space, limits=limits, seed=9, **settings)
    resumed.load_state_dict(through_a_file(whole.state_dict()))
    assert rounds(whole, 2, 6) == rounds(resumed, 2, 6)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"surrogate": "gp"}, {"surrogate": "gnn"}),
        ({"surrogate": "none"}, {"surrogate": "gnn"}),
        ({"generator": False}, {}),
    ],
)
def test_states_of_other_settings_are_refused(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    strategy = made(PART, **first)
    start(strategy)
    rounds(strategy, 1)
    with pytest.raises(CheckpointError):
        made(PART, **second).load_state_dict(strategy.state_dict())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"preset": "nonsense"}, "expected default or paper"),
        ({"surrogate": "forest"}, "expected gnn, gp, trees, none"),
        ({"surrogat": "gnn"}, "agnet takes preset, surrogate, generator, retraining, boldness"),
        ({"boldness": "high"}, "expects float"),
        ({"boldness": NAN}, "boldness nan"),
        ({"boldness": float("inf")}, "boldness inf"),
        ({"generator": 1}, "expects bool"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make_strategy("agnet", Problem(PART, ACCURACY), stream(0, "strategy"), settings)


def test_boldness_replaces_that_of_the_preset() -> None:
    """Negative: that of the preset, by default 2; in a large space 3, 3, 3, 1; 0 in the paper."""
    mean, std = np.zeros(1), np.ones(1)
    for space, settings, expected in (
        (PART, {}, [2.0]),
        (OFAMobileNetV3(), {}, [3.0, 3.0, 3.0, 1.0]),
        (PART, {"boldness": 0.5}, [0.5]),
        (OFAMobileNetV3(), {"boldness": 0.5}, [0.5]),
        (PART, {"preset": "paper"}, [0.0]),
        (OFAMobileNetV3(), {"preset": "paper"}, [0.0]),
        (PART, {"preset": "paper", "boldness": 1.0}, [1.0]),
    ):
        strategy = make_strategy("agnet", Problem(space, ACCURACY), stream(0, "strategy"), settings)
        assert isinstance(strategy, AGNet) and strategy._judge is not None
        turns = strategy._judge._acquire
        assert [float(acquire(mean, std, 0.0)[0]) for acquire in turns] == expected
