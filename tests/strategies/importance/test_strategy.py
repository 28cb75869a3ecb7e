from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import (
    DARTS,
    Architectures,
    BlockCells,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.strategies import Importance, Problem, Strategy, make_strategy
from agnet.testing import StrategyContract
from agnet.testing.states import through_a_file
from tests.strategies.degenerate import degenerate

SPACE = NASBench201()
BOTH = (Objective("val_accuracy", "maximize"), Objective("params_m", "minimize"))
LIMIT = Limit("params_m", "<=", 1.0)
Array = npt.NDArray[np.float64]


def worth(archs: Architectures) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    return np.stack([-gain, choices.sum(axis=1)], axis=1)


class TestOneObjective(StrategyContract):
    """With which it is the search of one distribution."""

    settings: dict[str, Any] = {}

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("importance", problem, rng, self.settings)


class TestTwoObjectives(TestOneObjective):
    """As it is meant."""

    def small_space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::170])

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """Of two objectives, see :func:`test_degenerate_outcomes_are_taken`."""


class TestSeparate(TestTwoObjectives):
    settings = {"shared": False, "own": 4}


class TestOthers(TestTwoObjectives):
    settings = {
        "coefficients": "0, 3,10",
        "weights": "tempered",
        "utility": "standardised",
        "floor": "asng",
        "draw": "mixture",
    }


class TestLargeBatches(TestTwoObjectives):
    """Of more than an iteration draws."""

    settings = {"coefficients": "2,", "floor": "value"}
    batch = 40


class TestCells(TestTwoObjectives):
    """Where few vectors are an architecture."""

    def space(self) -> SearchSpace:
        return NASBench101()


class TestMembers(TestTwoObjectives):
    """Where some vectors stand for nothing."""

    def space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::20])


class TestLargeSpace(TestTwoObjectives):
    def space(self) -> SearchSpace:
        return OFAMobileNetV3()


def made(seed: int = 0, *limits: Limit, **settings: Any) -> Importance:
    strategy = make_strategy(
        "importance", Problem(SPACE, BOTH, limits), stream(seed, "strategy"), settings
    )
    assert isinstance(strategy, Importance)
    return strategy


def tell(strategy: Importance, archs: Architectures) -> None:
    strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))


def started(seed: int = 0, **settings: Any) -> Importance:
    strategy = made(seed, **settings)
    tell(strategy, SPACE.sample(10, stream(seed, "initial")))
    return strategy


def go_on(strategy: Importance, queries: int, batch: int = 10) -> list[str]:
    texts: list[str] = []
    while len(texts) < queries:
        archs = strategy.ask(batch)
        texts += map(str, archs)
        tell(strategy, archs)
    return texts


def test_each_distribution_finds_what_its_price_is_for() -> None:
    """A step up is worth 1, and costs about an eighth of the price; the first is never worth it."""
    strategy = started(coefficients="0,4,40", own=4)
    go_on(strategy, 400)
    found = strategy.modes()
    best = [SPACE.from_choices([row])[0] for row in ([0] + [3] * 5, [0] * 6)]
    assert [mode.coefficient for mode in found] == [0, 4, 40]
    assert found[1].arch == best[0] and found[2].arch == best[1]
    assert found[0].arch is not None and min(found[0].arch.choices[1:]) >= 3
    assert all(0.2 < mode.effective <= 1 and mode.delta > 0 for mode in found)
    assert all(mode.entropy < 0.8 * 6 * np.log(5) for mode in found[1:])


def test_nothing_is_told_of_modes_before_there_are_prices() -> None:
    strategy = made()
    assert strategy.modes() == ()
    archs = SPACE.sample(7, stream(0, "initial"))
    tell(strategy, archs)
    strategy.ask(3)
    assert strategy.modes() == ()
    tell(strategy, SPACE.sample(12, stream(1, "initial"))[10:])
    strategy.ask(3)
    modes = strategy.modes()
    assert [mode.coefficient for mode in modes] == sorted(mode.coefficient for mode in modes)
    assert len(modes) == 5 and np.isnan(modes[0].effective)
    assert modes[0].entropy == pytest.approx(6 * np.log(5))


