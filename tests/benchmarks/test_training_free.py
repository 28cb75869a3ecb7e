from __future__ import annotations

import numpy as np
import pytest

from agnet import search
from agnet.benchmarks.networks import BlockSkeleton, DARTSSkeleton
from agnet.benchmarks.scores import SCORES
from agnet.benchmarks.training_free import TrainingFree
from agnet.errors import InvalidInput
from agnet.evaluation import LocalProcesses
from agnet.spaces import DARTS, BlockCells
from agnet.testing import BenchmarkContract
from tests.benchmarks.training.images import bright

SPACE = BlockCells(2, 2, ("identity", "conv_3x3", "max_pool_2x2"))
SKELETON = BlockSkeleton(2, 1, 2)


def scoring(seed: int = 0, batch: int = 8) -> TrainingFree:
    return TrainingFree(SPACE, bright(), SKELETON, seed, batch=batch)


class TestTrainingFree(BenchmarkContract):
    samples = 3

    def benchmark(self) -> TrainingFree:
        return scoring()


def test_workers_find_what_this_process_finds() -> None:
    archs = SPACE.sample(3, np.random.default_rng(1))
    names = ("synflow", "snip")
    here = scoring().query(archs, names)
    with LocalProcesses(scoring(), names, 2) as evaluator:
        there = dict(evaluator.evaluate(list(archs)))
    assert [there[i].values for i in range(3)] == [tuple(row) for row in here.tolist()]


def test_a_metric_does_not_depend_on_what_else_is_asked_for() -> None:
    archs = SPACE.sample(2, np.random.default_rng(3))
    alone = scoring().query(archs, ["snip"])
    among = scoring().query(archs[::-1], ["synflow", "params_m", "snip"])
    assert np.array_equal(alone[:, 0], among[::-1, 2])
    assert not np.array_equal(alone, scoring(seed=1).query(archs, ["snip"]))


def test_a_score_that_a_network_has_not_is_missing() -> None:
    """Block cells have no rectifiers; of the empty cell nothing depends on weights but one."""
    found = scoring().query([SPACE.parse("[(-1,conv_3x3,-1,identity)]")], ["naswot", "synflow"])
    assert np.isnan(found[0, 0])
    assert np.isfinite(found[0, 1])


@pytest.mark.parametrize("name", SCORES)
def test_what_serves_training_alone_does_not_count(name: str) -> None:
    space = DARTS()
    archs = space.sample(1, np.random.default_rng(0))
    found = [
        TrainingFree(space, bright(), DARTSSkeleton(2, 3, auxiliary=both), batch=4).query(
            archs, [name]
        )
        for both in (False, True)
    ]
    assert np.isfinite(found[0])
    assert found[0] == found[1]


def test_a_search_that_trains_nothing() -> None:
    run = search(scoring(), strategy="random", queries=6, init=3, objectives=["maximize synflow"])
    assert run.best is not None
    assert [row.failure for row in run.rows] == [None] * 6


@pytest.mark.parametrize(("seed", "batch"), [(-1, 8), (0, 1), (0, 49)])
def test_impossible_settings_are_refused(seed: int, batch: int) -> None:
    with pytest.raises(InvalidInput, match="seed -1" if seed < 0 else f"batch of {batch}"):
        scoring(seed, batch)
