"""Notebooks are scripts, and beside them what these showed; ``make notebooks`` writes both."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "experiments" / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.stem))
def test_a_notebook_is_its_script_and_was_executed(script: Path) -> None:
    written = jupytext.read(script)
    executed = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    cells = [[(cell.cell_type, cell.source) for cell in one.cells] for one in (written, executed)]
    assert cells[0] == cells[1], "they differ: make notebooks"
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]


def test_there_are_no_others() -> None:
    assert len(SCRIPTS) == 6
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {path.stem for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.stem))
def test_what_is_kept_is_small_and_names_no_machine(script: Path) -> None:
    text = script.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(text) < 400_000
    assert not [
        place
        for place in ("/home/", "/root/", "/tmp/", ".venv", str(FOLDER.parent.parent))
        if place in text
    ]
