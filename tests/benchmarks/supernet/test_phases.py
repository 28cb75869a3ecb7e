from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agnet.benchmarks.supernet import Phase, progressive, sandwich
from agnet.benchmarks.training import Recipe
from agnet.errors import InvalidInput
from agnet.spaces.elastic import (
    ElasticSpace,
    GeneDistribution,
    Options,
    Plan,
    elastic_preset,
)
from tests.benchmarks.supernet.nets import PARALLEL, RICH, TINY

CIFAR = elastic_preset("cifar")


def plans(phase: Phase, space: ElasticSpace, updates: int) -> list[list[Plan]]:
    rng = np.random.default_rng(0)
    return [[space.plan(arch) for arch in phase.networks(space, rng)] for _ in range(updates)]


def test_the_published_schedule() -> None:
    phases = progressive(CIFAR)
    assert [(p.name, p.epochs, p.warmup, p.rate, p.drawn) for p in phases] == [
        ("full", 180, 0, 0.08, 1),
        ("kernel", 125, 5, 0.03, 1),
        ("exit 1", 25, 0, 0.001875, 2),
        ("exit 2", 65, 5, 0.00375, 2),
        ("exit 3", 95, 5, 0.0075, 2),
        ("exit 4", 125, 5, 0.015, 2),
        ("depth 1", 25, 0, 0.0025, 2),
        ("depth 2", 125, 5, 0.0075, 2),
        ("expand 1", 25, 0, 0.0025, 4),
        ("expand 2", 125, 5, 0.0075, 4),
    ]
    assert [p.trained for p in phases if p.sort] == [(6,), (4, 6)]
    assert [p.teacher for p in phases] == ["none", *["new"] * 9]
    assert [p.teacher for p in progressive(CIFAR, new_teachers=False)] == [
        "none",
        "new",
        *["kept"] * 8,
    ]
    tenth = progressive(CIFAR, 0.1, speed=2.0)
    assert [(p.epochs, p.rate) for p in tenth[:2]] == [(18, 0.16), (12, 0.06)]


def test_branches_are_opened_before_exits() -> None:
    phases = progressive(PARALLEL, 0.01)
    names = [phase.name for phase in phases]
    assert names == [
        "full",
        "kernel",
        "level 1",
        "level 2",
        "exit",
        "depth",
        "expand 1",
        "expand 2",
    ]
    assert [phase.options.patterns for phase in phases[1:4]] == [
        (7,),
        (3, 5, 6, 7),
        (*range(1, 8),),
    ]
    # Three depths more take the first of the published timings more than once.
    deep = [phase for phase in progressive(RICH) if phase.name.startswith("depth")]
    assert [phase.epochs for phase in deep] == [25, 25, 25, 125]


@pytest.mark.parametrize("config", [CIFAR, PARALLEL, TINY], ids=["cifar", "parallel", "tiny"])
def test_every_phase_draws_exactly_what_it_opens(config: Any) -> None:
    space = ElasticSpace(config)
    for phase in progressive(config, 0.01):
        drawn = plans(phase, space, 120)
        assert {len(update) for update in drawn} == {phase.drawn}
        assert all(len({plan.resolution for plan in update}) == 1 for update in drawn)
        every = [plan for update in drawn for plan in update]
        layers = [layer for plan in every for stage in plan.stages for layer in stage]
        elastic = [layer for layer in layers if layer.kernel]
        found = {
            "resolutions": {plan.resolution for plan in every},
            "exits": {plan.exit for plan in every},
            "depths": {len(stage) for plan in every for stage in plan.stages},
            "kernels": {layer.kernel for layer in elastic},
            "expansions": {layer.expansion for layer in elastic},
            "patterns": {layer.branches for layer in layers},
        }
        for name, values in found.items():
            assert values == set(getattr(phase.options, name)), (phase.name, name)


def test_a_sandwich_is_largest_smallest_and_others() -> None:
    (phase,) = sandwich(RICH, Recipe(epochs=7, rate=0.3, warmup=2), drawn=3)
    assert (phase.epochs, phase.rate, phase.warmup) == (7, 0.3, 2)
    space, every = ElasticSpace(RICH), Options.every(RICH)
    for update in plans(phase, space, 20):
        assert update[0] == space.plan(every.largest(space))
        assert update[1] == replace(update[0], width=0)
        assert update[2] == space.plan(every.smallest(space))
        assert len(update) == 6
    others = Counter(plan for update in plans(phase, space, 50) for plan in update[3:])
    assert len(others) > 100


@pytest.mark.parametrize(
    "wrong",
    [{"rule": "best"}, {"epochs": 0}, {"rule": "sampled", "drawn": 0}, {"teacher": "new"}],
)
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    (phase,) = sandwich(TINY, Recipe())
    with pytest.raises(InvalidInput, match=r"expected|only sampled"):
        replace(phase, **wrong)
    with pytest.raises(InvalidInput, match="share = 0"):
        progressive(TINY, 0.0)


def test_networks_are_drawn_by_a_distribution() -> None:
    space = ElasticSpace(TINY)
    only = GeneDistribution.of(space, [space.parse("r28-x1:k5e3")] * 9, smoothing=0.0, uniform=1e-9)
    phase = Phase("x", 1, 0.1, Options.every(TINY), "sampled", 3, distribution=only)
    archs = phase.networks(space, np.random.default_rng(0))
    assert [str(arch) for arch in archs] == ["r28-x1:k5e3"] * 3
    with pytest.raises(InvalidInput, match="distribution for the rule sandwich"):
        Phase("x", 1, 0.1, Options.every(TINY), distribution=only)


def test_a_phase_has_its_part_of_a_longer_cosine() -> None:
    every = Options.every(TINY)
    with pytest.raises(InvalidInput, match="2 epochs after 3 of a cosine of 4"):
        Phase("x", 2, 0.1, every, done=3, of=4)
    Phase("x", 1, 0.1, every, done=3, of=4)
