from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from agnet.benchmarks.store import read_table, read_table_once, write_table
from agnet.errors import StorageError, TableError

ARRAYS = {"values": np.arange(6.0).reshape(2, 3), "names": np.array(["a", "b"])}


def written(folder: Path) -> Path:
    return write_table(folder / "tables" / "table.npz", "toy", ARRAYS, "made up, MIT")


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    arrays, provenance = read_table(written(tmp_path), "toy")
    assert provenance == "made up, MIT"
    assert arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
    assert [at.name for at in (tmp_path / "tables").iterdir()] == ["table.npz"]


def test_a_new_version_of_a_file_is_seen(tmp_path: Path) -> None:
    assert read_table_once(tmp_path / "tables" / "table.npz", "toy") is None
    path = written(tmp_path)
    first = read_table_once(path, "toy")
    assert read_table_once(path, "toy") is first
    write_table(path, "toy", {"values": np.zeros(1)}, "made up again")
    second = read_table_once(path, "toy")
    assert second is not None
    assert second[0]["values"].tolist() == [0.0]


def test_a_full_disk_leaves_the_table_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = written(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_table(path, "toy", {"values": np.zeros(1)}, "another")
    assert read_table(path, "toy")[1] == "made up, MIT"
    assert [at.name for at in path.parent.iterdir()] == ["table.npz"]


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -1])
def test_a_truncated_table_is_refused(keep: int, tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TableError, match=r"table\.npz.*agnet import"):
        read_table(path, "toy")


def test_an_altered_table_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["values"][0, 0] = 7.0
    np.savez(path, allow_pickle=False, **arrays)
    with pytest.raises(TableError, match="checksum"):
        read_table(path, "toy")


@pytest.mark.parametrize(
    "content", [b"junk", pickle.dumps({"values": [1.0]})], ids=["text", "pickle"]
)
def test_the_message_for_a_foreign_file_never_says_how_to_run_it(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "table.npz"
    path.write_bytes(content)
    with pytest.raises(TableError, match="is no agnet table") as refused:
        read_table(path, "toy")
    assert "pickle" not in str(refused.value)


def test_a_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="'toy'.*expected 'nasbench201'"):
        read_table(written(tmp_path), "nasbench201")
