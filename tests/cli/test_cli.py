"""The command line as a user meets it: what it prints, one line for bad input, exit codes."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from agnet.cli import main
from agnet.runs import Run

BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
    "|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
QUICK = ["--strategy", "evolution", "--queries", "24", "--init", "8", "--batch", "8", "--quiet"]


class Terminal:
    """Runs commands in this process, in a folder of their own, with no imported tables."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        self._patch.setattr(sys, "argv", ["agnet", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = self._capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said.out, said.err


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGNET_DATA", str(tmp_path / "no data"))
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(monkeypatch, capsys)


def test_help_and_version(terminal: Terminal) -> None:
    code, out, _ = terminal("--help")
    assert code == 0
    for command in ("search", "compare", "test", "benchmarks", "query", "import"):
        assert command in out
    assert terminal("--version")[1].strip()[0].isdigit()


def test_search_says_what_it_found_and_where(terminal: Terminal) -> None:
    code, out, _ = terminal("search", *QUICK)
    assert code == 0
    assert "24 queries on nasbench201 (cifar10) with evolution, seed 0" in out
    assert "best   |" in out
    assert "val_accuracy = " in out
    assert "runs/nasbench201-cifar10-evolution-seed0" in out
    assert "test_accuracy" not in out
    again = terminal("search", *QUICK)[1]
    assert "seed0-2" in again
    assert out.splitlines()[1] == again.splitlines()[1]


def test_several_objectives_end_with_their_front(terminal: Terminal) -> None:
    given = "--maximize val_accuracy --minimize flops_m --reference 70 --reference 200"
    more = "--strategy random --queries 30 --out run --quiet"
    code, out, err = terminal("search", *given.split(), *more.split())
    assert code == 0, err
    run = Run.open("run")
    assert run.config.reference == (70.0, 200.0)
    front = run.pareto()
    assert f"front  {len(front)} architectures, hypervolume {run.hypervolume()[-1]:.4g}" in out
    assert "from val_accuracy 70, flops_m 200" in out
    for row in front:
        assert row.arch in out


def test_a_comparison_says_what_it_leaves_out(terminal: Terminal) -> None:
    terminal("search", *QUICK, "--out", "one")
    code, out, _ = terminal("compare", "one", "--at", "24", "--at", "1000")
    assert (code, "-  where a run has fewer queries" in out) == (0, True)
    assert "fewer" not in terminal("compare", "one")[1]
    both = ["--maximize", "val_accuracy", "--minimize", "params_m", "--strategy", "random"]
    terminal("search", *both, "--queries", "8", "--init", "4", "--quiet", "--out", "two")
    assert "minimize params_m: not compared here" in terminal("compare", "two")[1]


def test_a_run_can_be_made_again_from_its_configuration(terminal: Terminal) -> None:
    terminal("search", *QUICK, "--set", "population=12", "--out", "a")
    code, _, _ = terminal("search", "--config", "a/config.toml", "--out", "b", "--quiet")
    assert code == 0
    assert Path("a/config.toml").read_text() == Path("b/config.toml").read_text()
    rows = [list(csv.reader(Path(f"{run}/history.csv").read_text().splitlines())) for run in "ab"]
    assert [row[:4] for row in rows[0]] == [row[:4] for row in rows[1]]


def test_resume_compare_and_sweep(terminal: Terminal) -> None:
    terminal("search", *QUICK, "--out", "a")
    code, out, _ = terminal("search", "--resume", "--out", "a", "--queries", "32", "--quiet")
    assert (code, "32 queries" in out) == (0, True)
    code, _, err = terminal("search", "--resume", "--out", "a", "--queries", "3", "--quiet")
    assert (code, "got 3 queries; the run to resume was made with 32" in err) == (2, True)
    sweep = [*QUICK, "--seeds", "0:2", "--workers", "2", "--out", "s"]
    code, out, _ = terminal("search", *sweep)
    assert code == 0
    assert "mean ± 95 %" in out
    assert terminal("search", *sweep)[0] == 2
    resumed = terminal("search", "--resume", "--seeds", "0:2", "--out", "s", "--quiet")
    assert resumed[0] == 0
    code, out, _ = terminal("compare", "a", "s", "--at", "16", "--at", "24")
    assert code == 0
    assert "24 queries" in out


def test_query_prints_csv(terminal: Terminal) -> None:
    code, out, _ = terminal("query", BEST, "--metric", "val_accuracy", "--metric", "params_m")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["arch"] == BEST
    assert float(row["val_accuracy"]) == pytest.approx(91.607, abs=1e-3)


