from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agnet.benchmarks.networks import load_network
from agnet.benchmarks.training import Execution, accuracies
from agnet.spaces import DARTS
from experiments.imagenet import search, table, train
from experiments.imagenet.stream import ImageStream
from tests.imagenet.pictures import write_pictures

pytestmark = pytest.mark.imagenet

ROOT = Path(__file__).resolve().parents[2]
GENOTYPE = str(DARTS().sample(1, np.random.default_rng(0))[0])
SMALL = ["--size", "24", "--channels", "4", "--layers", "3", "--batch", "12"]
SET = ["--set", "epochs=4", "--set", "rate=0.05", "--set", "average=0.5"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


def command(processes: int, folder: Path, out: Path, workers: int = 0) -> list[str]:
    begun = [sys.executable, *([*TORCHRUN, str(processes)] if processes > 1 else [])]
    where = ["--data", str(folder), "--out", str(out), "--workers", str(workers)]
    return [*begun, "-m", "experiments.imagenet.train", GENOTYPE, *where, *SMALL, *SET]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def run(line: list[str]) -> str:
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kill_after_an_epoch(line: list[str]) -> None:
    """All its processes, as a power failure would."""
    begun = subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    for said in begun.stdout:
        if said.startswith("epoch    2"):
            break
    for own in family(begun.pid):
        os.kill(own, signal.SIGKILL)
    begun.wait()
    begun.stdout.close()


def family(pid: int) -> list[int]:
    """A process and all that descend from it: torchrun's are of no common group."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def outcome(out: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    found = json.loads((out / train.TRAINED).read_text())
    del found["step_seconds"]
    return found, load_network(out / train.NETWORK).network.state_dict()


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_and_resumed_equals_unbroken(processes: int, folder: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    said = run(command(processes, folder, whole))
    kill_after_an_epoch(command(processes, folder, broken))
    assert not (broken / train.TRAINED).exists()
    rest = run(command(processes, folder, broken, workers=2))
    assert said.count("epoch") == 4
    assert rest.count("epoch") in (1, 2)  # the second may have been killed while it was written
    (expected, weights), (found, others) = outcome(whole), outcome(broken)
    assert found == expected
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert round(expected["top1"], 3) == expected["top1_by_epoch"][-1]
    assert expected["top5"] == 100.0


def test_what_is_kept_is_what_was_judged(folder: Path, tmp_path: Path) -> None:
    where = ["--data", str(folder), "--out", str(tmp_path / "one"), "--workers", "0", "--quiet"]
    learning = ["--set", "epochs=8", "--set", "rate=0.02"]
    # With fewer channels, torch's convolutions on CPU damage memory in that layout.
    train.main([GENOTYPE, *where, *SMALL, *learning, "--channels-last", "--channels", "16"])
    found, _ = outcome(tmp_path / "one")
    kept = load_network(tmp_path / "one" / train.NETWORK)
    images = ImageStream(folder, 24)
    again = accuracies(kept.network, images.held_out("test"), Execution(), (1, 5))
    assert again == pytest.approx([found["top1"], found["top5"]], abs=9)
    assert found["losses"][-1] < 0.9 * found["losses"][0]
    assert found["steps"] == 24
    assert (kept.image, kept.num_classes) == ((3, 24, 24), 3)


def test_from_a_search_to_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = str(tmp_path / "run")
    scored = ["--queries", "3", "--init", "3", "--repeats", "1", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "SCORED", 20)
        search.main(["--data", str(folder), "--out", found, *scored])
    where = ["--data", str(folder), "--out", str(tmp_path / "won"), "--workers", "0"]
    train.main([found, *where, *SMALL, "--set", "epochs=1", "--precision", "bfloat16"])
    capsys.readouterr()
    table.main([found, str(tmp_path / "won")])
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].startswith("| won | 36 of 3 classes, 24 px, 1 epochs |")
    assert "3 queries | measured |" in printed[2]
    assert all(line.endswith("| published |") for line in printed[3:])
