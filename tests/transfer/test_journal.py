from __future__ import annotations

from pathlib import Path

import pytest

from agnet.errors import CheckpointError
from agnet.transfer.journal import Journal

OF = {"weights": "some", "metrics": ["val_accuracy", "params_m"]}


def test_what_was_written_is_known_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "file", OF) as journal:
        journal.add(0, "a", [1.5, float("nan")])
        journal.add(1, "a", [2.0, 3.0])
    with Journal(tmp_path / "new" / "file", OF) as journal:
        assert len(journal) == 2
        assert journal.get(1, "a") == (2.0, 3.0)
        assert str(journal.get(0, "a")) == "(1.5, nan)"
        assert journal.get(1, "b") is None


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_that_was_cut_off_is_left_out(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Journal(path, OF) as journal:
        journal.add(0, "a", [1.0])
        journal.add(0, "b", [2.0])
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, OF) as journal:
        assert (journal.get(0, "a"), journal.get(0, "b")) == ((1.0,), None)
        journal.add(0, "b", [2.0])
    with Journal(path, OF) as journal:
        assert journal.get(0, "b") == (2.0,)


def test_a_line_of_something_else_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"version": 0}\n')
    with pytest.raises(CheckpointError, match="does not begin"):
        Journal(path, OF)
    path.unlink()
    with Journal(path, OF):
        pass
    path.write_text(path.read_text() + '{"version": 0}\n')
    with pytest.raises(CheckpointError, match="line 2"):
        Journal(path, OF)


def test_numbers_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Journal(path, OF) as journal:
        journal.add(0, "a", [1.0])
    for other in ({**OF, "weights": "other"}, {**OF, "metrics": ["params_m", "val_accuracy"]}):
        with pytest.raises(CheckpointError, match=r"\(other (weights|metrics)\)"):
            Journal(path, other)
    with Journal(path, OF) as journal:
        assert not journal.adapted
        journal.add(1, "a", [1.0])
        assert journal.adapted


def test_of_several_processes_one_writes(tmp_path: Path) -> None:
    with Journal(tmp_path / "file", OF, writes=False) as journal:
        journal.add(0, "a", [1.0])
        assert journal.get(0, "a") == (1.0,)
    assert not (tmp_path / "file").exists()