def test_benchmarks_lists_what_is_there_and_what_is_not(terminal: Terminal) -> None:
    code, out, _ = terminal("benchmarks")
    assert code == 0
    assert "15,625 architectures" in out
    assert "agnet import hwnasbench" in out
    assert "nasbench101" in out


def test_a_table_of_ones_own(terminal: Terminal) -> None:
    lines = ["arch,accuracy,latency_ms"]
    ops = ("none", "skip_connect", "nor_conv_3x3")
    for i, first in enumerate(ops):
        for j, last in enumerate(ops):
            lines.append(f"|{first}~0|+|none~0|none~1|+|none~0|none~1|{last}~2|,{i + j},{i}")
    Path("my.csv").write_text("\n".join(lines))
    code, out, err = terminal(
        *("search", "--table", "my.csv", "--space", "nasbench201", "--strategy", "random"),
        *("--queries", "9", "--init", "4", "--quiet", "--out", "mine"),
    )
    assert (code, err) == (0, "")
    assert "accuracy = 4.000" in out


def test_a_small_table_is_searched_whole_by_default(terminal: Terminal) -> None:
    Path("my.csv").write_text(f"arch,accuracy\n{BEST},2\n{BEST.replace('1x1', '3x3')},1\n")
    table = ["search", "--table", "my.csv", "--space", "nasbench201", "--quiet"]
    code, out, err = terminal(*table)
    assert (code, err) == (0, "")
    assert "2 queries on table" in out
    assert BEST in out
    code, _, err = terminal(*table, "--queries", "3")
    assert (code, "only 2" in err) == (2, True)


def edit(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


BAD_INPUT: list[tuple[Sequence[str], str]] = [
    (["search", "--benchmark", "nasbench2001"], "nasbench2001"),
    (["search", "--dataset", "mnist"], "cifar100"),
    (["search", "--maximize", "accuracy"], "val_accuracy"),
    (["search", "--maximize", "test_accuracy"], "test_accuracy"),
    (["search", "--minimize", "edgegpu_latency_ms"], "agnet import hwnasbench"),
    (["search", "--strategy", "genius"], "local_search"),
    (["search", "--strategy", "gp", "--mode", "pnas"], "--strategy popnas"),
    (["search", "--strategy", "gp", "--no-generator"], "agnet alone"),
    (["search", "--mode", "pnas"], "got --mode, which popnas alone takes, and the strategy agnet"),
    (["search", "--fill-layers", "2"], "got --fill-layers"),
    (["search", "--reference", "1"], "no objectives"),
    (["search", "--set", "population"], "NAME=VALUE"),
    (["search", "--strategy", "evolution", "--set", "size=3"], "population"),
    (["search", "--limit", "speed<=5"], "'speed'"),
    (["search", "--limit", "params_m<5"], "METRIC<=NUMBER"),
    (["search", "--limit", "params_m<=nan"], "METRIC<=NUMBER"),
    (["search", "--queries", "20000"], "only 15625"),
    (["search", "--queries", "many"], "--queries"),
    (["search", "--queries", "0"], "queries = 0"),
    (["search", "--init", "300"], "300 initial"),
    (["search", "--seeds", "0:0"], "FIRST:END"),
    (["search", "--no-such-option"], "--no-such-option"),
    (["search", "--resume"], "--out"),
    (["search", "--resume", "--out", "nowhere"], "holds no run"),
    (["search", "--config", "nowhere.toml"], "nowhere.toml"),
    (["search", "--table", "my.csv"], "--space"),
    (["search", "--table", "nowhere.csv", "--space", "nasbench201"], "nowhere.csv"),
    (["search", "--space", "nasbench201"], "--table"),
    (["search", "--workers", "-1"], "workers = -1"),
    (["search", "--workers", "-1", "--seeds", "0:2"], "workers = -1"),
    (["search", "--seeds", "0:2", "--strategy", "genius"], "'genius'"),
    (["search", "--ray", "local", "--seeds", "0:2"], "--seeds"),
    (["search", "--ray", "local", "--ray-cpus", "-1"], "-1.0 cpus"),
    (["search", "--ray-gpus", "1"], "--ray"),
    (["search", "--asynchronous", "--strategy", "popnas"], "plans each step"),
    (["search", "--test"], "agnet import nasbench201"),
    (["query", "|none~0|"], "blocks"),
    (["query", edit(BEST, "nor_conv_1x1~2", "conv~2")], "edge 2>3"),
    (["query", BEST, "--metric", "speed"], "'speed'"),
    (["query", BEST, "--metric", "test_accuracy"], "agnet import nasbench201"),
    (["import", "nasbench999", "file"], "nasbench101"),
    (["import", "nasbench201", "nowhere.pth"], "nowhere.pth"),
    (["compare", "nowhere"], "nowhere"),
    (["test", "nowhere"], "nowhere"),
    (["nonsense"], "nonsense"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), BAD_INPUT, ids=[" ".join(item[0])[:50] for item in BAD_INPUT]
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: Sequence[str], said: str, terminal: Terminal
) -> None:
    code, out, err = terminal(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("unknown.csv", f"arch,accuracy\n{BEST},1\n|nonsense|,2\n", "nonsense"),
        ("bare.csv", f"arch\n{BEST}\n", "metric"),
        ("twice.csv", f"arch,accuracy\n{BEST},1\n{BEST},2\n", "twice"),
        ("columns.csv", f"cell,accuracy\n{BEST},1\n", "arch"),
        ("empty.csv", "", "empty.csv"),
        ("same.csv", f"arch,accuracy,accuracy\n{BEST},1,2\n", "two columns"),
        ("taken.csv", f"arch,seconds\n{BEST},1\n", "of its own"),
        ("unseen.csv", f"arch,accuracy_test\n{BEST},1\n", "held out"),
    ],
)
def test_bad_tables_are_one_line(name: str, content: str, said: str, terminal: Terminal) -> None:
    Path(name).write_text(content)
    code, out, err = terminal("search", "--table", name, "--space", "nasbench201")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize("damage", ["truncated", "altered", "foreign"])
