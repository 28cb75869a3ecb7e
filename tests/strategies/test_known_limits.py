"""Limits on metrics that can be computed: nothing that breaks one is evaluated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from agnet.objectives import Limit, Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures, NASBench201, OFAMobileNetV3, SearchSpace
from agnet.strategies import Problem, Strategy, make_strategy
from agnet.strategies.archive import Archive

SINGLE = ("random", "local_search", "evolution", "eda", "trees", "gp", "agnet")


def cost(archs: Sequence[Architecture]) -> npt.NDArray[np.float64]:
    return np.array([sum(arch.choices) for arch in archs], dtype=np.float64)


def problem(space: SearchSpace, bound: float) -> Problem:
    limits = (Limit("cost", "<=", bound), Limit("other", "<=", 1.0))
    return Problem(space, (Objective("val_accuracy", "maximize"),), limits, {"cost": cost})


def told(given: Problem, archs: Architectures) -> Outcomes:
    value = cost(archs)[:, None]
    return Outcomes(-value, np.concatenate([value - given.limits[0].bound, value - 99.0], axis=1))


def started(name: str, given: Problem) -> Strategy:
    strategy = make_strategy(name, given, stream(0, "strategy"), {})
    archs = given.space.sample(12, stream(0, "initial"))
    strategy.tell(archs, told(given, archs))
    return strategy


@pytest.mark.parametrize("name", SINGLE)
def test_all_proposals_keep_it(name: str) -> None:
    """Less than a third of the cells do, and the objective pulls the other way."""
    given = problem(NASBench201(), 10.0)
    strategy = started(name, given)
    for _ in range(3):
        archs = strategy.ask(6)
        assert len(archs) == 6
        assert (cost(archs) <= 10).all()
        strategy.tell(archs, told(given, archs))


@pytest.mark.parametrize("name", ["evolution", "gp", "agnet"])
def test_all_proposals_keep_it_in_a_large_space(name: str) -> None:
    space = OFAMobileNetV3()
    usual = cost(space.sample(500, stream(0, "usual")))
    given = problem(space, float(np.quantile(usual, 0.1)))
    archs = started(name, given).ask(8)
    assert len(archs) == 8
    assert (cost(archs) <= given.limits[0].bound).all()


@pytest.mark.parametrize("name", SINGLE)
def test_an_impossible_one_ends_no_search(name: str) -> None:
    given = problem(NASBench201(), -1.0)
    assert len(started(name, given).ask(5)) == 5


def test_unknown_limits_and_unknown_numbers_by_hand() -> None:
    space = NASBench201()
    archs = space.from_choices([[0] * 6, [1] * 6, [2] * 6])
    assert problem(space, 6.0).keeps_known_limits(archs).tolist() == [True, True, False]
    unknown = Problem(space, (), problem(space, 6.0).limits)
    assert unknown.keeps_known_limits(archs).all()
    nothing = Problem(space, (), (Limit("cost", "<=", 6.0),), {"cost": lambda a: cost(a) * np.nan})
    assert not nothing.keeps_known_limits(archs).any()
    archive = Archive(problem(space, 6.0))
    archive.add(archs[:1], told(archive.problem, archs[:1]))
    assert [str(arch) for arch in archive.allowed(archs)] == [str(archs[1])]
