"""Every evaluation of a transfer, written as it arrives."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TextIO, final

from agnet.errors import CheckpointError, StorageError

__all__ = ["Evaluated", "Journal"]

KIND: Final = "agnet evaluations"


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
    """A file of lines, one an evaluation; those that are there are not evaluated again.

    The first line says what numbers of untouched weights depend on. Those of adapted weights depend
    on more, which is for their checkpoint to say.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, writes: bool = True) -> None:
        """Reads what is there. A last line that was cut off in the middle is left out.

        Args:
            path: The file.
            identity: What the numbers depend on, and which they are: plain values.
            writes: Whether this process writes it: of several one does.

        Raises:
            CheckpointError: If the file is of something else, or another line cannot be read.
            StorageError: If the file cannot be read or written.
        """
        self._path, self._values = path, dict[tuple[int, str], tuple[float, ...]]()
        self._file: TextIO | None = None
        try:
            whole = self._whole()
            first, *others = whole.splitlines() or [""]
            head = json.dumps({"kind": KIND, **identity})
            if whole:
                _check(first, head, path)
            for number, line in enumerate(others, 2):
                self._note(_read(line, path, number))
            if writes:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8")
                self._file.truncate(len(whole.encode()))
                if not whole:
                    self._write(head)
        except OSError as error:
            raise StorageError(f"cannot keep evaluations in {path}: {error}") from error

    def __len__(self) -> int:
        return len(self._values)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def adapted(self) -> bool:
        """Whether there is anything of weights that had been adapted."""
        return any(version for version, _ in self._values)

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
            self._write(json.dumps(asdict(one)))
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}: {error}; what was written before is intact"
            ) from error
        self._note(one)

    def _write(self, line: str) -> None:
        if self._file is not None:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def _whole(self) -> str:
        """What is there, up to the last line that has an end."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        return text[: text.rfind("\n") + 1]

    def _note(self, one: Evaluated) -> None:
        self._values[one.version, one.arch] = one.values


def _check(first: str, head: str, path: Path) -> None:
    """Raises an error that names what differs, unless a first line is as it should be."""
    if first == head:
        return
    try:
        there, here = json.loads(first), json.loads(head)
        differing = [name for name in here if there.get(name) != here[name]]
    except (ValueError, AttributeError):
        differing = ["kind"]
    if "kind" in differing:
        raise CheckpointError(f"{path} does not begin as a file of evaluations; choose another one")
    raise CheckpointError(
        f"{path} has evaluations of something else (other {', '.join(differing)}); use what they "
        "were made with, or choose another folder"
    )


def _read(line: str, path: Path, number: int) -> Evaluated:
    try:
        row = json.loads(line)
        return Evaluated(int(row["version"]), str(row["arch"]), tuple(map(float, row["values"])))
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"line {number} of {path} is no evaluation ({error}); it was changed by something else"
        ) from error
