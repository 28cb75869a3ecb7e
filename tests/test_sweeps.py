from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from agnet.benchmarks import open_benchmark
from agnet.config import SearchConfig
from agnet.errors import InvalidInput
from agnet.loop import search
from agnet.sweeps import interval, parse_seeds, sweep

CONFIG = SearchConfig(
    benchmark={"name": "nasbench201", "dataset": "cifar100"},
    strategy="random",
    objectives=("maximize val_accuracy",),
    queries=24,
    init=8,
    batch=8,
)


def test_interval_by_hand() -> None:
    found = interval([1.0, 2.0, 3.0, math.nan])
    assert (found.mean, found.n) == (2.0, 3)
    assert found.half_width == pytest.approx(4.302653 / math.sqrt(3), abs=1e-6)
    assert str(found) == "2.000 ± 2.484"
    assert math.isnan(interval([]).mean)
    assert str(interval([5.0])) == "5.000"


@pytest.mark.parametrize(
    ("text", "seeds"), [("0:3", (0, 1, 2)), ("7", (7,)), ("3,1", (3, 1)), ("28:30", (28, 29))]
)
def test_seeds_are_read(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3:3", "1,1", "-1", "1:2:3", "1.5", "0:99999999999"])
def test_wrong_seeds_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="FIRST:END"):
        parse_seeds(text)


def test_a_sweep_equals_its_searches_and_resumes(tmp_path: Path) -> None:
    runs = sweep(CONFIG, (1, 0), tmp_path, workers=2)
    assert [run.config.seed for run in runs] == [1, 0]
    benchmark = open_benchmark(**CONFIG.benchmark)
    alone = search(benchmark, CONFIG, seed=1)
    assert [row.arch for row in alone.rows] == [row.arch for row in runs[0].rows]
    with pytest.raises(InvalidInput, match="resume the sweep"):
        sweep(CONFIG, (0, 2), tmp_path)
    more = sweep(CONFIG, (0, 2), tmp_path, resume=True)
    assert [row.arch for row in more[0].rows] == [row.arch for row in runs[1].rows]
    other = replace(CONFIG, strategy="evolution")
    with pytest.raises(InvalidInput, match="strategy = random, the sweep has evolution"):
        sweep(other, (0, 7), tmp_path, resume=True)
    with pytest.raises(InvalidInput, match="workers = 0"):
        sweep(CONFIG, (5,), tmp_path, workers=0)


@pytest.mark.parametrize("seeds", [[], [0, 0], [1.5], [-1]], ids=str)
def test_no_seed_and_one_twice_are_refused(seeds: list[int], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        sweep(CONFIG, seeds, tmp_path / "sw")
    assert not (tmp_path / "sw").exists()


def test_a_sweep_that_left_its_beginning_open_can_be_given_more(tmp_path: Path) -> None:
    """Of 8 queries 8 are initial; of 20 it would be 16, but the runs have begun with 8."""
    few = replace(CONFIG, init=None, queries=8)
    sweep(few, (0, 1), tmp_path)
    runs = sweep(replace(few, queries=20), (0, 1, 2), tmp_path, resume=True)
    assert [run.config.init for run in runs] == [8, 8, 8]
    assert [len(run) for run in runs] == [20, 20, 20]
