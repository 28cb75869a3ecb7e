from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from agnet import SearchConfig, open_benchmark, search
from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures, NASBench201, Subset
from agnet.strategies import Problem, make_strategy
from agnet.strategies.base import Earlier
from agnet.strategies.guide import CORRELATION, WEIGHT, Guide
from tests.toys import Toy

SPACE = Subset(NASBench201().enumerate()[::40])
GOAL = (Objective("val_accuracy", "maximize"),)
Array = npt.NDArray[np.float64]


def worth(archs: Architectures) -> Array:
    """How often the dearest operation is in a cell, and a little more."""
    choices = SPACE.to_choices(archs)
    return np.asarray((choices == 3).sum(axis=1) + 0.3 * (choices == 1).sum(axis=1))


def earlier(n: int = 60, seed: int = 0) -> Earlier:
    """A cost that falls where the worth rises, and one that says nothing."""
    archs = SPACE.sample(n, np.random.default_rng(seed))
    return Earlier(archs, np.stack([np.exp(-worth(archs)), np.zeros(len(archs))], axis=1))


def guide(**changes: int) -> Guide:
    return Guide(SPACE, earlier(**changes), np.random.default_rng(1))


def test_it_tells_of_others_what_the_run_measured() -> None:
    every = SPACE.enumerate()
    assert spearmanr(guide()(every), worth(every))[0] > 0.8


def test_what_it_tells_of_one_does_not_depend_on_what_else_was_asked() -> None:
    every = SPACE.enumerate()
    whole, one = guide()(every), guide()
    assert np.array_equal(one(every[5:9]), whole[5:9])
    assert np.array_equal(one(every[np.array([30, 5, 30])]), whole[[30, 5, 30]])


def test_the_slope_by_hand_and_what_it_is_drawn_to() -> None:
    made, archs = guide(), SPACE.enumerate()[:50]
    told = made(archs)
    apart = told - told.mean()
    expected = (3 * apart @ apart + WEIGHT * CORRELATION) / (apart @ apart + WEIGHT)
    assert made.slope(told, 3 * told + 7) == pytest.approx(expected)
    assert made.slope(told[:1], told[:1]) == pytest.approx(CORRELATION)  # one tells nothing


def test_too_little_tells_nothing() -> None:
    with pytest.raises(InvalidInput, match="of 7 architectures; a guide needs 8"):
        guide(n=7)


def test_the_first_are_the_ones_of_which_it_tells_most() -> None:
    problem = Problem(SPACE, GOAL, earlier=earlier())
    strategy = make_strategy("agnet", problem, stream(0, "strategy"), {})
    assert strategy.initial == 0
    first = strategy.ask(4)
    every = SPACE.enumerate()
    assert worth(first).min() > np.quantile(worth(every), 0.95)


def test_it_is_unlearnt_where_it_misleads() -> None:
    """The best by the guide are the worst: what is proposed soon has nothing to do with it."""
    problem = Problem(SPACE, GOAL, earlier=earlier())
    strategy = make_strategy("agnet", problem, stream(0, "strategy"), {})
    worths = []
    for _ in range(12):
        archs = strategy.ask(3)
        worths.append(worth(archs).mean())
        strategy.tell(archs, Outcomes(worth(archs)[:, None], np.empty((len(archs), 0))))
    assert min(worths[3:]) < 0.5 < 2.0 < worths[0]


@pytest.mark.parametrize(
    ("name", "objectives", "settings", "said"),
    [
        ("evolution", GOAL, {}, "of which evolution makes nothing"),
        ("agnet", GOAL, {"surrogate": "none"}, "1 objectives and no surrogate"),
        ("agnet", (*GOAL, Objective("cost", "minimize")), {}, "2 objectives and a surrogate"),
    ],
)
def test_what_cannot_begin_with_an_earlier_run_says_so(
    name: str, objectives: tuple[Objective, ...], settings: dict[str, str], said: str
) -> None:
    problem = Problem(SPACE, objectives, earlier=earlier())
    with pytest.raises(InvalidInput, match=said):
        make_strategy(name, problem, stream(0, "strategy"), settings)


def test_a_state_is_refused_if_the_earlier_run_is_another() -> None:
    states = []
    for seed in (0, 1):
        problem = Problem(SPACE, GOAL, earlier=earlier(seed=seed))
        strategy = make_strategy("agnet", problem, stream(0, "strategy"), {})
        states.append((strategy, strategy.state_dict()))
    states[0][0].load_state_dict(states[0][1])
    with pytest.raises(CheckpointError, match="is not as it was"):
        states[0][0].load_state_dict(states[1][1])


def test_a_run_begins_with_another_and_resumes_as_unbroken(tmp_path: Path) -> None:
    search(Toy(), strategy="random", queries=40, init=40, out=tmp_path / "cheap")
    config = SearchConfig(queries=12, batch=3, warm_start=str(tmp_path / "cheap"))
    whole = search(Toy(), config)
    assert whole.config.init == 0
    search(Toy(), replace(config, queries=6), out=tmp_path / "run")
    again = search(Toy(), out=tmp_path / "run", resume=True, queries=12)
    assert [row.arch for row in again.rows] == [row.arch for row in whole.rows]
    usual = search(Toy(), SearchConfig(queries=12, batch=3, init=6))
    assert whole.best_so_far()[2] > usual.best_so_far()[2]


def test_runs_that_cannot_be_begun_with_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no run"):
        search(Toy(), SearchConfig(warm_start=str(tmp_path)))
    other = open_benchmark("tiny_blocks")
    search(other, strategy="random", queries=9, init=9, out=tmp_path / "other")
    with pytest.raises(InvalidInput, match="being of another space"):
        search(Toy(), SearchConfig(warm_start=str(tmp_path / "other")))
