from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from agnet.objectives import Objective, Outcomes
from agnet.spaces import DARTS, Architectures, NASBench101, NASBench201
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.lamoo.inputs import integer
from agnet.strategies.lamoo.region import Region
from agnet.strategies.lamoo.samplers import choose_parents, codes, gather, offspring, uniform
from agnet.strategies.latent_draws import LatentDraws
from agnet.strategies.pretrained import ready_generator

RNG = np.random.default_rng
SPACE = NASBench201()
OBJECTIVES = (Objective("val_accuracy", "maximize"),)


class Above:
    """Good is an input above a value."""

    def __init__(self, at: int, value: float) -> None:
        self.at, self.value = at, value

    def predict(self, inputs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        return (inputs[:, self.at] > self.value).astype(np.int64)


NARROW = Region(((Above(0, 0.8), 1), (Above(1, 0.8), 1), (Above(2, 0.8), 1)))


def archive(told: int = 0) -> Archive:
    found = Archive(Problem(SPACE, OBJECTIVES))
    archs = SPACE.enumerate()[:told]
    found.add(archs, Outcomes(np.zeros((told, 1)), np.empty((told, 0))))
    return found


def in_blocks(archs: Architectures, size: int = 500) -> Iterator[Architectures]:
    for start in range(0, len(archs), size):
        yield archs[start : start + size]


def test_all_of_a_small_space_once() -> None:
    blocks = list(uniform(archive(), RNG(0)))
    rows = np.concatenate([SPACE.index(block) for block in blocks])
    assert sorted(rows) == list(range(SPACE.size))
    assert rows[:3].tolist() != SPACE.index(next(uniform(archive(), RNG(1))))[:3].tolist()


def test_draws_of_a_large_one() -> None:
    large = Archive(Problem(DARTS(), OBJECTIVES))
    sizes = [len(block) for block in uniform(large, RNG(0))]
    assert sizes == [1000, 2000, 4000, 8000, 16000]


def test_only_what_lies_inside_is_taken() -> None:
    found, levels = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 5, archive())
    assert levels.tolist() == [3] * 5
    assert (found.choices[:, :3] == 4).all()
    assert len(np.unique(SPACE.keys(found))) == 5


def test_it_is_uniform_inside() -> None:
    region = Region(((Above(0, 0.8), 1),))
    drawn = [
        gather(uniform(archive(), RNG(i)), region, integer(SPACE), 50, archive())[0].choices
        for i in range(20)
    ]
    counts = np.bincount(np.concatenate(drawn)[:, 3], minlength=5)
    assert counts.min() > 150  # of 1000, 200 each


def test_a_short_region_is_relaxed_from_the_deepest_split_up() -> None:
    """There are 125 inside, and 500 more when the third split is dropped."""
    found, levels = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 700, archive())
    assert levels.tolist() == [3] * 125 + [2] * 500 + [1] * 75
    first = found.choices == 4
    assert first[:125, :3].all()
    assert first[125:625, :2].all() and not first[125:625, 2].any()
    assert first[625:, 0].all() and not first[625:, 1].any()


def test_nothing_evaluated_is_taken() -> None:
    known = archive(SPACE.size - 8)
    found, levels = gather(uniform(known, RNG(0)), NARROW, integer(SPACE), 20, known)
    assert not known.seen(found).any()
    assert len(found) == len(levels) == 8


def test_repeated_candidates_are_taken_once() -> None:
    archs = SPACE.enumerate()[-30:]
    blocks = in_blocks(archs + archs + archs, 20)
    found, levels = gather(blocks, NARROW, integer(SPACE), 60, archive())
    assert len(np.unique(SPACE.keys(found))) == len(found) == len(levels) == 30


def test_no_more_blocks_are_drawn_than_needed() -> None:
    inside = SPACE.from_choices([[4, 4, 4, i % 5, i // 5, 0] for i in range(20)])
    blocks = in_blocks(inside, 4)
    gather(blocks, NARROW, integer(SPACE), 5, archive())
    assert len(list(blocks)) == 3


def test_parents_lie_inside_and_are_dominated_least() -> None:
    points = np.array([[float(i % 30)] for i in range(60)])
    inside = np.arange(60) >= 20
    rows = choose_parents(points, inside, RNG(0))
    # Values 0 to 9 occur inside once each, from row 30; values 20 and up twice.
    assert rows[:10].tolist() == list(range(30, 40))
    assert len(rows) == 20
    few = choose_parents(points, np.arange(60) == 59, RNG(0))
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