def test_bad_table_files_are_one_line(damage: str, terminal: Terminal, tmp_path: Path) -> None:
    import numpy as np

    from agnet.benchmarks import data_folder
    from agnet.benchmarks.store import write_table

    path = data_folder() / "hwnasbench.npz"
    write_table(path, "hwnasbench", {"values": np.random.default_rng(0).random(1000)}, "made up")
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "altered":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    else:
        write_table(path, "something else", {"values": np.zeros(1000)}, "made up")
    code, out, err = terminal("search", "--minimize", "edgegpu_latency_ms")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "hwnasbench.npz" in err


@pytest.mark.parametrize("damage", ["corrupted", "foreign"])
def test_bad_checkpoints_are_one_line(damage: str, terminal: Terminal) -> None:
    terminal("search", *QUICK, "--out", "a")
    checkpoint = Path("a/checkpoint.pt")
    if damage == "corrupted":
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    else:
        terminal("search", *QUICK, "--out", "b", "--seed", "5")
        checkpoint.write_bytes(Path("b/checkpoint.pt").read_bytes())
    rows = Path("a/history.csv").read_text()
    code, out, err = terminal("search", "--resume", "--out", "a", "--queries", "32", "--quiet")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "checkpoint" in err
    assert Path("a/history.csv").read_text() == rows


def test_runs_that_record_no_architectures_are_one_line(terminal: Terminal) -> None:
    terminal("search", *QUICK, "--out", "a")
    with contextlib.closing(sqlite3.connect("a/run.sqlite")) as database, database:
        database.execute("UPDATE queries SET arch = 'foo'")
    for command in (["compare", "a"], ["report", "a"], ["search", "--resume", "--out", "a"]):
        code, out, err = terminal(*command)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert re.search(r"run a, query \d+: got .*foo", err)


def test_bad_configurations_are_one_line_with_their_file(terminal: Terminal) -> None:
    terminal("search", *QUICK, "--out", "a")
    Path("a/config.toml").write_text("sed = 3")
    for command in (["compare", "a"], ["search", "--config", "a/config.toml"]):
        code, _, err = terminal(*command)
        assert (code, "a/config.toml: got the configuration key 'sed'" in err) == (2, True)


@pytest.mark.parametrize(
    ("more", "first", "hint"),
    [
        ([], "run", "agnet search --resume --out run"),
        (["--workers", "2"], "run", "agnet search --resume --out run"),
        (
            ["--seeds", "0:9", "--workers", "2"],
            "run/seed-0000",
            "agnet search --resume --seeds 0:9 --out run",
        ),
    ],
)
def test_ctrl_c_ends_cleanly_and_says_how_to_resume(
    more: list[str], first: str, hint: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "agnet", "search", "--strategy", "random", "--quiet"]
    command += ["--queries", "10000", "--batch", "4", "--out", "run", *more]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    history = tmp_path / first / "history.csv"
    while running.poll() is None and not (history.exists() and history.stat().st_size > 2_000):
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.strip() == f"stopped; go on with: {hint}"
