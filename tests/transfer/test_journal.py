from __future__ import annotations

from pathlib import Path

import pytest

from agnet.errors import CheckpointError
from agnet.transfer.journal import Journal


def test_what_was_written_is_known_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "file") as journal:
        journal.add(0, "a", [1.5, float("nan")])
        journal.add(1, "a", [2.0, 3.0])
    with Journal(tmp_path / "new" / "file") as journal:
        assert len(journal) == 2
        assert journal.get(1, "a") == (2.0, 3.0)
        assert str(journal.get(0, "a")) == "(1.5, nan)"
        assert journal.get(1, "b") is None


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_that_was_cut_off_is_left_out(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Journal(path) as journal:
        journal.add(0, "a", [1.0])
        journal.add(0, "b", [2.0])
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path) as journal:
        assert (journal.get(0, "a"), journal.get(0, "b")) == ((1.0,), None)
        journal.add(0, "b", [2.0])
    with Journal(path) as journal:
        assert journal.get(0, "b") == (2.0,)


def test_a_line_of_something_else_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"version": 0}\n')
    with pytest.raises(CheckpointError, match="line 1"):
        Journal(tmp_path / "file")


def test_of_several_processes_one_writes(tmp_path: Path) -> None:
    with Journal(tmp_path / "file", writes=False) as journal:
        journal.add(0, "a", [1.0])
        assert journal.get(0, "a") == (1.0,)
    assert not (tmp_path / "file").exists()
