from __future__ import annotations

import contextlib
import csv
import math
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from agnet.config import SearchConfig
from agnet.errors import CheckpointError, InvalidInput, RunLocked, StorageError
from agnet.storage import QueryRow, RunStorage

COLUMNS = ("val_accuracy", "params_m")


def row(query: int, **changes: object) -> QueryRow:
    fields = {
        "query": query,
        "round": 0,
        "arch": 'a,"b"\nc',
        "values": (0.1 + 0.2, math.nan),
        "feasible": True,
        "seconds": 0.25,
        "failure": None,
    }
    return QueryRow(**{**fields, **changes})  # type: ignore[arg-type]


def fill(folder: Path | None, n: int = 3) -> RunStorage:
    storage = RunStorage(folder, write=True, columns=COLUMNS)
    storage.save_config(SearchConfig())
    storage.write_history()
    for query in range(1, n + 1):
        storage.record(row(query))
    return storage


@pytest.mark.parametrize("on_disk", [True, False])
def test_rows_come_back_bit_for_bit(on_disk: bool, tmp_path: Path) -> None:
    storage = fill(tmp_path / "run" if on_disk else None)
    storage.record(row(4, failure="died", feasible=False))
    found = storage.rows()
    assert [item.query for item in found] == [1, 2, 3, 4]
    assert found[0].values[0] == 0.1 + 0.2
    assert math.isnan(found[0].values[1])
    assert found[0].arch == row(1).arch
    assert (found[3].failure, found[3].feasible) == ("died", False)
    storage.close()


def test_history_is_the_same_rows_for_people(tmp_path: Path) -> None:
    storage = fill(tmp_path)
    appended = (tmp_path / "history.csv").read_bytes()
    storage.write_history()
    assert (tmp_path / "history.csv").read_bytes() == appended
    storage.close()
    with (tmp_path / "history.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == [
        "query",
        "round",
        "arch",
        "val_accuracy",
        "params_m",
        "feasible",
        "seconds",
        "failure",
    ]
    assert table[1]["arch"] == row(1).arch
    assert float(table[1]["val_accuracy"]) == 0.1 + 0.2
    assert table[1]["params_m"] == ""


def test_a_reader_sees_a_run_that_is_being_written(tmp_path: Path) -> None:
    storage = fill(tmp_path)
    reader = RunStorage(tmp_path, write=False)
    assert reader.rows()[0].query == 1
    assert reader.columns == COLUMNS
    reader.close()
    storage.close()


def test_a_run_in_a_read_only_folder_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the folder only says that it is read-only."""
    storage = fill(tmp_path)
    rows = storage.rows()
    storage.close()
    there = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    reader = RunStorage(tmp_path, write=False)
    assert [repr(row) for row in reader.rows()] == [repr(row) for row in rows]
    assert sorted(tmp_path.iterdir()) == there  # nothing was made to read it
    reader.close()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    storage = fill(tmp_path)
    code = f"""
from pathlib import Path
from agnet.storage import RunStorage
from agnet.errors import RunLocked
try:
    RunStorage(Path({str(tmp_path)!r}), write=True)
