from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from agnet import search
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.training import Recipe, TensorBoard
from agnet.errors import MissingExtra
from agnet.spaces import BlockCells
from tests.benchmarks.training.images import bright

SPACE = BlockCells(2, 2, ("identity", "conv_3x3", "max_pool_2x2"))


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    with TensorBoard(tmp_path) as board:
        board(1, 2.5, 10.0)
        assert scalars(tmp_path, "loss") == [(1, 2.5)]  # while it is being written
    with TensorBoard(tmp_path) as board:
        board(2, 1.5, 20.0)
    assert sorted(scalars(tmp_path, "val_accuracy")) == [(1, 10.0), (2, 20.0)]


def test_a_search_writes_a_folder_an_architecture(tmp_path: Path) -> None:
    recipe = Recipe(epochs=2, batch=12, rate=0.02, period=0, flip=False)
    benchmark = RealTraining(SPACE, bright(), recipe, tensorboard=True)
    run = search(benchmark, strategy="random", init=2, queries=2, out=tmp_path / "run")
    folders = list((tmp_path / "run" / "tensorboard").iterdir())
    found = sorted(tuple(value for _, value in scalars(one, "loss")) for one in folders)
    losses = [tuple(own["loss"].astype(np.float32)) for _, own in run.epochs.groupby("query")]
    assert found == sorted(losses)
    assert benchmark.settings["tensorboard"] is True


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"agnet\[tensorboard\]"):
        RealTraining(SPACE, bright(), Recipe(batch=12), tensorboard=True)
