from __future__ import annotations

import numpy as np
import pytest

from agnet.objectives import Objective
from agnet.spaces import DARTS, NASBench101, NASBench201
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.lamoo.samplers import choose_parents, codes, offspring, uniform
from agnet.strategies.latent_draws import LatentDraws
from agnet.strategies.pretrained import ready_generator

RNG = np.random.default_rng
SPACE = NASBench201()
OBJECTIVES = (Objective("val_accuracy", "maximize"),)


def archive() -> Archive:
    return Archive(Problem(SPACE, OBJECTIVES))


def test_all_of_a_small_space_once() -> None:
    blocks = list(uniform(archive(), RNG(0)))
    rows = np.concatenate([SPACE.index(block) for block in blocks])
    assert sorted(rows) == list(range(SPACE.size))
    assert rows[:3].tolist() != SPACE.index(next(uniform(archive(), RNG(1))))[:3].tolist()


def test_draws_of_a_large_one() -> None:
    large = Archive(Problem(DARTS(), OBJECTIVES))
    sizes = [len(block) for block in uniform(large, RNG(0))]
    assert sizes == [1000, 2000, 4000, 8000, 16000]


def test_parents_lie_inside_and_are_dominated_least() -> None:
    points = np.array([[float(i % 30)] for i in range(60)])
    inside = np.arange(60) >= 20
    rows = choose_parents(points, inside, RNG(0), 20)
    # Values 0 to 9 occur inside once each, from row 30; values 20 and up twice.
    assert rows[:10].tolist() == list(range(30, 40))
    assert len(rows) == 20
    few = choose_parents(points, np.arange(60) == 59, RNG(0), 20)
    assert few[0] == 59
    assert set(few[1:3]) == {0, 30}


@pytest.mark.parametrize("space", [SPACE, NASBench101(), DARTS()], ids=lambda s: str(s.name))
def test_offspring_are_near_their_parents(space: NASBench201 | NASBench101 | DARTS) -> None:
    parents = space.sample(4, RNG(0))
    block = next(offspring(parents, RNG(1)))
    assert len(block) == 250
    assert space.is_valid(block.choices).all()
    assert len(np.unique(space.keys(block))) > 50


def test_half_of_the_offspring_have_one_parent() -> None:
    parents = SPACE.from_choices([[0] * 6, [4] * 6])
    block = next(offspring(parents, RNG(1))).choices
    alone = ((block == 0).sum(axis=1) >= 3) & ((block == 4).sum(axis=1) <= 3)
    alone |= ((block == 4).sum(axis=1) >= 3) & ((block == 0).sum(axis=1) <= 3)
    both = ((block == 0).any(axis=1)) & ((block == 4).any(axis=1))
    assert alone.mean() > 0.5
    assert both.mean() > 0.3


def test_the_boldest_offspring_come_first() -> None:
    """Of one parent and three changes away; at the end of two parents and one change away."""
    parents = SPACE.from_choices([[4] * 6])
    steps = (next(offspring(parents, RNG(0))).choices != 4).sum(axis=1)
    assert steps[:60].mean() > 2.2
    assert (steps[-60:] == 1).all()


def test_codes_are_near_those_of_parents_and_from_the_prior() -> None:
    latent = LatentDraws(ready_generator(SPACE, RNG(0)), RNG(0))
    parents = SPACE.from_choices([[4] * 6])
    block = next(codes(latent, parents, RNG(1)))
    steps = (block.choices != 4).sum(axis=1)
    assert len(block) == 310
    assert np.median(steps) < 4
    assert (steps[:100] >= 5).any() and (steps[-100:] >= 5).any()
