"""A run on disk: a row a query in SQLite as each result arrives, a checkpoint a round."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, final

from filelock import FileLock, Timeout

from agnet.config import SearchConfig
from agnet.errors import InvalidInput, RunLocked, StorageError
from agnet.files import read_state, replace_file, state_bytes
from agnet.stored import DAMAGED, QueryRow, read_epoch, read_row, read_test

__all__ = ["CONFIG", "RESERVED", "QueryRow", "RunStorage", "stamp"]

SCHEMA: Final = 1
CONFIG, DATABASE, CHECKPOINT, HISTORY, LOCK = (
    "config.toml",
    "run.sqlite",
    "checkpoint.pt",
    "history.csv",
    "run.lock",
)
EPOCHS: Final = (
    "CREATE TABLE IF NOT EXISTS epochs (query INTEGER NOT NULL, epoch INTEGER NOT NULL, "
    "name TEXT NOT NULL, value REAL, PRIMARY KEY (query, epoch, name))"
)
RESERVED: Final = frozenset({"query", "round", "arch", "feasible", "seconds", "failure"})
"""Columns of a run that no metric can be called."""


@final
class RunStorage:
    """Reads and writes the files of one run, or keeps it in memory if there is no folder.

    A writer holds the run's lock until :meth:`close`; a reader takes none and changes nothing.
    """

    def __init__(self, folder: Path | None, *, write: bool, columns: Sequence[str] = ()) -> None:
        """Opens a run.

        Args:
            folder: The run's folder, made by a writer if need be; None for a run in memory.
            write: Whether to add to it.
            columns: Recorded metrics; needed to make a new run, checked against an existing one.

        Raises:
            RunLocked: If another process is writing the run.
            StorageError: If the folder cannot be made, read or written.
            InvalidInput: If there is no such run, or it records other metrics.
        """
        self.folder = folder
        self._write = write
        self._lock = self._take_lock(folder) if write and folder is not None else None
        try:
            self._database = self._connect()
            try:
                self.columns = self._prepare(tuple(columns))
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            self._release()
            raise

    @property
    def has_config(self) -> bool:
        """Whether the run has begun: its configuration is there."""
        return self.folder is not None and (self.folder / CONFIG).exists()

    def record(
        self, row: QueryRow, curves: Mapping[str, Sequence[float]] = MappingProxyType({})
    ) -> None:
        """Writes one row, and what was seen on the way to it, in a transaction of its own.

        Args:
            row: What came of the query.
            curves: One number an epoch, by name.

        Raises:
            StorageError: If it cannot be written; the rows before it are intact.
        """
        marks = ", ".join("?" * (6 + len(self.columns)))
        numbers = [None if math.isnan(value) else value for value in row.values]
        fields = (row.query, row.round, row.arch, *numbers, row.feasible, row.seconds, row.failure)
        with self._writing(f"query {row.query}"):
            with self._database:
                self._database.execute(f"INSERT INTO queries VALUES ({marks})", fields)
                points = [
                    (row.query, epoch, name, None if math.isnan(value) else value)
                    for name, curve in curves.items()
                    for epoch, value in enumerate(curve, start=1)
                ]
                self._database.executemany("INSERT INTO epochs VALUES (?, ?, ?, ?)", points)
            if self.folder is not None:
                with (self.folder / HISTORY).open("a", encoding="utf-8", newline="") as file:
                    file.write(_csv(_fields(row)))

    def rows(self) -> list[QueryRow]:
        """Returns all rows in order of their numbers.

        Raises:
            StorageError: If they cannot be read, or one holds what was never written.
        """
        with self._reading():
            found = self._database.execute("SELECT * FROM queries ORDER BY query").fetchall()
        return [read_row(row, self.columns, self._named) for row in found]

    def epochs(self) -> list[tuple[int, int, str, float]]:
        """Returns query, epoch, name and number of all that was seen on the way, in order."""
        there = "SELECT 1 FROM sqlite_master WHERE name = 'epochs'"
        query = "SELECT * FROM epochs ORDER BY query, epoch, name"
        with self._reading():
            known = self._database.execute(there).fetchone() is not None
            found = self._database.execute(query).fetchall() if known else []
        return [read_epoch(row, self._named) for row in found]

    def round_size(self, round_: int, planned: int) -> int:
        """Returns how many architectures a round asks for.

        It is what was planned when the round began: a run that is resumed with a larger budget must
        not ask for more than it did before it was interrupted.

        Raises:
            StorageError: If the plan of a new round cannot be written.
        """
        with self._writing(f"round {round_}"), self._database:
            self._database.execute("INSERT OR IGNORE INTO rounds VALUES (?, ?)", (round_, planned))
            query = "SELECT size FROM rounds WHERE round = ?"
            (size,) = self._database.execute(query, (round_,)).fetchone()
        return int(size)

    def save_config(self, config: SearchConfig) -> None:
        """Writes the configuration.

        Raises:
            StorageError: If it cannot be written.
        """
        self._replace(CONFIG, config.to_toml().encode())

    def save_checkpoint(self, state: Mapping[str, Any]) -> None:
        """Replaces the checkpoint atomically.

        Raises:
            StorageError: If it cannot be written; the one before it is intact.
        """
        if self.folder is not None:
            self._replace(CHECKPOINT, state_bytes(state))

    def load_checkpoint(self) -> dict[str, Any] | None:
        """Returns the last checkpoint, or None if there is none yet.

        Raises:
            CheckpointError: If the file is corrupted.
        """
        if self.folder is None or not (self.folder / CHECKPOINT).exists():
            return None
        advice = "; delete it to resume from the recorded rows alone"
        return read_state(self.folder / CHECKPOINT, "a checkpoint", advice)

    def note_test(self, arch: str, values: Mapping[str, float]) -> None:
        """Records that held-out metrics were read, of which architecture, and what they said."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._writing("the test result"), self._database:
            self._database.execute(
                "INSERT INTO tests VALUES (?, ?, ?)", (now, arch, json.dumps(dict(values)))
            )

    def test_reading(self) -> tuple[str, dict[str, float]] | None:
        """Returns the architecture and held-out metrics that were read, or None if never."""
        with self._reading():
            found = self._database.execute("SELECT arch, metrics FROM tests").fetchone()
        return None if found is None else read_test(found[0], found[1], self._named)

    def write_history(self) -> None:
        """Writes ``history.csv`` afresh from the database, in order."""
        head = ("query", "round", "arch", *self.columns, "feasible", "seconds", "failure")
        lines = [_csv(head), *[_csv(_fields(row)) for row in self.rows()]]
        self._replace(HISTORY, "".join(lines).encode())

    def close(self) -> None:
        """Closes the database and gives up the lock."""
        self._database.close()
        self._release()

    def _take_lock(self, folder: Path) -> FileLock:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / LOCK)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RunLocked(
                f"another process is writing the run {folder}; wait for it, or choose another "
                "folder with --out"
            ) from error
        except OSError as error:
            raise StorageError(f"cannot write to the run folder {folder}: {error}") from error
        return lock

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _connect(self) -> sqlite3.Connection:
        if self.folder is None:
            return sqlite3.connect(":memory:")
        path = self.folder / DATABASE
        if not self._write and not path.exists():
            raise InvalidInput(f"{self.folder} holds no run: {DATABASE} is not there")
        mode = "rwc" if self._write else "ro"
        pending = path.with_name(f"{DATABASE}-wal").exists()
        if not self._write and not pending and not os.access(self.folder, os.W_OK):
            # To read, SQLite makes files beside a database with a write-ahead log, unless it is
            # told that nobody writes to it, as nobody can where no log is begun.
            mode += "&immutable=1"
        try:
            return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)
        except sqlite3.Error as error:
            raise StorageError(f"cannot open {path}: {error}") from error

    def _prepare(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Makes the tables of a new run, or checks those of an old one."""
        with self._reading():
            (schema,) = self._database.execute("PRAGMA user_version").fetchone()
            if schema == 0 and self._write:
                self._make_tables(columns)
            elif schema != SCHEMA:
                raise InvalidInput(
                    f"{self._named} is of run schema {schema}; expected {SCHEMA}: another version "
                    "of agnet made it, so open it with that one, or search again elsewhere"
                )
            elif self._write and not self.has_config:
                self._begin_again(columns)
            if self._write:
                self._database.execute(EPOCHS)  # a run of an earlier version has none
            names = [row[1] for row in self._database.execute("PRAGMA table_info(queries)")]
        found = tuple(names[3:-3])
        if columns and found != columns:
            raise InvalidInput(f"the run {self.folder} records {found}; expected {columns}")
        return found

    def _begin_again(self, columns: tuple[str, ...]) -> None:
        """Makes the tables anew if a run was killed before it began, but never drops rows."""
        (rows,) = self._database.execute("SELECT count(*) FROM queries").fetchone()
        if rows:
            raise InvalidInput(
                f"{self.folder} holds {rows} recorded queries but no {CONFIG}; put it back, or "
                "choose another folder"
            )
        self._make_tables(columns)

    def _make_tables(self, columns: tuple[str, ...]) -> None:
        quoted = [name.replace('"', '""') for name in columns]
        metrics = "".join(f', "{name}" REAL' for name in quoted)
        self._database.execute("PRAGMA journal_mode=WAL")
        with self._database:
            self._database.execute("BEGIN")  # all or nothing, the dropping of old ones included
            for table in ("queries", "rounds", "tests", "epochs"):
                self._database.execute(f"DROP TABLE IF EXISTS {table}")
            self._database.execute(
                "CREATE TABLE queries (query INTEGER PRIMARY KEY, round INTEGER NOT NULL, "
                f"arch TEXT NOT NULL{metrics}, feasible INTEGER NOT NULL, seconds REAL NOT NULL, "
                "failure TEXT)"
            )
            self._database.execute(
                "CREATE TABLE rounds (round INTEGER PRIMARY KEY, size INTEGER NOT NULL)"
            )
            self._database.execute(
                "CREATE TABLE tests (read_at TEXT NOT NULL, arch TEXT NOT NULL, "
                "metrics TEXT NOT NULL)"
            )
            self._database.execute(f"PRAGMA user_version = {SCHEMA}")

    def _replace(self, name: str, content: bytes) -> None:
        if self.folder is None:
            return
        with self._writing(name):
            replace_file(self.folder / name, content)

    @property
    def _named(self) -> str:
        return f"{self.folder}/{DATABASE}"

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # A locked file or a full disk is an operational error: nothing is damaged then.
            advice = "" if isinstance(error, sqlite3.OperationalError) else f". {DAMAGED}"
            raise StorageError(f"cannot read {self._named}: {error}{advice}") from error

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"cannot write {what} of the run {self.folder}: {error}; what was recorded before "
                "is intact: free the disk or make the folder writable, then --resume"
            ) from error


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Returns what differs as soon as a run has changed, without reading it.

    Names, times and sizes of what a writer writes; an empty log is also left by who only reads.
    """
    found = []
    for name in (CONFIG, DATABASE, f"{DATABASE}-wal", CHECKPOINT):
        try:
            seen = (folder / name).stat()
        except OSError:
            continue  # what is not there yet, or not any more
        if seen.st_size:
            found.append((name, seen.st_mtime_ns, seen.st_size))
    return tuple(found)


def _fields(row: QueryRow) -> list[object]:
    """A row for people: an empty field for a missing number, microseconds for the time."""
    numbers = ["" if math.isnan(value) else repr(value) for value in row.values]
    ending = (int(row.feasible), f"{row.seconds:.6f}", row.failure or "")
    return [row.query, row.round, row.arch, *numbers, *ending]


def _csv(fields: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue()
