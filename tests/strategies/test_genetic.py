from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.benchmarks import open_benchmark
from agnet.errors import CheckpointError, InvalidInput, MissingExtra
from agnet.objectives import Limit, Objective, Outcomes
from agnet.pareto import hypervolume, non_dominated
from agnet.seeds import stream
from agnet.spaces import (
    Architectures,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.strategies import Problem, Strategy, make_strategy
from agnet.strategies.genetic.strategy import Genetic
from agnet.testing import StrategyContract
from agnet.testing.states import through_a_file
from tests.strategies.degenerate import degenerate

pytest.importorskip("pymoo")

from agnet.strategies.genetic.decomposition import Decomposition, directions  # noqa: E402
from agnet.strategies.genetic.engine import Points  # noqa: E402
from agnet.strategies.genetic.generations import nsga2, nsga3  # noqa: E402
from agnet.strategies.genetic.operators import least_violation  # noqa: E402

SPACE = NASBench201()
BOTH = (Objective("val_accuracy", "maximize"), Objective("flops_m", "minimize"))
NAMES = ("nsga2", "nsga3", "moead")
NAN, INF = float("nan"), float("inf")
Array = npt.NDArray[np.float64]


def worth(archs: Architectures, objectives: int = 2) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    columns = [-gain, choices.sum(axis=1), choices[:, 2] - choices[:, 1], (choices == 1).sum(1)]
    return np.stack(columns[:objectives], axis=1)


class TestNSGA2(StrategyContract):
    """With one objective, with which crowding keeps the best apart."""

    rounds = 7  # with ten initial ones, more than a generation

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("nsga2", problem, rng, {"population": 12})


class TestTwoObjectives(TestNSGA2):
    def small_space(self) -> SearchSpace:
        return Subset(SPACE.enumerate()[::170])

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """Of two objectives, see :func:`test_degenerate_outcomes_are_taken`."""


class TestNSGA3(TestTwoObjectives):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("nsga3", problem, rng, {"population": 12})


class TestMOEAD(TestTwoObjectives):
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("moead", problem, rng, {"population": 12, "neighbours": 4})


class TestNSGA3OfFour(TestNSGA3):
    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        more = (Objective("params_m", "minimize"), Objective("gpu_latency_ms", "minimize"))
        return Problem(space or self.space(), (*BOTH, *more), limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs, 4), np.empty((len(archs), 0)))


class TestMOEADOfFour(TestNSGA3OfFour):
    """With as few directions as there are objectives."""

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy("moead", problem, rng, {"population": 4})


class TestLargeSpace(TestTwoObjectives):
    """Where layers come and go with the depth of their stage."""

    def space(self) -> SearchSpace:
        return OFAMobileNetV3()


class TestCells(TestTwoObjectives):
    def space(self) -> SearchSpace:
        return NASBench101()


def made(name: str = "nsga2", seed: int = 0, *limits: Limit, **settings: Any) -> Genetic:
    problem = Problem(SPACE, BOTH, limits)
    strategy = make_strategy(name, problem, stream(seed, "strategy"), settings)
    assert isinstance(strategy, Genetic)
    return strategy


def tell(strategy: Genetic, archs: Architectures) -> None:
    strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))


def start(name: str, n: int, seed: int = 0, **settings: Any) -> Genetic:
    strategy = made(name, seed, **settings)
    tell(strategy, SPACE.sample(n, stream(seed, "initial")))
    return strategy


def points(values: Array, violation: Array | None = None) -> Points:
    choices = SPACE.sample(len(values), stream(0, "points")).choices
    none = np.zeros(len(values))
    return Points(np.arange(len(values)), choices, values, none if violation is None else violation)


def test_a_generation_is_bred_in_pieces_from_one_population() -> None:
    """Ten parents, then the best twenty of those and twenty children."""
    strategy = start("nsga2", 10, population=20)
    for size in (5, 8, 3, 4):
        archs = strategy.ask(size)
        assert sorted(strategy._engine.rows()) == list(range(10))
        assert len(archs) == size
        tell(strategy, archs)
    strategy.ask(5)
    rows = set(strategy._engine.rows().tolist())
    assert len(rows) == 20
    front = np.flatnonzero(non_dominated(strategy._archive.outcomes.objectives))
    assert rows >= set(front.tolist()) or rows < set(front.tolist())


def test_a_child_of_moead_takes_its_place_at_once() -> None:
    strategy = start("moead", 10, population=20)
    assert len(strategy.ask(5)) == 5
    assert len(strategy._engine.rows()) == 20
    before = set(strategy._engine.rows().tolist())
    archs = SPACE.from_choices([[0, 3, 3, 3, 3, 3], [0] * 6])  # the ends of the front
    tell(strategy, archs)
    strategy.ask(5)
    assert before <= set(range(10))
    assert {10, 11} & set(strategy._engine.rows().tolist())