except RunLocked as error:
    print("locked:", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "locked: another process is writing the run" in done.stdout
    with pytest.raises(RunLocked):
        RunStorage(tmp_path, write=True)
    storage.close()
    RunStorage(tmp_path, write=True).close()


def test_a_run_killed_before_it_began_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    RunStorage(tmp_path, write=True, columns=("other",)).close()
    fill(tmp_path).close()


@pytest.mark.parametrize("after", range(12))
def test_a_run_killed_while_it_begins_again_can_begin_again(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunStorage(tmp_path, write=True, columns=["a"]).close()  # killed before its configuration

    class Killed(sqlite3.Connection):
        left = after

        def execute(self, *args: Any) -> sqlite3.Cursor:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            return super().execute(*args)

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return original(*args, **kwargs, factory=Killed)

    original = sqlite3.connect
    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr("agnet.storage.sqlite3.connect", connect)
        RunStorage(tmp_path, write=True, columns=["a"]).close()
    storage = RunStorage(tmp_path, write=True, columns=["a", "b"])
    assert storage.columns == ("a", "b")
    assert storage.rows() == []
    storage.close()


def test_rows_without_their_configuration_are_never_dropped(tmp_path: Path) -> None:
    fill(tmp_path).close()
    (tmp_path / "config.toml").rename(tmp_path / "elsewhere.toml")
    with pytest.raises(InvalidInput, match="3 recorded queries but no config.toml"):
        RunStorage(tmp_path, write=True, columns=COLUMNS)
    (tmp_path / "elsewhere.toml").rename(tmp_path / "config.toml")
    storage = RunStorage(tmp_path, write=True, columns=COLUMNS)
    assert len(storage.rows()) == 3
    storage.close()


def test_a_damaged_database_is_a_typed_error(tmp_path: Path) -> None:
    fill(tmp_path, 200).close()
    path = tmp_path / "run.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    with pytest.raises(StorageError, match="cannot read .*It is damaged: put back a copy"):
        RunStorage(tmp_path, write=False).rows()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="cannot read .*It is damaged: put back a copy"):
        RunStorage(tmp_path, write=False)


def test_the_size_of_a_round_is_what_was_planned_first(tmp_path: Path) -> None:
    storage = fill(tmp_path)
    assert storage.round_size(3, 4) == 4
    assert storage.round_size(3, 7) == 4
    assert storage.round_size(4, 7) == 7
    storage.close()


def test_other_columns_are_refused(tmp_path: Path) -> None:
    fill(tmp_path).close()
    with pytest.raises(InvalidInput, match="records"):
        RunStorage(tmp_path, write=True, columns=("other",))


def test_metrics_of_any_name_can_be_recorded(tmp_path: Path) -> None:
    columns = ('a "quoted", name', "select")
    storage = RunStorage(tmp_path, write=True, columns=columns)
    storage.save_config(SearchConfig())
    storage.record(row(1))
    assert storage.columns == columns
    assert len(storage.rows()) == 1
    storage.close()


def test_no_run_no_reader(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no run"):
        RunStorage(tmp_path, write=False)


@pytest.mark.parametrize("content", [b"", b"junk", b"nonsense", b"PK\x03\x04 truncated"])
def test_a_corrupted_checkpoint_is_a_typed_error(content: bytes, tmp_path: Path) -> None:
    storage = fill(tmp_path)
    assert storage.load_checkpoint() is None
    storage.save_checkpoint({"tensor": torch.arange(3), "big": 2**127})
    state = storage.load_checkpoint()
    assert state is not None
    assert state["big"] == 2**127
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        storage.load_checkpoint()
    storage.close()


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (os.system, (f"touch {tmp_path}/ran",))

    storage = fill(tmp_path)
    torch.save({"state": Evil()}, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError):
        storage.load_checkpoint()
    assert not (tmp_path / "ran").exists()
    storage.close()


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to the run folder"):
        RunStorage(tmp_path / "file" / "run", write=True, columns=COLUMNS)


FULL_DISK = """
import resource
from pathlib import Path
from agnet.errors import StorageError
from tests.test_storage import fill, row
storage = fill(Path({folder!r}), 5)
resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))  # files can grow no further
try:
    for query in range(6, 10_000):
        storage.record(row(query))
except StorageError as error:
    print(query, error)
"""


def test_a_full_disk_leaves_the_rows_before_intact(tmp_path: Path) -> None:
    code = FULL_DISK.format(folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    query, _, message = done.stdout.strip().partition(" ")
    assert "is intact" in message
    storage = RunStorage(tmp_path, write=True, columns=COLUMNS)
    kept = [item.query for item in storage.rows()]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= int(query) - 1 >= 5
    storage.write_history()
    storage.close()


def test_what_was_seen_on_the_way_is_kept_with_its_row(tmp_path: Path) -> None:
    storage = RunStorage(tmp_path / "run", write=True, columns=COLUMNS)
    storage.record(row(1), {"loss": (2.0, math.nan), "val_accuracy": (10.0, 20.0)})
    storage.record(row(2))
    expected = [(1, 1, "loss", 2.0), (1, 1, "val_accuracy", 10.0), (1, 2, "val_accuracy", 20.0)]
    storage.close()
    found = RunStorage(tmp_path / "run", write=False).epochs()
    assert [one for one in found if not math.isnan(one[3])] == expected
    assert [one[:3] for one in found if math.isnan(one[3])] == [(1, 2, "loss")]


def test_a_run_of_an_earlier_version_has_no_epochs_and_goes_on(tmp_path: Path) -> None:
    storage = RunStorage(tmp_path / "run", write=True, columns=COLUMNS)
    storage.save_config(SearchConfig())
    storage.record(row(1))
    storage.close()
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        database.execute("DROP TABLE epochs")
    database.close()
    assert RunStorage(tmp_path / "run", write=False).epochs() == []
    storage = RunStorage(tmp_path / "run", write=True, columns=COLUMNS)
    storage.record(row(2), {"loss": (1.0,)})
    assert storage.epochs() == [(2, 1, "loss", 1.0)]
    assert len(storage.rows()) == 2
    storage.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE queries SET val_accuracy = 'high' WHERE query = 2", "query 2 has val_accuracy"),
        ("UPDATE queries SET seconds = 'long' WHERE query = 2", "query 2 has seconds = 'long'"),
        ("UPDATE queries SET arch = x'00' WHERE query = 2", "query 2 has arch"),
        ("UPDATE queries SET round = 'a' WHERE query = 2", "query 2 has round = 'a'"),
        ("INSERT INTO tests VALUES ('now', 'a', '{')", "test result has metrics = '{'"),
        ("INSERT INTO tests VALUES ('now', 'a', '[1]')", "test result has metrics"),
        ("INSERT INTO tests VALUES ('now', 'a', '{\"x\": \"y\"}')", "test result has x = 'y'"),
        ("INSERT INTO epochs VALUES (1, 1, 'loss', 'low')", "query 1, epoch 1 has loss"),
    ],
)
def test_what_was_never_written_is_a_typed_error(change: str, said: str, tmp_path: Path) -> None:
    fill(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
        database.execute(change)
    storage = RunStorage(tmp_path, write=False)
    with pytest.raises(
        StorageError, match=rf"run.sqlite, (the )?{re.escape(said)}.*put back a copy"
    ):
        _ = storage.rows(), storage.epochs(), storage.test_reading()
    storage.close()


def test_a_run_of_another_schema_says_what_to_do(tmp_path: Path) -> None:
    fill(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(InvalidInput, match="run schema 2; expected 1: another version"):
        RunStorage(tmp_path, write=False)
