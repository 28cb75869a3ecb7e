from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import Terminal, terminal
from tests.report.runs import searched, two

__all__ = ["terminal"]  # a fixture


def test_a_page_is_written(terminal: Terminal) -> None:
    searched(Path("<script>"))
    code, out, _ = terminal("report", "<script>")
    assert code == 0
    text = Path("<script>/report.html").read_text()
    assert "wrote <script>/report.html" in out
    assert text.count("<h1>Architecture search</h1>") == 1
    assert "&lt;script&gt;" in text
    assert len(text) < 6_000_000


def test_sweeps_and_runs_are_shown_together(terminal: Terminal) -> None:
    for seed in range(2):
        searched(Path(f"sweep/seed-{seed:04d}"), seed)
    searched(Path("alone"), 7)
    code, _, _ = terminal("report", "sweep", "alone", "--out", "new/page.html", "--title", "A & B")
    assert code == 0
    assert "<title>A &amp; B</title>" in Path("new/page.html").read_text()


def test_names_are_where_folders_differ(terminal: Terminal) -> None:
    for name in ("runs/here/a", "runs/here/b"):
        searched(Path(name))
    assert terminal("report", "runs/here/a", str(Path("runs/here/b").resolve()))[0] == 0
    text = Path("runs/here/a/report.html").read_text()
    assert '<th scope="row">a</th>' in text and '<th scope="row">b</th>' in text
    terminal("report", "runs/here/a")
    assert '<th scope="row">runs/here/a</th>' in Path("runs/here/a/report.html").read_text()


def test_a_map_by_umap_needs_the_package(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(Path("one"))
    monkeypatch.setitem(sys.modules, "umap", None)
    code, _, err = terminal("report", "one", "--umap")
    assert (code, "agnet[notebooks]" in err, len(err.splitlines())) == (2, True, 1)


def test_bad_input_is_one_line(terminal: Terminal) -> None:
    searched(Path("one"))
    two(out=Path("two"))
    Path("file").write_text("")
    for wrong, message in (
        (["nowhere"], "holds no run"),
        (["one", "two"], "differ in their objectives"),
        (["one", "--out", "file/page.html"], "cannot write"),
        (["one", "--watch", "--out", "a.html"], "is not written"),
    ):
        code, _, err = terminal("report", *wrong)
        assert (code, message in err, len(err.splitlines())) == (2, True, 1)


def test_a_port_that_cannot_be_had(terminal: Terminal) -> None:
    searched(Path("one"))
    code, _, err = terminal("ui", "one", "--port", "70000")
    assert (code, "use another --port" in err) == (2, True)


@pytest.mark.parametrize("strategy", ["random", "evolution"])
def test_a_run_that_was_stopped_at_once_is_no_trouble(strategy: str, terminal: Terminal) -> None:
    searched(Path("one"), strategy=strategy, queries=1, init=1)
    assert terminal("report", "one")[0] == 0