def test_what_is_on_record_joins_the_generation_without_a_query() -> None:
    """In a space of which nearly everything is known, children are old acquaintances."""
    strategy = start("nsga2", 10, population=20)
    strategy.ask(1)
    everything = SPACE.enumerate()
    known = set(map(str, strategy._archive.archs))
    keep = np.array([str(arch) not in known for arch in everything])
    rest = everything[keep]
    tell(strategy, rest[:-3])
    archs = strategy.ask(5)
    assert sorted(map(str, archs)) == sorted(map(str, rest[-3:]))
    tell(strategy, archs)
    assert len(strategy.ask(5)) == 0


def test_failed_and_infeasible_ones_do_not_survive() -> None:
    problem = Problem(SPACE, BOTH, (Limit("params_m", "<=", 1.0),))
    for name in NAMES:
        strategy = make_strategy(name, problem, stream(0, "strategy"), {"population": 4})
        assert isinstance(strategy, Genetic)
        archs = SPACE.sample(12, stream(0, "initial"))
        values, excess = worth(archs), np.full((12, 1), -1.0)
        values[:4] -= 100.0  # better than all, and too large
        excess[:4] = 2.0
        values[4] = NAN
        excess[5] = NAN
        values[6] = -INF
        strategy.tell(archs, Outcomes(values, excess))
        archs = strategy.ask(5)
        strategy.tell(archs, Outcomes(worth(archs), np.full((5, 1), -1.0)))
        strategy.ask(1)
        assert strategy._engine.rows().min() > 6


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("name", NAMES)
def test_degenerate_outcomes_are_taken(name: str, case: str) -> None:
    """And a search with them can be repeated and resumed."""
    objectives, excess = degenerate()[case]

    def go_on(strategy: Genetic, rounds: int) -> list[str]:
        texts = []
        for _ in range(rounds):
            told = len(strategy._archive)
            size = 10 if told == 0 else 5
            archs = strategy.ask(size) if told else SPACE.sample(10, stream(0, "initial"))
            assert len(archs) == size and not strategy._archive.seen(archs).any()
            at = slice(told, told + size)
            strategy.tell(archs, Outcomes(objectives[at], excess[at]))
            texts += [str(arch) for arch in archs]
        return texts

    limit = Limit("params_m", "<=", 1.0)
    whole, part, resumed = (made(name, seed, limit, population=6) for seed in (0, 0, 9))
    texts = go_on(whole, 7)
    before = go_on(part, 4)
    resumed.load_state_dict(through_a_file(part.state_dict()))
    assert before + go_on(resumed, 3) == texts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [1, 7, 50])
def test_any_batch_is_resumed(name: str, batch: int) -> None:
    def go_on(strategy: Genetic, queries: int) -> list[str]:
        texts: list[str] = []
        while len(texts) < queries:
            archs = strategy.ask(batch)
            assert len(archs) == batch
            texts += [str(arch) for arch in archs]
            tell(strategy, archs)
        return texts

    whole, part, resumed = start(name, 10), start(name, 10), made(name, 9)
    texts = go_on(whole, 200)
    before = go_on(part, 100)
    resumed.load_state_dict(through_a_file(part.state_dict()))
    assert before + go_on(resumed, 200 - len(before)) == texts


def test_warnings_are_left_as_they_were() -> None:
    filters = list(warnings.filters)
    strategy = start("nsga3", 30, population=10)
    for _ in range(4):
        tell(strategy, strategy.ask(10))
    assert list(warnings.filters) == filters


def test_half_a_state_is_refused() -> None:
    for name in NAMES:
        state = start(name, 20).state_dict()
        strategy = start(name, 20)
        strategy.ask(5)
        good = strategy.state_dict()
        made(name).load_state_dict(good)
        for wrong in (
            {**good, "population": good["population"] + 20},
            {**good, "population": good["population"][:-1]},
            {**good, "memory": {}},
            {key: value for key, value in state.items() if key != "initial"},
        ):
            with pytest.raises(CheckpointError):
                made(name).load_state_dict(wrong)


def test_directions_are_as_many_as_an_even_grid_has() -> None:
    assert directions(2, 5).tolist() == [[0, 1], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [1, 0]]
    assert [len(directions(3, most)) for most in (3, 5, 6, 20, 21)] == [3, 3, 6, 15, 21]
    assert [len(directions(4, most)) for most in (4, 20, 34, 35)] == [4, 20, 20, 35]


