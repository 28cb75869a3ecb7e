from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import agnet
from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import DARTS, NASBench101, NASBench201
from agnet.strategies import Problem
from agnet.testing.states import through_a_file
from tests.strategies.popnas.told import BOTH, SPACE, made, outcomes, run

START = 1 + 10  # the empty cell and all of one block: L = 2, two operations


def test_networks_are_counted_as_the_paper_counts_them() -> None:
    """All of one block, then at most K and J a step, and no exploration at the last one."""
    strategy = made()
    texts = run(strategy)
    assert len(texts) == len(set(texts))
    plan = strategy.plan
    assert (plan.step == 0).sum() == START
    second, last = plan.step == 1, plan.step == 2
    assert plan.explored[second].sum() == 2
    assert 0 < (second & ~plan.explored).sum() <= 3
    assert 0 < last.sum() <= 3 and not plan.explored[last].any()
    assert len(texts) == START + second.sum() + last.sum()


def test_pnas_keeps_as_many_as_it_may() -> None:
    """1 + n_1 + K (B - 1), whatever the cost."""
    strategy = made(mode="pnas")
    assert len(run(strategy)) == START + 3 * 2
    assert not strategy.plan.explored.any()
    assert np.isnan(strategy.plan.predicted[:, 1]).all()


def test_cells_grow_from_evaluated_ones() -> None:
    """Each has a parent among those of the step before: one block less."""
    strategy = made()
    run(strategy)
    plan = strategy.plan
    assert SPACE.blocks(plan.archs).tolist()[START:] == (1 + plan.step[START:]).tolist()
    for step in (1, 2):
        parents = plan.archs[np.flatnonzero(plan.step == step - 1)]
        children = set(map(str, SPACE.grown(parents)))
        assert all(str(arch) in children for arch in plan.archs[np.flatnonzero(plan.step == step)])


def test_predictions_are_made_before_cells_are_evaluated() -> None:
    strategy = made()
    while strategy.plan.steps < 2:
        archs = strategy.ask(4)
        before = strategy.plan.predicted.copy()
        strategy.tell(archs, outcomes(archs))
    own = strategy.plan.step == 1
    assert np.isnan(strategy.plan.predicted[~own]).all()
    assert np.isfinite(strategy.plan.predicted[own]).all()
    run(strategy, rounds=1)
    assert np.array_equal(strategy.plan.predicted[: len(before)], before, equal_nan=True)


def test_predictions_rank_the_cells() -> None:
    strategy = made()
    run(strategy)
    own = strategy.plan.step > 0
    truth = outcomes(strategy.plan.archs).objectives
    found = strategy.plan.predicted
    assert np.corrcoef(found[own, 0], -truth[own, 0])[0, 1] > 0.5
    assert np.corrcoef(found[own, 1], truth[own, 1])[0, 1] > 0.5


def test_the_front_trades_accuracy_for_cost() -> None:
    """Without exploration, accuracies and costs of a step both fall."""
    strategy = made(explored=0, kept=30)
    run(strategy)
    own = strategy.plan.predicted[strategy.plan.step == 1]
    assert (np.diff(own[:, 0]) <= 0).all() and (np.diff(own[:, 1]) < 0).all()


def test_layers_fill_a_thin_front() -> None:
    found = []
    for fill in (0, 20, 40):
        strategy = made(explored=0, kept=30, fill_layers=fill)
        run(strategy)
        found.append(int((strategy.plan.step == 1).sum()))
    assert found[0] < 20
    assert found[1:] == [20, 30]  # no more than may be kept


@pytest.mark.parametrize("settings", [{}, {"accuracy_model": "gnn"}, {"mode": "pnas"}])
def test_killed_and_resumed_is_unbroken_at_every_batch(settings: dict[str, Any]) -> None:
    """With two objectives, through all steps: the same cells and the same predictions."""
    whole = made(**settings)
    copies = []
    while True:
        archs = whole.ask(7)
        if not len(archs):
            break
        whole.tell(archs, outcomes(archs))
        copies.append(through_a_file(whole.state_dict()))
    expected = list(map(str, whole.plan.archs))
    for state in copies[::3]:
        copy = made(seed=99, **settings)
        copy.load_state_dict(state)
        run(copy, batch=7)
        assert list(map(str, copy.plan.archs)) == expected
        assert np.array_equal(copy.plan.predicted, whole.plan.predicted, equal_nan=True)


def test_limits_on_what_is_predicted_drop_candidates() -> None:
    """Costs above 17 are forbidden; of cells of two blocks that follows from those of one."""
    limit = Limit("train_seconds", "<=", 17.0)
    alone, both = Problem(SPACE, BOTH[:1]), Problem(SPACE, BOTH[:1], (limit,))
    free, bound = (made(problem=problem, kept=20, cost_model="svr") for problem in (alone, both))

    dear = []
    for strategy in (bound, free):
        while len(archs := strategy.ask(4)):
            told = outcomes(archs)
            excess = told.objectives[:, 1:] - 17.0
            own = excess if strategy is bound else np.empty((len(archs), 0))
            strategy.tell(archs, Outcomes(told.objectives[:, :1], own))
        second = strategy.plan.archs[np.flatnonzero(strategy.plan.step == 1)]
        dear.append((outcomes(second).objectives[:, 1] > 17.0).mean())
    assert dear[0] == 0.0 < 0.5 < dear[1]


