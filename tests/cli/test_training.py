from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from agnet import Run
from agnet.benchmarks.networks import load_network
from agnet.seeds import stream
from agnet.spaces import DARTS
from tests.cli.test_cli import Terminal, terminal

__all__ = ["terminal"]  # a fixture

CELL = "[(-1,conv_3x3,-1,identity)]"
SMALL = ["--space", "blocks", "--network", "filters=4", "--network", "motifs=2", "--quiet"]


def pets(folder: Path) -> Path:
    """Two classes that differ in colour."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for at in range(15):
            pixels = rng.integers(0, 60, (10, 12, 3), dtype=np.uint8)
            pixels[..., label] += 150
            Image.fromarray(pixels).save(folder / name / f"{at}.png")
    return folder


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_images_of_ones_own_are_trained_on_and_the_network_is_exported(
    terminal: Terminal, tmp_path: Path
) -> None:
    pets(tmp_path / "pets")
    command = ["train", CELL, *SMALL, "--data", "pets", "--size", "8", "--out", "run", "--test"]
    command += ["--set", "epochs=6", "--set", "batch=6"]
    code, out, _ = terminal(*command)
    assert code == 0
    assert "test accuracy       100.00 %" in out
    assert terminal(*command)[1] == out  # nothing is left to do
    kept = load_network(Path("run/network.pt"))
    assert kept.image == (3, 8, 8)
    code, out, _ = terminal("export", "run", "--torchscript", "a.ts", "--state-dict", "b.pt")
    assert code == 0
    assert "wrote a.ts" in out
    images = torch.rand(3, 3, 8, 8)
    loaded = torch.jit.load("a.ts")  # type: ignore[no-untyped-call]
    assert torch.allclose(loaded(images), kept.network(images), atol=1e-5)
    assert set(torch.load("b.pt", weights_only=True)) == set(kept.network.state_dict())


def test_another_training_in_the_folder_is_not_taken_for_this_one(terminal: Terminal) -> None:
    command = ["train", CELL, *SMALL, "--out", "run"]
    assert terminal(*command)[0] == 0
    other = ["train", CELL.replace("identity", "max_pool_2x2"), *SMALL, "--out", "run"]
    for wrong in (other, [*command, "--seed", "5"]):
        code, _, err = terminal(*wrong)
        assert (code, "training of something else" in err) == (2, True)


def test_an_architecture_is_exported_untrained_and_that_is_said(terminal: Terminal) -> None:
    arch = str(DARTS().sample(1, stream(0, "arch"))[0])
    code, _, err = terminal(
        *("export", arch, "--space", "darts", "--network", "channels=2", "--network", "layers=3"),
        *("--state-dict", "weights.pt", "--classes", "4"),
    )
    assert code == 0
    assert "weights are random" in err
    assert torch.load("weights.pt", weights_only=True)["_classifier.weight"].shape[0] == 4


def test_a_search_by_training_on_images_of_ones_own(terminal: Terminal, tmp_path: Path) -> None:
    """It is stopped and resumed from its own configuration, which finds the images again."""
    pets(tmp_path / "pets")
    small = ["--space", "blocks", "--network", "filters=2", "--network", "motifs=1"]
    how = ["--train", "epochs=1", "--train", "batch=6", "--strategy", "random", "--init", "2"]
    command = ["search", "--data", "pets", "--size", "8", *small, *how, "--quiet"]
    code, out, _ = terminal(*command, "--queries", "3", "--out", "run")
    assert code == 0
    assert "3 queries on real_training (pets)" in out
    assert "val_accuracy" in out
    assert "train_seconds" not in out  # it would have to be trained again
    code, out, _ = terminal("search", "--resume", "--out", "run", "--queries", "4", "--quiet")
    assert (code, "4 queries" in out) == (0, True)


def test_a_search_without_training(terminal: Terminal) -> None:
    small = ["--space", "blocks", "--network", "filters=2", "--network", "motifs=1", "--quiet"]
    how = ["--strategy", "random", "--init", "2", "--queries", "3", "--maximize", "synflow"]
    command = ["search", "--benchmark", "training_free", *small, *how, "--out", "free"]
    code, out, _ = terminal(*command)
    assert code == 0
    assert "3 queries on training_free (digits)" in out


BAD_SEARCHES = [
    (["--size", "8"], "got --size without --data"),
    (["--train", "epochs=3"], "got --train without --data"),
    (["--recipe", "popnas"], "got --recipe without --data"),
    (["--data", "digits", "--dataset", "cifar100"], "got --data and --dataset;"),
    (["--data", "digits", "--noise"], "got --data and --noise;"),
    (["--data", "digits", "--benchmark", "nasbench201"], "--data and --benchmark nasbench201;"),
    (["--data", "digits", "--train", "preset=popnas"], "--recipe popnas"),
    (["--data", "nowhere"], "nowhere"),
    (["--data", "digits", "--space", "mars"], "mars"),
    (["--data", "digits", "--train", "epoch=3"], "'epoch'"),
    (["--data", "digits", "--recipe", "magic"], "magic"),
    (["--data", "digits", "--network", "depth=3"], "'depth'"),
    (["--data", "digits", "--network", "channels=-8"], "channels = -8"),
    (["--space", "darts"], "for --table and --data"),
]


@pytest.mark.parametrize(("command", "said"), BAD_SEARCHES, ids=lambda value: " ".join(value)[-40:])
def test_bad_searches_are_one_line(terminal: Terminal, command: list[str], said: str) -> None:
    code, _, err = terminal("search", *command, "--out", "run")
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
    assert not Path("run").exists()


BAD = [
    (["train", CELL, "--space", "blocks", "--data", "nowhere"], "nowhere"),
    (["train", "nonsense", "--space", "blocks"], "nonsense"),
    (["train", CELL, "--space", "mars"], "mars"),
    (["train", CELL, "--space", "blocks", "--recipe", "magic"], "magic"),
    (["train", CELL, "--space", "blocks", "--set", "epoch=3"], "'epoch'"),
    (["train", CELL, "--space", "blocks", "--set", "preset=popnas"], "--recipe popnas"),
    (["train", "nothere/run"], "there is no file or folder nothere/run"),
    (["train", "run"], "there is no file or folder run"),
    (["train", CELL, "--space", "blocks", "--network", "width=3"], "'width'"),
    (["train", CELL, "--space", "blocks", "--device", "abacus"], "abacus"),
    (["train", CELL, "--space", "blocks", "--precision", "float8"], "float8"),
    (["train", CELL, "--space", "blocks", "--size", "8"], "size 8"),
    (["train", CELL, "--space", "blocks", "--data", "~nobody-here/x"], "no path"),
    (["train", CELL, "--space", "blocks", "--data", "x" * 300], "no path"),
]


@pytest.mark.parametrize(("command", "said"), BAD, ids=lambda value: " ".join(value)[-40:])
def test_bad_input_is_one_line(terminal: Terminal, command: list[str], said: str) -> None:
    code, out, err = terminal(*command, "--out", "run")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["export", CELL], "nothing to write"),
        (["export", CELL, "--space", "blocks", "--onnx", "a", "--image", "3x3"], "3x32x32"),
        (["export", ".", "--onnx", "a.onnx"], "network.pt"),
        (["export", "nothere.pt", "--onnx", "a.onnx"], "there is no file or folder nothere.pt"),
        (["export", ".", "--onnx", "a.onnx", "--classes", "3"], "got --classes and the training"),
        (["export", CELL, "--space", "blocks", "--onnx", "a", "--classes", "0"], "0 classes"),
    ],
)
def test_bad_exports_are_one_line(terminal: Terminal, command: list[str], said: str) -> None:
    code, _, err = terminal(*command)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err


def test_a_network_that_no_memory_holds_is_one_line_or_a_failed_query(terminal: Terminal) -> None:
    huge = ["--network", "channels=10000000", "--network", "cells=1"]
    arch = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    code, _, err = terminal("train", arch, *huge, "--out", "huge")
    assert (code, "memory does not suffice" in err, len(err.splitlines())) == (2, True, 1)
    small = ["--strategy", "random", "--init", "2", "--queries", "2", "--quiet", "--out", "run"]
    code, out, _ = terminal("search", "--data", "digits", *huge, *small)
    assert code == 0
    assert "every evaluation failed, the first with OutOfMemory" in out


def test_curves_are_written_for_tensorboard(terminal: Terminal) -> None:
    command = ["train", CELL, *SMALL, "--set", "epochs=1", "--out", "run", "--tensorboard"]
    assert terminal(*command)[0] == 0
    assert list(Path("run/tensorboard").glob("events*"))


def test_the_best_of_a_run_is_trained_as_it_was_there(terminal: Terminal, tmp_path: Path) -> None:
    pets(tmp_path / "pets")
    command = ["search", "--data", "pets", "--size", "8", *SMALL, "--strategy", "random"]
    command += ["--train", "epochs=1", "--train", "batch=6", "--init", "2", "--queries", "2"]
    assert terminal(*command, "--out", "found")[0] == 0
    run = Run.open("found")
    code, out, _ = terminal("train", "found", "--quiet", "--out", "best")
    assert code == 0
    assert run.best_query is not None
    assert f"validation accuracy {run.best_query.values[0]:.2f} %" in out
    kept = load_network(Path("best/network.pt"))
    assert (str(kept.arch), kept.image) == (str(run.best), (3, 8, 8))
    code, _, err = terminal("train", "found", "--space", "darts", "--out", "x")
    assert (code, "a run has one of its own" in err) == (2, True)
    longer = ["train", "found", "--quiet", "--set", "epochs=2", "--data", "digits", "--out", "y"]
    assert terminal(*longer)[0] == 0
    assert load_network(Path("y/network.pt")).image == (1, 8, 8)


def test_the_best_of_a_table_is_trained_too_and_a_folder_that_is_no_run_is_refused(
    terminal: Terminal,
) -> None:
    small = ["--network", "channels=2", "--network", "cells=1", "--set", "epochs=1", "--quiet"]
    assert terminal("search", "--strategy", "random", "--queries", "16", "--out", "found")[0] == 0
    assert terminal("train", "found", *small, "--out", "best")[0] == 0
    assert load_network(Path("best/network.pt")).arch == Run.open("found").best
    Path("empty").mkdir()
    code, _, err = terminal("train", "empty", "--out", "x")
    assert (code, "holds no run" in err) == (2, True)


def test_a_batch_larger_than_a_folder_is_refused_before_anything_is_trained(
    terminal: Terminal, tmp_path: Path
) -> None:
    pets(tmp_path / "pets")
    for command in (["train", CELL, "--out", "run"], ["search", "--out", "run"]):
        code, _, err = terminal(*command, *SMALL, "--data", "pets", "--size", "8")
        assert (code, "a batch of 64 and 18 images" in err) == (2, True)
        assert not Path("run").exists()
