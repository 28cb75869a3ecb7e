from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from agnet import open_benchmark, search
from agnet.benchmarks.data.build_tiny_blocks import RECIPE, SKELETON
from agnet.benchmarks.tiny_blocks import SPACES, TinyBlocksBenchmark
from agnet.cli.tables import benchmarks
from agnet.errors import InvalidInput
from agnet.pareto import non_dominated
from agnet.testing import BenchmarkContract

NAMES = ["val_accuracy", "test_accuracy", "train_seconds", "params_m", "flops_m"]


class TestOneLookback(BenchmarkContract):
    def benchmark(self) -> TinyBlocksBenchmark:
        return TinyBlocksBenchmark()


class TestTwoLookbacks(BenchmarkContract):
    def benchmark(self) -> TinyBlocksBenchmark:
        return TinyBlocksBenchmark("l2")


def columns(space: str) -> dict[str, np.ndarray]:
    values = TinyBlocksBenchmark(space).query(SPACES[space].enumerate(), NAMES)
    return dict(zip(NAMES, values.T, strict=True))


@pytest.mark.parametrize(("space", "cells"), [("l1", 440), ("l2", 176)])
def test_every_cell_was_trained(space: str, cells: int) -> None:
    found = columns(space)
    assert all(np.isfinite(column).all() and len(column) == cells for column in found.values())
    assert (found["train_seconds"] > 0).all()
    # Of 448 and 450 images.
    for name, images in (("val_accuracy", 448), ("test_accuracy", 450)):
        correct = found[name] * images / 100
        assert np.abs(correct - correct.round()).max() < 1e-9
        assert 0 < correct.min() < correct.max() <= images


@pytest.mark.parametrize("space", SPACES)
def test_costs_are_those_of_the_networks(space: str) -> None:
    found, cells = columns(space), SPACES[space].enumerate()
    costs = [SKELETON.cost(cell, (1, 8, 8), 10) for cell in cells]
    assert (1e6 * found["params_m"]).round().tolist() == [cost.parameters for cost in costs]
    assert (1e6 * found["flops_m"]).round().tolist() == [cost.macs for cost in costs]


@pytest.mark.parametrize("space", SPACES)
def test_accuracy_differs_and_costs_time(space: str) -> None:
    found, blocks = columns(space), SPACES[space].blocks(SPACES[space].enumerate())
    accuracy, seconds = found["val_accuracy"], found["train_seconds"]
    # Guessing among ten classes, up to nearly all of them right.
    assert accuracy[0] < 15
    assert accuracy.max() > 90
    assert np.diff(np.quantile(accuracy, [0.25, 0.75]))[0] > 3
    assert spearmanr(accuracy, found["test_accuracy"]).statistic > 0.8
    assert seconds.argmin() == 0
    assert (np.diff([np.median(seconds[blocks == count]) for count in range(3)]) > 0).all()
    assert non_dominated(np.stack([-accuracy, seconds], axis=1)).sum() >= 5


def test_the_recipe_is_the_one_that_is_described() -> None:
    described = {metric.name: metric.description for metric in TinyBlocksBenchmark().metrics}
    assert f"{RECIPE.epochs} epochs" in described["val_accuracy"]
    assert f"{RECIPE.epochs} epochs" in TinyBlocksBenchmark().source


def test_it_is_opened_by_name() -> None:
    opened = open_benchmark("tiny_blocks", space="l2")
    assert opened.space == SPACES["l2"]
    assert dict(open_benchmark(**opened.settings).settings) == dict(opened.settings)
    with pytest.raises(InvalidInput, match="'l3'; tiny_blocks has l1, l2"):
        open_benchmark("tiny_blocks", space="l3")


def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    benchmarks()
    listed = capsys.readouterr().out
    assert "tiny_blocks  440 architectures" in listed
    assert TinyBlocksBenchmark().source in listed


def test_asking_for_every_cell_finds_the_best() -> None:
    run = search(open_benchmark("tiny_blocks", space="l2"), strategy="random", queries=176)
    assert run.best_so_far()[-1] == columns("l2")["val_accuracy"].max()
