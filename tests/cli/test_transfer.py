from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agnet.benchmarks.networks import load_network
from agnet.benchmarks.supernet import SuperNetwork, save_supernet
from agnet.spaces.elastic import elastic_preset
from tests.cli.test_cli import Terminal, terminal
from tests.cli.test_training import pets

__all__ = ["terminal"]  # a fixture

pytest.importorskip("pymoo")
pytest.importorskip("lightgbm")

QUICK = ["--epochs", "1,1", "--growing", "batch=8", "--growing", "rate=0.05", "--set", "archive=4"]
QUICK += ["--set", "iterations=1", "--set", "newcomers=2", "--set", "adaptation=1"]
QUICK += ["--tuning", "epochs=2", "--tuning", "batch=8"]


def test_from_images_to_a_network_that_is_exported(terminal: Terminal, tmp_path: Path) -> None:
    pets(tmp_path / "pets")
    images = ["--data", "pets", "--size", "12"]
    command = ["transfer", "--out", "run", *images, *QUICK, "--together", "--test"]
    code, out, _ = terminal(*command)
    assert code == 0
    assert "round   1   10 evaluated" in out
    assert out.count("(read once)") == 1
    with Path("run/front.csv").open() as file:
        front = list(csv.DictReader(file))
    assert {"arch", "val_accuracy", "params_m", "flops_m"} == set(front[0])
    code, again, _ = terminal(*command, "--quiet")  # nothing is left to do
    assert code == 0
    assert out.endswith(again)
    kept = load_network(Path("run/network-1/network.pt"))
    assert str(kept.arch) in {row["arch"] for row in front}
    code, out, _ = terminal("export", "run/network-1", "--state-dict", "weights.pt")
    assert (code, "wrote weights.pt" in out) == (0, True)
    code, out, _ = terminal(
        *(*command[:2], "none", *command[3:], "--finish", "0", "--limit", "params_m<=0.0001")
    )
    assert (code, "loosen them" in out) == (0, True)
    code, _, err = terminal(*command, "--set", "best=3")
    assert (code, "other settings" in err) == (2, True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--policy", "wild"], "policy 'wild'"),
        (["--set", "archive=two"], "archive = 'two' of a policy"),
        (["--set", "archive=1"], "archive = 1; expected at least 3"),
        (["--set", "speed=1"], "'speed' of a policy"),
        (["--growing", "tempo=1"], "'tempo' of a recipe"),
        (["--epochs", "3"], "--epochs 3; expected two numbers"),
        (["--space", "darts"], "--space darts; expected that of a super-network"),
        (["--space", "elastic-huge"], "'elastic-huge'"),
        (["--finish", "-1"], "--finish -1"),
        (["--weights", "nowhere.pt"], "nowhere.pt"),
        (["--minimize", "beauty"], "got beauty to search by"),
        (["--minimize", "params_m", "--minimize", "params_m"], "params_m as two objectives"),
        (["--set", "proposer=astrology"], "'astrology'"),
        (["--tuning", "standardise=true"], "got standardise"),
        (["--growing", "epochs=3"], "--growing epochs; how long"),
        (["--weights", "nowhere.pt", "--space", "elastic-tiny"], "leave --space out"),
        (["--weights", "nowhere.pt", "--epochs", "1,2"], "leave --epochs out"),
        (["--maximize", "test_accuracy"], "got test_accuracy to search by"),
    ],
)
def test_bad_input_is_one_line(wrong: list[str], message: str, terminal: Terminal) -> None:
    code, _, err = terminal("transfer", "--out", "run", *wrong)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not Path("run/evaluations.jsonl").exists()


def test_a_super_network_is_searched_by_any_strategy(terminal: Terminal, tmp_path: Path) -> None:
    pets(tmp_path / "pets")
    net = SuperNetwork(replace(elastic_preset("tiny"), classes=2), torch.Generator().manual_seed(0))
    save_supernet(net, tmp_path / "net.pt")
    command = ["search", "--weights", "net.pt", "--data", "pets", "--size", "12", "--quiet"]
    code, out, _ = terminal(*command, "--strategy", "random", "--queries", "4", "--init", "2")
    assert (code, "elastic" in out or "val_accuracy" in out) == (0, True)
    code, _, err = terminal(*command, "--recipe", "smoke")
    assert (code, "recipe" in err) == (2, True)