def test_draws_are_evaluated_before_anything_is_learnt() -> None:
    """In batches of three, which the iteration of ten or so is made to fill."""
    strategy = started()
    archs = strategy.ask(3)
    theta, drawn = strategy._state.theta, len(strategy._draws)
    batches = -(-len(strategy._draws.missing()) // 3)
    assert drawn == 10 and batches > 2
    for _ in range(batches):
        assert strategy._state.theta is theta and len(archs) == 3
        tell(strategy, archs)
        archs = strategy.ask(3)
    assert not np.array_equal(strategy._state.theta, theta)
    assert [mode.effective for mode in strategy.modes()] == pytest.approx([1.0] * 5)


@pytest.mark.parametrize("batch", [2, 10, 16])
def test_iterations_do_not_grow_beyond_batches(batch: int) -> None:
    strategy, steps = started(), []
    for _ in range(160 // batch):
        before = strategy._state.theta
        tell(strategy, strategy.ask(batch))
        steps.append(strategy._state.theta is not before)
    assert sum(steps) >= 160 // max(batch, 10) - 1


def test_what_is_on_record_is_used_without_a_query() -> None:
    """In a space of which all but three cells are known, iterations go on by themselves."""
    strategy = made(coefficients="0,4,40")
    everything = SPACE.enumerate()
    rest = np.isin(np.arange(len(everything)), [5, 5000, 15000])
    tell(strategy, everything[~rest])
    archs = strategy.ask(3)
    assert set(map(str, archs)) == set(map(str, everything[rest]))
    tell(strategy, archs)
    assert len(strategy.ask(3)) == 0
    assert max(mode.entropy for mode in strategy.modes()) < 0.8 * 6 * np.log(5)


@pytest.mark.parametrize("batch", [1, 7, 50])
@pytest.mark.parametrize("settings", [{}, {"draw": "mixture", "shared": False}])
def test_any_batch_is_resumed(batch: int, settings: dict[str, Any]) -> None:
    whole, part, resumed = started(**settings), started(**settings), made(9, **settings)
    texts = go_on(whole, 100, batch)
    before = go_on(part, 50, batch)
    resumed.load_state_dict(through_a_file(part.state_dict()))
    assert before + go_on(resumed, 100 - len(before), batch) == texts
    assert resumed.modes() == whole.modes()


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("utility", ["quantile", "standardised"])
def test_degenerate_outcomes_are_taken(case: str, utility: str) -> None:
    """And a search with them can be repeated and resumed."""
    objectives, excess = degenerate()[case]

    def rounds(strategy: Importance, number: int) -> list[str]:
        texts = []
        for _ in range(number):
            told = len(strategy._archive)
            size = 5 if told else 10
            archs = strategy.ask(5) if told else SPACE.sample(10, stream(0, "initial"))
            assert len(archs) == size and not strategy._archive.seen(archs).any()
            at = slice(told, told + size)
            strategy.tell(archs, Outcomes(objectives[at], excess[at]))
            assert np.isfinite(strategy._state.theta).all()
            texts += [str(arch) for arch in archs]
        return texts

    whole, part, resumed = (made(seed, LIMIT, utility=utility) for seed in (0, 0, 9))
    texts = rounds(whole, 7)
    before = rounds(part, 4)
    resumed.load_state_dict(through_a_file(part.state_dict()))
    assert before + rounds(resumed, 3) == texts


@pytest.mark.parametrize(
    "space",
    [NASBench101(), OFAMobileNetV3(), DARTS(), BlockCells(2), Subset(SPACE.enumerate()[:12])],
    ids=lambda space: str(space.name),
)
def test_it_runs_on_every_space(space: SearchSpace) -> None:
    strategy = make_strategy("importance", Problem(space, BOTH), stream(0, "strategy"), {})
    archs, told = space.sample(10, stream(0, "initial")), 0
    archs = archs[np.sort(np.unique(space.keys(archs), return_index=True)[1])]
    for _ in range(6):
        strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))
        told += len(archs)
        archs = strategy.ask(10)
        assert len(archs) == min(10, space.size - told)


def test_computed_limits_are_kept_and_learnt_from() -> None:
    def cost(archs: Any) -> Array:
        return np.array([sum(arch.choices) for arch in archs], dtype=np.float64)

    problem = Problem(SPACE, BOTH, (Limit("cost", "<=", 10.0),), {"cost": cost})
    strategy = Importance(problem, stream(0, "strategy"), coefficients="0,12")
    archs = SPACE.sample(10, stream(0, "initial"))
    for _ in range(12):
        strategy.tell(archs, Outcomes(worth(archs), cost(archs)[:, None] - 10))
        archs = strategy.ask(10)
        assert len(archs) == 10 and (cost(archs) <= 10).all()
    theta = strategy._state.theta[0]
    assert (theta * np.arange(5)).sum() < 11.5


def test_a_cost_that_costs_nothing_sets_no_price() -> None:
    strategy = made()
    archs = SPACE.sample(10, stream(0, "initial"))
    strategy.tell(archs, Outcomes(worth(archs) * [1, 0] + [0, 3], np.empty((10, 0))))
    assert len(strategy.ask(10)) == 10


def test_half_a_state_is_refused() -> None:
    strategy = started()
    go_on(strategy, 20)
    good = strategy.state_dict()
    made(coefficients="1,2,3,4,5").load_state_dict(good)
    theta, *rest = good["distributions"]
    for wrong in (
        {**good, "distributions": [theta[:4], *rest]},
        {**good, "distributions": [theta]},
        {**good, "distributions": [theta, *reversed(rest)]},
        {**good, "draws": None},
        {**good, "prices": 3},
        {key: value for key, value in good.items() if key != "effective"},
    ):
        with pytest.raises(CheckpointError):
            made().load_state_dict(wrong)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"weights": "own"}, "got weights 'own'; expected balance, tempered, none"),
        ({"utility": "rank"}, "expected quantile, standardised"),
        ({"floor": "none"}, "expected catcma, asng, value"),
        ({"draw": "all"}, "expected stratified, mixture"),
        ({"own": 0}, "5 distributions and 0 samples"),
        ({"distributions": 1, "own": 1}, "2 samples in all"),
        ({"delta": 0.0}, "got delta 0.0; expected a finite number above 0"),
        ({"truncation": float("nan")}, "got truncation nan"),
        ({"coefficients": "1,0"}, "rising numbers from 0 on"),
        ({"coefficients": "-1,0"}, "rising numbers"),
        ({"coefficients": "much"}, "rising numbers"),
        ({"coefficients": ""}, "rising numbers"),
        ({"coefficients": 3.0}, "expects str"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        made(**settings)


def test_prices_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one objective; add the complexity"):
        Importance(Problem(SPACE, BOTH[:1]), stream(0, "strategy"), coefficients="0,1")