def test_failed_cells_have_no_children_and_teach_nothing() -> None:
    strategy = made()
    while strategy.plan.steps < 2:
        archs = strategy.ask(4)
        told = outcomes(archs)
        failed = (archs.choices[:, [1, 3]] == 1).any(axis=1)  # an identity in the first block
        told.objectives[failed] = np.nan
        strategy.tell(archs, told)
    children = strategy.plan.archs[np.flatnonzero(strategy.plan.step == 1)]
    assert len(children)
    assert ((children.choices[:, 1::2] == 2).sum(axis=1) >= 2).all()


def test_a_failed_cell_is_as_if_it_had_not_been_told() -> None:
    """The models learn the same, so that predictions are the same."""
    archs = made()._growth.start()
    told = outcomes(archs)
    told.objectives[3] = np.nan
    with_it, without = made(), made()
    with_it.tell(archs, told)
    kept = np.arange(len(archs)) != 3
    without.tell(archs[kept], Outcomes(told.objectives[kept], told.excess[kept]))
    second = SPACE.grown(archs[1:])
    found = []
    for strategy in (with_it, without):
        strategy._predictors.fit(strategy._archive)
        found.append(strategy._predictors.predict(second))
    assert np.array_equal(found[0].accuracy, found[1].accuracy)
    assert np.array_equal(found[0].costs, found[1].costs)


def test_cells_that_were_told_meanwhile_are_not_proposed() -> None:
    strategy = made()
    first = strategy.ask(1)
    start = strategy._growth.start()
    strategy.tell(start, outcomes(start))
    texts = list(map(str, first)) + run(strategy)
    assert not set(texts[1:]) & set(map(str, start))


def test_limits_that_no_small_cell_keeps_are_refused() -> None:
    limit = Limit("size", ">=", 99.0)
    known = {"size": lambda archs: np.ones(len(archs))}
    with pytest.raises(InvalidInput, match="smallest cells"):
        made(problem=Problem(SPACE, BOTH, (limit,), known))


def test_random_initial_cells_are_learnt_but_are_no_steps() -> None:
    strategy = made()
    archs = SPACE.sample(12, np.random.default_rng(0))
    strategy.tell(archs, outcomes(archs))
    texts = run(strategy)
    assert not set(texts) & set(map(str, archs))


@pytest.mark.parametrize("space", [NASBench101(4), NASBench201()])
def test_other_cells_grow_too(space: NASBench101 | NASBench201) -> None:
    strategy = made(problem=Problem(space, BOTH), accuracy_model="gnn")
    texts: list[str] = []
    while len(archs := strategy.ask(30)):
        texts += map(str, archs)
        worth = archs.choices.sum(axis=1, dtype=np.float64)
        strategy.tell(
            archs, Outcomes(np.stack([-worth, worth + 1.0], axis=1), np.empty((len(archs), 0)))
        )
    assert len(texts) == len(set(texts)) > len(strategy._growth.start())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "other"}, "mode 'other'"),
        ({"kept": 0}, "kept 0"),
        ({"explored": -1}, "explored -1"),
        ({"accuracy_model": "other"}, "accuracy_model 'other'"),
        ({"cost_model": "other"}, "cost model 'other'"),
        ({"cells": 0}, "0 cells"),
        ({"problem": Problem(DARTS(), BOTH)}, "darts"),
        ({"problem": Problem(NASBench201(), BOTH), "accuracy_model": "sequence"}, "blocks"),
    ],
)
def test_what_cannot_be_used_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        made(**settings)


def test_three_objectives() -> None:
    three = (*BOTH, Objective("params_m", "minimize"))
    strategy = made(problem=Problem(SPACE, three))
    while len(archs := strategy.ask(8)):
        both = outcomes(archs)
        size = (archs.choices[:, 1::2] == 2).sum(axis=1, keepdims=True) + 0.5
        strategy.tell(archs, Outcomes(np.concatenate([both.objectives, size], 1), both.excess))
    own = strategy.plan.step > 0
    assert np.isfinite(strategy.plan.predicted[own]).all()


def test_it_ends_a_search_before_the_budget() -> None:
    run_ = agnet.search(
        agnet.open_benchmark("nasbench201"),
        strategy="popnas",
        queries=400,
        batch=32,
        objectives=["maximize val_accuracy", "minimize params_m"],
        options={"kept": 10, "explored": 0},
    )
    assert 86 < len(run_) < 400
