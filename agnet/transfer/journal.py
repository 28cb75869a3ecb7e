"""Every evaluation of a transfer, written as it arrives."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO, final

from agnet.errors import CheckpointError, StorageError

__all__ = ["Evaluated", "Journal"]


@final
@dataclass(frozen=True)
class Evaluated:
    """One network, evaluated with the weights of one version.

    Attributes:
        version: How often the super-network had been adapted.
        arch: The network.
        values: One number a metric.
    """

    version: int
    arch: str
    values: tuple[float, ...]


@final
class Journal:
    """A file of lines, one an evaluation; those that are there are not evaluated again."""

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        """Reads what is there. A last line that was cut off in the middle is left out.

        Args:
            path: The file.
            writes: Whether this process writes it: of several one does.

        Raises:
            CheckpointError: If another line cannot be read.
            StorageError: If the file cannot be read or written.
        """
        self._path, self._values = path, dict[tuple[int, str], tuple[float, ...]]()
        self._file: TextIO | None = None
        try:
            whole = self._whole()
            for number, line in enumerate(whole.splitlines(), 1):
                self._note(_read(line, path, number))
            if writes:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8")
                self._file.truncate(len(whole.encode()))
        except OSError as error:
            raise StorageError(f"cannot keep evaluations in {path}: {error}") from error

    def __len__(self) -> int:
        return len(self._values)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def get(self, version: int, arch: str) -> tuple[float, ...] | None:
        """Returns what was found of a network, if it was evaluated at that version."""
        return self._values.get((version, arch))

    def add(self, version: int, arch: str, values: Sequence[float]) -> None:
        """Writes one evaluation.

        Raises:
            StorageError: If it cannot be written.
        """
        one = Evaluated(version, arch, tuple(values))
        try:
            if self._file is not None:
                self._file.write(json.dumps(asdict(one)) + "\n")
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}: {error}; what was written before is intact"
            ) from error
        self._note(one)

    def _whole(self) -> str:
        """What is there, up to the last line that has an end."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        return text[: text.rfind("\n") + 1]

    def _note(self, one: Evaluated) -> None:
        self._values[one.version, one.arch] = one.values


def _read(line: str, path: Path, number: int) -> Evaluated:
    try:
        row = json.loads(line)
        return Evaluated(int(row["version"]), str(row["arch"]), tuple(map(float, row["values"])))
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"line {number} of {path} is no evaluation ({error}); it was changed by something else"
        ) from error
