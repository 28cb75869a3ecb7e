from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import agnet
from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.pareto import hypervolume
from agnet.seeds import stream
from agnet.spaces import (
    DARTS,
    Architecture,
    Architectures,
    NASBench101,
    NASBench201,
    SearchSpace,
    Subset,
)
from agnet.strategies import LaMOO, Problem, Strategy, make_strategy
from agnet.strategies.lamoo.gathering import gather
from agnet.strategies.lamoo.points import comparable
from agnet.strategies.lamoo.reports import Round
from agnet.testing import StrategyContract
from agnet.testing.states import through_a_file

SPACE = NASBench201()
ACCURACY = (Objective("val_accuracy", "maximize"),)
BOTH = (*ACCURACY, Objective("flops_m", "minimize"))
NAN = float("nan")
Array = npt.NDArray[np.float64]


def worth(archs: Architectures) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    return np.stack([-gain, choices.sum(axis=1)], axis=1)


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
        """Of two objectives, see :func:`test_degenerate_outcomes_are_taken`."""


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


class TestLargeSpace(TestTwoObjectives):
    settings = {"sampler": "evolution"}
    rounds = 4

    def space(self) -> SearchSpace:
        return DARTS()


def made(seed: int = 0, objectives: tuple[Objective, ...] = BOTH, **settings: Any) -> LaMOO:
    return LaMOO(Problem(SPACE, objectives), stream(seed, "strategy"), **settings)


def tell(strategy: LaMOO, archs: Architectures) -> None:
    strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))


def start(n: int, seed: int = 0, **settings: Any) -> LaMOO:
    strategy = made(seed, **settings)
    tell(strategy, SPACE.sample(n, stream(seed, "initial")))
    return strategy


