from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import agnet
from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.pareto import dominance_numbers, hypervolume
from agnet.seeds import stream
from agnet.spaces import Architectures, NASBench101
from agnet.strategies import LaMOO, Problem, make_strategy
from agnet.strategies.lamoo.gathering import gather
from agnet.strategies.lamoo.points import comparable
from agnet.strategies.lamoo.reports import Round, load_tree, save_tree
from agnet.testing.states import through_a_file
from tests.strategies.lamoo.told import BOTH, SPACE, made, start, tell, worth


@pytest.mark.parametrize(
    ("sampler", "select"),
    [
        *product(["random", "evolution", "latent", "cmaes", "surrogate"], ["leaf", "path"]),
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
    for at, node in enumerate(tree[1:], start=1):
        assert node.parent < at and node.depth == tree[node.parent].depth + 1
    pairs = [[node.n for node in tree if node.parent == at] for at in range(len(tree))]
    assert [sum(pair) for pair in pairs if pair] == [n.n for n in tree if n.accuracy is not None]
    assert tree[0].share == 1
    for at, node in enumerate(tree):
        born = [child.share for child in tree if child.parent == at]
        assert not born or sum(born) == pytest.approx(node.share)


def test_what_is_known_is_told_apart_by_the_region() -> None:
    strategy = start(60)
    told = strategy._archive.archs
    assert [len(part) for part in strategy.known()] == [0, 0]
    tell(strategy, strategy.ask(5))
    inside, outside = strategy.known()
    assert {*inside, *outside} == set(told) and 0 < len(inside) < 60
    numbers = dict(zip(told, dominance_numbers(worth(told)), strict=True))
    better, worse = (np.mean([numbers[arch] for arch in part]) for part in (inside, outside))
    assert better < worse


def test_the_tree_survives_a_file_and_an_old_state_has_none() -> None:
    strategy = start(60)
    assert load_tree(save_tree(())) == ()
    strategy.ask(5)
    state = through_a_file(strategy.state_dict())
    loaded = made(9)
    loaded.load_state_dict(state)
    assert loaded.tree() == strategy.tree() and len(loaded.tree()) > 1
    assert loaded.known() == strategy.known()
    loaded.load_state_dict({**state, "tree": state["tree"][:, :7]})
    assert [node.n for node in loaded.tree()] == [node.n for node in strategy.tree()]
    assert np.isnan(loaded.tree()[0].share)
    del state["tree"], state["inside"]
    loaded.load_state_dict(state)
    assert loaded.tree() == () and loaded.rounds() == strategy.rounds()
    assert [len(part) for part in loaded.known()] == [0, 0]
    assert loaded.ask(5) == strategy.ask(5)


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes", "surrogate"])
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


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes", "surrogate"])
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
    assert resumed.known() == whole.known()


def test_a_state_without_its_generator_is_refused() -> None:
    state = start(20).state_dict()
    with pytest.raises(CheckpointError):
        made(sampler="latent").load_state_dict(state)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sampler": "nsga2"}, "sampler 'nsga2'; expected random, evolution, latent, cmaes, surr"),
        ({"encoding": "text"}, "encoding 'text'"),
        ({"select": "greedy"}, "select 'greedy'"),
        ({"kernel": "cosine"}, "kernel 'cosine'"),
        ({"children": "none"}, "children 'none'"),
        ({"min_split": 1}, "min_split 1"),
        ({"cp": float("nan")}, "cp nan"),
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
