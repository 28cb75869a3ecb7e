from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path

import pytest
import torch

from agnet.errors import CheckpointError
from agnet.files import read_state, replace_file, state_bytes


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    replace_file(path, state_bytes({"tensor": torch.arange(3), "deep": {"big": 2**100}}))
    state = read_state(path, "a state")
    assert torch.equal(state["tensor"], torch.arange(3))
    assert state["deep"] == {"big": 2**100}
    assert [at.name for at in tmp_path.iterdir()] == ["state.pt"]


def test_what_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.pt"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [at.name for at in tmp_path.iterdir()] == ["state.pt"]


class Harm:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("exit 1",))


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 truncated", None, [1]], ids=repr)
def test_what_holds_no_state_is_refused(content: bytes | list[int] | None, tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(Harm() if content is None else content, path)
    with pytest.raises(CheckpointError, match=r"(cannot be read as|not) a state"):
        read_state(path, "a state", "; make it again")


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_said_of_a_foreign_pickle_but_that_it_is_none(
    protocol: int, tmp_path: Path
) -> None:
    """Torch's reader warns, and says how to run the code in it."""
    path = tmp_path / "state.pt"
    path.write_bytes(pickle.dumps({"call": os.system}, protocol=protocol))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(CheckpointError, match="damaged, or holds more") as refused:
            read_state(path, "a state")
    assert not warned
    assert "weights_only" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.pt.*; make it again"):
        read_state(tmp_path / "nowhere.pt", "a state", "; make it again")