@pytest.mark.parametrize(
    ("sampler", "select"),
    [
        *product(["random", "evolution", "latent", "cmaes"], ["leaf", "path"]),
        ("qparego", "leaf"),
    ],
)
def test_proposals_lie_in_the_chosen_region(
    sampler: str, select: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the round says that it was relaxed."""
    strategy = start(40, sampler=sampler, select=select)
    regions = []

    def noting(blocks: Any, region: Any, *rest: Any, **more: Any) -> Any:
        regions.append(region)
        return gather(blocks, region, *rest, **more)

    monkeypatch.setattr("agnet.strategies.lamoo.strategy.gather", noting)
    for at in range(6):
        archs = strategy.ask(5)
        assert not strategy._archive.seen(archs).any()
        inside = int(regions[-1].contains(strategy._encode(archs)).sum())
        told = strategy.rounds()[-1]
        assert (told.known, told.proposed, told.inside) == (40 + 5 * at, 5, inside)
        assert told.inside + told.relaxed <= 5
        assert told.depth == regions[-1].depth > 0
        tell(strategy, archs)
    assert sum(one.inside for one in strategy.rounds()) > 24


def test_the_tree_is_reported() -> None:
    strategy = start(60)
    assert strategy.tree() == ()
    strategy.ask(5)
    tree = strategy.tree()
    assert tree[0].n == 60 and tree[0].depth == 0 and tree[0].ucb == np.inf
    assert tree[1].n + tree[2].n == 60
    assert [node.depth for node in tree] == sorted(node.depth for node in tree)
    assert all(node.hypervolume <= tree[0].hypervolume for node in tree)
    chosen = [node for node in tree if node.chosen]
    assert len(chosen) == 1 and chosen[0].accuracy is None
    assert chosen[0].ucb == max(node.ucb for node in tree if node.accuracy is None)
    assert strategy.rounds()[-1].nodes == len(tree)


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_a_sampler_can_be_left_alone(sampler: str) -> None:
    """Then the tree is its root, the region is the whole space, and every proposal lies inside."""
    strategy = start(60, sampler=sampler, partition=False)
    archs = strategy.ask(5)
    (root,) = strategy.tree()
    assert (root.n, root.depth, root.accuracy, root.chosen) == (60, 0, None, True)
    assert strategy.rounds() == (Round(60, 1, 0, 5, 5, 0),)
    assert archs != start(60, sampler=sampler).ask(5)


def test_three_objectives() -> None:
    """Volumes are of three dimensions, and all of them are learnt from."""

    def worths(archs: Architectures) -> Outcomes:
        last = archs.choices[:, :1].astype(np.float64)
        return Outcomes(np.concatenate([worth(archs), last], axis=1), np.empty((len(archs), 0)))

    objectives = (*BOTH, Objective("raspi4_latency_ms", "minimize"))
    for select in ("leaf", "path"):
        strategy = made(objectives=objectives, select=select)
        archs = SPACE.sample(60, stream(0, "initial"))
        strategy.tell(archs, worths(archs))
        found = strategy.ask(20)
        assert strategy.rounds()[-1].depth > 0
        points = comparable(worths(archs))
        assert strategy.tree()[0].hypervolume == hypervolume(points, [0.1] * 3)
        assert worths(found).objectives[:, 2].mean() < worths(archs).objectives[:, 2].mean()


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_a_limit_that_can_be_computed_is_kept(sampler: str) -> None:
    limit = Limit("params_m", "<=", 9.0)

    def total(archs: Sequence[Architecture]) -> Array:
        return np.asarray(SPACE.to_choices(archs).sum(axis=1), dtype=np.float64)

    problem = Problem(SPACE, BOTH, (limit,), {"params_m": total})
    strategy = LaMOO(problem, stream(0, "strategy"), sampler=sampler)
    archs = SPACE.sample(40, stream(0, "initial"))
    for _ in range(4):
        excess = limit.excess(total(archs))[:, None]
        strategy.tell(archs, Outcomes(worth(archs), excess))
        archs = strategy.ask(5)
        assert (total(archs) <= 9).all()


def test_a_model_chooses_among_candidates_of_the_region() -> None:
    """Better than the first of them are, and differently for each acquisition."""
    first = start(60).ask(5)
    chosen = [start(60, sampler=name).ask(5) for name in ("qehvi", "qnehvi", "qparego")]
    assert chosen[0] != chosen[2] != chosen[1]
    known = worth(SPACE.sample(60, stream(0, "initial")))
    before = hypervolume(known, [0.0, 24.0])
    gains = [
        hypervolume(np.concatenate([known, worth(archs)]), [0.0, 24.0]) - before
        for archs in (first, *chosen)
    ]
    assert min(gains[1:]) > gains[0]


def test_volumes_are_on_the_scale_of_the_first_outcomes() -> None:
    strategy = start(30)
    strategy.ask(5)
    points = worth(strategy._archive.archs)
    low, high = points[:16].min(axis=0), points[:16].max(axis=0)
    expected = hypervolume((points - high) / (high - low), [0.1, 0.1])
    assert strategy.tree()[0].hypervolume == pytest.approx(expected)


def degenerate() -> dict[str, tuple[Array, Array]]:
    """Objectives and excesses of forty architectures."""
    rng = np.random.default_rng(0)
    noise, over = rng.normal(size=(40, 2)), np.ones((40, 1))
    some, one = noise.copy(), np.full((40, 2), NAN)
    some[rng.random((40, 2)) < 0.5] = NAN
    one[7] = 1.0
    return {
        "all equal": (np.zeros((40, 2)), -over),
        "one objective constant": (noise * [1.0, 0.0], -over),
        "all failed": (np.full((40, 2), NAN), -over),
        "some failed": (some, -over),
        "all but one failed": (one, -over),
        "all infeasible": (noise, over),
        "infeasible by different amounts": (noise, np.abs(noise[:, :1])),
        "excess unknown": (noise, over * NAN),
        "infinite": (noise + [np.inf, 0.0], -over),
        "one is infinite": (np.where(np.arange(40)[:, None] == 3, -np.inf, noise), -over),
        "huge": (noise * 1e150, -over),
    }


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_degenerate_outcomes_are_taken(case: str, sampler: str) -> None:
    problem = Problem(SPACE, BOTH, (Limit("params_m", "<=", 1.0),))
    objectives, excess = degenerate()[case]
    for n in (1, 2, 40):
        strategy = LaMOO(problem, stream(0, "strategy"), sampler=sampler)
        archs = SPACE.sample(n, stream(0, "initial"))
        strategy.tell(archs, Outcomes(objectives[:n], excess[:n]))
        asked = strategy.ask(5)
        assert len(asked) == 5 and not strategy._archive.seen(asked).any()
        equal = case in ("all equal", "all failed", "all infeasible", "excess unknown", "infinite")
        if n < 16 or equal:
            assert strategy.rounds()[-1].depth == 0  # the whole space


def test_feasible_ones_are_what_it_learns_to_find() -> None:
    """A tenth of the space keeps the limit; at first it goes by the excess alone."""
    limit = Limit("params_m", "<=", 7.0)
    problem = Problem(SPACE, BOTH, (limit,))
    strategy = LaMOO(problem, stream(0, "strategy"), sampler="evolution")
    archs = SPACE.sample(200, stream(0, "initial"))
    archs = archs[archs.choices.sum(axis=1) > 9][:30]
    kept = []
    for _ in range(15):
        excess = limit.excess(archs.choices.sum(axis=1).astype(float))[:, None]
        kept.append(float((excess <= 0).mean()))
        strategy.tell(archs, Outcomes(worth(archs) * [1.0, -1.0], excess))
        archs = strategy.ask(5)
    assert kept[0] == 0.0
    assert np.mean(kept[-5:]) > 0.3


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_stopped_and_resumed_equals_unbroken(sampler: str) -> None:
    def go_on(strategy: LaMOO, rounds: int) -> list[str]:
        texts = []
        for _ in range(rounds):
            archs = strategy.ask(5)
            texts += [str(arch) for arch in archs]
            tell(strategy, archs)
        return texts

    whole, part = start(10, sampler=sampler), start(10, sampler=sampler)
    texts = go_on(whole, 16)
    before = go_on(part, 8)
    resumed = made(9, sampler=sampler)
    resumed.load_state_dict(through_a_file(part.state_dict()))
    assert before + go_on(resumed, 8) == texts
    assert resumed.rounds() == whole.rounds()
    assert resumed.tree() == whole.tree()


def test_a_state_without_its_generator_is_refused() -> None:
    state = start(20).state_dict()
    with pytest.raises(CheckpointError):
        made(sampler="latent").load_state_dict(state)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sampler": "nsga2"}, "sampler 'nsga2'; expected random, evolution, latent, cmaes, qn"),
        ({"encoding": "text"}, "encoding 'text'"),
        ({"select": "greedy"}, "select 'greedy'"),
        ({"kernel": "cosine"}, "kernel 'cosine'"),
        ({"children": "none"}, "children 'none'"),
        ({"min_split": 1}, "min_split 1"),
        ({"cp": NAN}, "cp nan"),
        ({"cp": "auto"}, "expects float"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make_strategy("lamoo", Problem(SPACE, BOTH), stream(0, "strategy"), settings)


def test_it_is_known_by_name() -> None:
    settings = {"sampler": "evolution", "cp": 1}
    problem = Problem(NASBench101(4), BOTH)
    assert isinstance(make_strategy("lamoo", problem, stream(0, "strategy"), settings), LaMOO)


def searched(name: str, seed: int, queries: int, **settings: Any) -> float:
    """The hypervolume that is found, of accuracies above 70 % and below 190 million operations."""
    benchmark = agnet.open_benchmark("nasbench201")
    strategy = make_strategy(name, Problem(SPACE, BOTH), stream(seed, "strategy"), settings)
    archs, points = SPACE.sample(10, stream(seed, "initial")), np.empty((0, 2))
    while len(points) < queries:
        values = benchmark.query(archs, ["val_accuracy", "flops_m"]) * [-1.0, 1.0]
        points = np.concatenate([points, values])
        strategy.tell(archs, Outcomes(values, np.empty((len(archs), 0))))
        archs = strategy.ask(10)
    return hypervolume(points, [-70.0, 190.0])


def test_it_finds_better_fronts_than_random_search() -> None:
    names: list[tuple[str, dict[str, Any]]] = [
        ("random", {}),
        ("lamoo", {}),
        ("lamoo", {"sampler": "evolution"}),
    ]
    found = [[searched(name, seed, 120, **more) for seed in range(3)] for name, more in names]
    random, uniform, evolution = np.mean(found, axis=1)
    assert uniform > random
    assert evolution > random
