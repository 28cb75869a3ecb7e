"""``agnet pretrain`` and ``agnet generate`` as a user meets them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agnet.cli import main
from agnet.cli.generator import SHIPPED
from agnet.generators import load_pretrained
from agnet.spaces import NASBench201, open_space

CELL = "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Terminal:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["agnet", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said.out, said.err

    return run


def test_help_names_both(terminal: Terminal) -> None:
    out = terminal("--help")[1]
    assert "pretrain" in out
    assert "generate" in out


def test_help_lists_the_generators_that_ship() -> None:
    assert SHIPPED.split(", ") == sorted(
        ["darts", "elastic-tiny", "nasbench101", "nasbench101-5v", "nasbench201", "ofa_mbv3"]
    )
    assert all(load_pretrained(open_space(name)) for name in SHIPPED.split(", "))


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "darts", "ofa_mbv3"])
def test_what_is_printed_are_architectures(terminal: Terminal, name: str) -> None:
    code, out, _ = terminal("generate", "--space", name, "-n", "5", "--seed", "3")
    assert code == 0
    assert len(out.splitlines()) == 5
    for line in out.splitlines():
        assert str(open_space(name).parse(line)) == line
    assert terminal("generate", "--space", name, "-n", "5", "--seed", "3")[1] == out
    assert terminal("generate", "--space", name, "-n", "5", "--seed", "4")[1] != out


def test_draws_around_an_architecture_are_near_it(terminal: Terminal) -> None:
    space = NASBench201()
    arguments = ["generate", "--space", "nasbench201", "-n", "40", "--around", CELL]
    distances = []
    for radius in ("0", "4", "12"):
        lines = terminal(*arguments, "--radius", radius, "--temperature", "0")[1].splitlines()
        archs = [space.parse(line) for line in lines]
        distances.append(space.edit_distance(archs, [space.parse(CELL)] * 40).mean())
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[2] > 1
    by_default = terminal(*arguments)[1].splitlines()
    assert 2 <= len(set(by_default)) < 40


def test_a_generator_of_one_s_own(terminal: Terminal) -> None:
    code, out, _ = terminal(
        *("pretrain", "--space", "nasbench201", "--out", "own.pt", "--updates", "5", "--quiet")
    )
    assert code == 0
    assert "wrote own.pt" in out
    assert "% of 2000 architectures" in out
    code, out, _ = terminal("generate", "--space", "nasbench201", "--checkpoint", "own.pt")
    assert code == 0
    assert len(out.splitlines()) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--space", "no"], "search space 'no'"),
        (["generate", "--space", "darts", "-n", "-1"], "-n -1"),
        (["generate", "--space", "darts", "--radius", "1"], "--around"),
        (["generate", "--space", "darts", "--around", "x"], "x"),
        (["generate", "--space", "nasbench201", "--around", CELL, "--radius", "-1"], "radius"),
        (["generate", "--space", "darts", "--seed", "-1"], "seed -1"),
        (["generate", "--space", "darts", "--temperature", "-1"], "temperature"),
        (["generate", "--space", "darts", "--checkpoint", "no.pt"], "no.pt"),
        (["generate", "--space", "darts", "--checkpoint", "bad.pt"], "bad.pt"),
        (["generate", "--space", "darts", "--checkpoint", "empty.pt"], "empty.pt"),
        (["pretrain", "--space", "no", "--out", "x.pt"], "search space 'no'"),
        (["pretrain", "--space", "darts", "--out", "no/x.pt"], "no/x.pt"),
        (["pretrain", "--space", "darts", "--out", "."], "expected a file"),
        (["pretrain", "--space", "darts", "--out", "x.pt", "--updates", "0"], "--updates 0"),
        (["pretrain", "--space", "darts", "--out", "x.pt", "--seed", "-1"], "seed -1"),
        (["pretrain", "--space", "darts"], "--out"),
    ],
)
def test_bad_input_is_one_line(terminal: Terminal, arguments: list[str], message: str) -> None:
    Path("bad.pt").write_bytes(b"not a checkpoint")
    Path("empty.pt").write_bytes(b"")
    code, out, err = terminal(*arguments)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err
