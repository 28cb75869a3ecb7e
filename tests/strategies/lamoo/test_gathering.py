from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architecture, Architectures, NASBench201
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.lamoo.gathering import gather
from agnet.strategies.lamoo.inputs import integer
from agnet.strategies.lamoo.region import Region
from agnet.strategies.lamoo.samplers import uniform

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


def test_only_what_lies_inside_is_taken() -> None:
    found = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 5, archive())
    assert len(found) == 5
    assert (found.choices[:, :3] == 4).all()
    assert len(np.unique(SPACE.keys(found))) == 5


def test_it_is_uniform_inside() -> None:
    region = Region(((Above(0, 0.8), 1),))
    drawn = [
        gather(uniform(archive(), RNG(i)), region, integer(SPACE), 50, archive()).choices
        for i in range(20)
    ]
    counts = np.bincount(np.concatenate(drawn)[:, 3], minlength=5)
    assert counts.min() > 150  # of 1000, 200 each


def test_a_short_region_is_relaxed_from_the_deepest_split_up() -> None:
    """There are 125 inside, and 500 more when the third split is dropped."""
    found = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 700, archive())
    assert len(found) == 700
    first = found.choices == 4
    assert first[:125, :3].all()
    assert first[125:625, :2].all() and not first[125:625, 2].any()
    assert first[625:, 0].all() and not first[625:, 1].any()


def test_nothing_evaluated_is_taken() -> None:
    known = archive(SPACE.size - 8)
    found = gather(uniform(known, RNG(0)), NARROW, integer(SPACE), 20, known)
    assert not known.seen(found).any()
    assert len(found) == 8


def test_repeated_candidates_are_taken_once() -> None:
    archs = SPACE.enumerate()[-30:]
    blocks = in_blocks(archs + archs + archs, 20)
    found = gather(blocks, NARROW, integer(SPACE), 60, archive())
    assert len(np.unique(SPACE.keys(found))) == len(found) == 30


def test_no_more_blocks_are_drawn_than_needed() -> None:
    inside = SPACE.from_choices([[4, 4, 4, i % 5, i // 5, 0] for i in range(20)])
    blocks = in_blocks(inside, 4)
    gather(blocks, NARROW, integer(SPACE), 5, archive())
    assert len(list(blocks)) == 3


def test_with_enough_inside_nothing_else_is_taken() -> None:
    """There are 125 inside: fewer than one would like, but not than one needs."""
    some = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 700, archive(), least=20)
    assert len(some) == 125
    assert (some.choices[:, :3] == 4).all()
    few = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 700, archive(), least=130)
    assert len(few) == 130
    assert (few.choices[:, :2] == 4).all()
    many = gather(uniform(archive(), RNG(0)), NARROW, integer(SPACE), 30, archive(), least=20)
    assert len(many) == 30


def total(archs: Sequence[Architecture]) -> npt.NDArray[np.float64]:
    return np.asarray(SPACE.to_choices(archs).sum(axis=1), dtype=np.float64)


def limited(*limits: Limit) -> Archive:
    return Archive(Problem(SPACE, OBJECTIVES, limits, {"flops_m": total}))


def test_what_breaks_a_limit_for_certain_is_not_taken() -> None:
    known = limited(Limit("flops_m", "<=", 15.0), Limit("raspi4_latency_ms", "<=", 0.0))
    found = gather(uniform(known, RNG(0)), NARROW, integer(SPACE), 15, known)
    # Of the 125 with a total of at least 12 inside, 20 have at most 15.
    assert (found.choices[:, :3] == 4).all() and (total(found) <= 15).all()


def test_it_comes_last_where_there_is_nothing_else() -> None:
    known = limited(Limit("flops_m", ">=", 23.0))
    found = gather(uniform(known, RNG(0)), NARROW, integer(SPACE), 200, known)
    assert len(found) == 200
    assert (total(found) >= 23).tolist() == [True] * 7 + [False] * 193
    # Of all the others those in the region come first: 121 without the 4 in it that keep the limit.
    assert (found.choices[7:128, :3] == 4).all(axis=1).tolist() == [True] * 121
    assert not (found.choices[128:, :3] == 4).all(axis=1).any()