def test_directions_of_moead_start_with_the_best_along_them() -> None:
    values = np.array([[0.0, 1.0], [1.0, 0.0], [0.4, 0.4], [0.9, 0.9]])
    engine = Decomposition(SPACE, directions(2, 5), stream(0, "strategy"), 2)
    engine.start(points(values))
    # The direction (0, 1) minimises the second objective.
    assert engine.rows().tolist() == [1, 1, 2, 0, 0]
    engine = Decomposition(SPACE, directions(2, 5), stream(0, "strategy"), 2)
    engine.start(points(values, np.array([0.0, 0.0, 0.1, 0.0])))
    assert 2 not in engine.rows()


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_survivors_are_the_better_fronts(name: str) -> None:
    rng = stream(0, "strategy")
    engine = nsga2(SPACE, 2, rng, 3) if name == "nsga2" else nsga3(SPACE, directions(2, 3), rng, 3)
    values = np.array([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [-9.0, -9.0]])
    everyone = points(values, np.array([0.0, 0, 0, 0, 0, 1.0]))
    some = Points(*(column[3:] for column in vars(everyone).values()))
    others = Points(*(column[:3] for column in vars(everyone).values()))
    engine.start(some)
    assert sorted(engine.rows()) == [3, 4, 5]
    engine.advance(others, np.zeros(3, dtype=np.int64))
    assert sorted(engine.rows()) == [0, 1, 2]


def test_tournaments_among_equals_are_drawn_from_the_stream() -> None:
    class Fake:
        def get(self, name: str) -> Array:
            return np.array([[0.0], [1.0], [2.0], [2.0], [0.0]])

    pairs = np.array([[0, 1], [2, 1], [3, 1]] + [[2, 3]] * 40 + [[4, 0]] * 40)
    chosen = least_violation(Fake(), pairs, random_state=np.random.default_rng(0))
    again = least_violation(Fake(), pairs, random_state=np.random.default_rng(0))
    assert chosen.tolist() == again.tolist()
    assert chosen[:3, 0].tolist() == [0, 1, 1]
    assert set(chosen[3:43, 0].tolist()) == {2, 3}
    assert set(chosen[43:, 0].tolist()) == {0, 4}


@pytest.mark.parametrize("space", [SPACE, NASBench101(), OFAMobileNetV3()], ids=lambda s: s.name)
def test_children_are_architectures_near_their_parents(space: SearchSpace) -> None:
    """With equal parents a child is one change away; with others, its choices are theirs."""
    parents = space.sample(60, stream(0, "initial"))
    children = nsga2(space, 2, stream(0, "strategy"), 20)
    one = parents[:1]
    children.start(Points(np.zeros(1, dtype=np.int64), one.choices, np.zeros((1, 2)), np.zeros(1)))
    bred, places = children.breed(10)
    near = set(map(str, space.neighbours(one[0])))
    found = set(map(str, space.from_choices(bred)))
    assert len(found) == len(bred) > 5 and places.tolist() == [0] * len(bred)
    assert found <= near
    rows = np.arange(60)
    children = nsga2(space, 2, stream(0, "strategy"), 20)
    children.start(Points(rows, parents.choices, worth(parents), np.zeros(60)))
    bred, _ = children.breed(50)
    assert space.is_valid(bred).all()
    assert (space.canonical(bred) == bred).all()
    assert not set(map(str, space.from_choices(bred))) & set(map(str, parents))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("nsga2", {"population": 1}, "population of 1; expected at least 2"),
        ("nsga3", {"population": 1}, "population of 1"),
        ("moead", {"population": 1}, "population of 1"),
        ("moead", {"neighbours": 1}, "1 neighbours; expected at least 2"),
        ("moead", {"population": 20.0}, "expects int"),
    ],
)
def test_settings_are_checked(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make_strategy(name, Problem(SPACE, BOTH), stream(0, "strategy"), settings)


@pytest.mark.parametrize("name", ["nsga3", "moead"])
def test_one_objective_is_for_others(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} takes several. Use nsga2"):
        make_strategy(name, Problem(SPACE, BOTH[:1]), stream(0, "strategy"), {})


@pytest.mark.parametrize("name", NAMES)
def test_without_pymoo_one_line_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = "agnet.strategies.genetic."
    for module in [module for module in sys.modules if module.startswith(("pymoo.", ours))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pymoo", None)
    with pytest.raises(MissingExtra, match=r"needs the package pymoo.*'agnet\[evolution\]'"):
        made(name)


def searched(name: str, seed: int) -> float:
    """The hypervolume that is found, of accuracies above 70 % and below 190 million operations."""
    benchmark = open_benchmark("nasbench201")
    strategy = make_strategy(name, Problem(SPACE, BOTH), stream(seed, "strategy"), {})
    archs, found = SPACE.sample(10, stream(seed, "initial")), np.empty((0, 2))
    while len(found) < 150:
        values = benchmark.query(archs, ["val_accuracy", "flops_m"]) * [-1.0, 1.0]
        found = np.concatenate([found, values])
        strategy.tell(archs, Outcomes(values, np.empty((len(archs), 0))))
        archs = strategy.ask(5)
    return hypervolume(found, [-70.0, 190.0])


def test_better_fronts_are_found_than_by_random_search() -> None:
    found = [[searched(name, seed) for seed in range(4)] for name in ("random", *NAMES)]
    random, *others = np.mean(found, axis=1)
    assert min(others) > random
