from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnet import search
from agnet.benchmarks import open_benchmark, real_training
from agnet.benchmarks.networks import BlockSkeleton
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.training import Recipe, train
from agnet.errors import InvalidInput, TrainingDiverged
from agnet.evaluation import LocalProcesses
from agnet.spaces import BlockCells, Subset
from agnet.testing import BenchmarkContract
from tests.benchmarks.training.images import bright

SPACE = BlockCells(2, 2, ("identity", "conv_3x3", "max_pool_2x2"))
RECIPE = Recipe(epochs=2, batch=12, rate=0.02, period=0, flip=False)
SKELETON = BlockSkeleton(2, 1, 2)
BROKEN = replace(RECIPE, optimizer="sgd", rate=1e30, epochs=9)


def training(seed: int = 0, recipe: Recipe = RECIPE) -> RealTraining:
    return RealTraining(SPACE, bright(), recipe, SKELETON, seed)


class TestRealTraining(BenchmarkContract):
    samples = 2
    noisy = frozenset({"train_seconds", "host_latency_ms"})

    def benchmark(self) -> RealTraining:
        return training()


def test_workers_find_what_this_process_finds() -> None:
    archs = SPACE.sample(3, np.random.default_rng(1))
    names = ("val_accuracy", "test_accuracy")
    here = training().query(archs, names)
    with LocalProcesses(training(), names, 2) as evaluator:
        there = dict(evaluator.evaluate(list(archs)))
    assert [there[i].values for i in range(3)] == [tuple(row) for row in here.tolist()]


def test_seeds_and_cells_have_weights_and_batches_of_their_own() -> None:
    archs = SPACE.sample(2, np.random.default_rng(2))
    losses = [training(seed).train(arch).losses for seed in (0, 1) for arch in archs]
    assert len(set(losses)) == 4
    assert training().train(archs[1]).losses == losses[1]


def test_costs_by_hand_and_without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr(real_training, "train", refuse)
    # 18 + 4 and 2 + 4; 72 + 8 and 8 + 8; 144 + 8 and nothing; 12 + 3. Sides of 4, 2 and 2.
    arch = SPACE.parse("[(-1,conv_3x3,-1,identity)]")
    found = training().query([arch], ["flops_m", "params_m", "host_latency_ms"])[:, :2]
    macs = 16 * (18 + 2) + 4 * (72 + 8) + 4 * 144 + 12
    assert (1e6 * found).round().tolist() == [[macs, 28 + 96 + 152 + 15]]
    with pytest.raises(AssertionError, match="it trains"):
        training().query([arch], ["flops_m", "val_accuracy"])


@pytest.mark.parametrize(("metric", "test"), [("val_accuracy", False), ("test_accuracy", True)])
def test_test_images_are_looked_at_only_when_asked_for(
    metric: str, test: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, original = [], train

    def watched(*arguments: Any, test: bool, **settings: Any) -> Any:
        asked.append(test)
        return original(*arguments, test=test, **settings)

    monkeypatch.setattr(real_training, "train", watched)
    training().query(SPACE.sample(2, np.random.default_rng(0)), [metric, "train_seconds"])
    assert asked == [test] * 2


def test_a_search_records_failed_trainings_and_goes_on() -> None:
    run = search(training(recipe=BROKEN), strategy="random", queries=4, init=4)
    failures = [row.failure for row in run.rows]
    # The empty cell apart, no network survives such a rate.
    assert sum(failure is not None for failure in failures) >= 3
    assert any("TrainingDiverged: the loss is" in str(failure) for failure in failures)
    with pytest.raises(TrainingDiverged):
        training(recipe=BROKEN).query(
            [SPACE.parse("[(-1,conv_3x3,-1,conv_3x3)]")], ["val_accuracy"]
        )


def test_a_search_that_trains() -> None:
    run = search(training(), strategy="random", queries=4, init=2, limits=["params_m<=0.001"])
    assert len(run) == 4
    assert run.best is not None
    assert 0 <= run.test()["test_accuracy"] <= 100


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="seed -1"):
        training(-1)
    with pytest.raises(InvalidInput, match="no networks"):
        RealTraining(Subset(SPACE.enumerate()[:3]), bright())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        (
            "real_training",
            {"recipe": {"preset": "smoke", "epochs": 1}, "execution": {"threads": 2}},
        ),
        ("training_free", {"batch": 8}),
        ("real_training", {}),
    ],
)
def test_settings_open_the_benchmark_again(name: str, settings: dict[str, object]) -> None:
    made = open_benchmark(name, space="blocks", network={"filters": 2}, seed=3, **settings)
    again = open_benchmark(**made.settings)
    assert again.settings == made.settings
    arch = made.space.sample(1, np.random.default_rng(0))
    assert np.array_equal(made.query(arch, ["params_m"]), again.query(arch, ["params_m"]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"recipe": "smoke"}, "recipe = 'smoke'"),
        ({"recipe": {"epoch": 1}}, "'epoch'"),
        ({"network": {"filters": 2.5}}, "filters = 2.5"),
        ({"execution": {"cores": 2}}, "'cores'"),
        ({"size": "large"}, "size = 'large'"),
        ({"seed": True}, "seed = True"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        open_benchmark("real_training", space="blocks", **settings)


def test_a_search_records_every_epoch(tmp_path: Path) -> None:
    run = search(training(), strategy="random", init=2, queries=2, out=tmp_path / "run")
    found = run.epochs
    assert found.columns.tolist() == ["query", "epoch", "loss", "val_accuracy"]
    assert found[["query", "epoch"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    for query, arch in enumerate(run.history["arch"], start=1):
        result = training().train(SPACE.parse(arch))
        own = found[found["query"] == query]
        assert tuple(own["loss"]) == result.losses
        assert tuple(own["val_accuracy"]) == result.val_accuracies
    assert not list((tmp_path / "run").glob("trainings/*"))


def test_a_table_has_no_epochs() -> None:
    run = search(open_benchmark("nasbench201"), strategy="random", init=2, queries=2)
    assert run.epochs.empty
    assert run.epochs.columns.tolist()[:2] == ["query", "epoch"]


def test_a_query_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (arch,) = SPACE.sample(1, np.random.default_rng(3))
    names = ("val_accuracy",)
    whole = training().observe(arch, names)
    epochs: list[int] = []
    original = train

    def watched(*arguments: Any, after_epoch: object, **settings: Any) -> Any:
        def after(epoch: int, loss: float, accuracy: float) -> None:
            epochs.append(epoch)
            if len(epochs) == 1:
                raise KeyboardInterrupt

        return original(*arguments, after_epoch=after, **settings)

    monkeypatch.setattr(real_training, "train", watched)
    inside = training().within(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        inside.observe(arch, names)
    assert len(list(tmp_path.glob("trainings/*"))) == 1
    assert inside.observe(arch, names) == whole
    assert epochs == [1, 2]
    assert not list(tmp_path.glob("trainings/*"))


def test_a_query_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (arch,) = SPACE.sample(1, np.random.default_rng(1))
    with pytest.raises(TrainingDiverged):
        training(recipe=BROKEN).within(tmp_path).query([arch], ["val_accuracy"])
    assert not list(tmp_path.glob("trainings/*"))
