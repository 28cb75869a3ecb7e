"""What a run's database holds, read as what it should be: whoever edits one can put in anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agnet.errors import StorageError

__all__ = ["DAMAGED", "QueryRow", "read_epoch", "read_row", "read_test"]

DAMAGED: Final = "It is damaged: put back a copy of the run's folder, or search again in another"


@dataclass(frozen=True)
class QueryRow:
    """One evaluated architecture.

    Attributes:
        query: Its number, from 1, in the order of asking.
        round: The round it belongs to; 0 for the initial architectures.
        arch: Its text.
        values: One number a recorded metric; NaN where the evaluation failed.
        feasible: Whether it was evaluated with success and keeps every limit.
        seconds: Wall-clock seconds of the evaluation.
        failure: Why the evaluation failed, or None.
    """

    query: int
    round: int
    arch: str
    values: tuple[float, ...]
    feasible: bool
    seconds: float
    failure: str | None


def read_row(fields: Sequence[Any], columns: Sequence[str], where: str) -> QueryRow:
    """Reads a row of the table of queries.

    Args:
        fields: As the database has them.
        columns: Names of the metrics.
        where: The database, for the message.

    Raises:
        StorageError: If a field is of another type; the message says which, of which query.
    """
    query, round_, arch, *values, feasible, seconds, failure = fields
    said = f"{where}, query {query}"
    numbers = [_number(value, name, said) for name, value in zip(columns, values, strict=True)]
    for name, value, kind in (("round", round_, int), ("feasible", feasible, int)):
        _check(isinstance(value, kind), name, value, "a whole number", said)
    _check(isinstance(arch, str), "arch", arch, "a text", said)
    _check(failure is None or isinstance(failure, str), "failure", failure, "a text", said)
    took = _number(seconds, "seconds", said)
    return QueryRow(query, round_, arch, tuple(numbers), bool(feasible), took, failure)


def read_epoch(fields: Sequence[Any], where: str) -> tuple[int, int, str, float]:
    """Reads a row of the table of epochs: query, epoch, name and number.

    Raises:
        StorageError: If a field is of another type.
    """
    query, epoch, name, value = fields
    said = f"{where}, query {query}, epoch {epoch}"
    for what, number in (("query", query), ("epoch", epoch)):
        _check(isinstance(number, int), what, number, "a whole number", said)
    return query, epoch, str(name), _number(value, str(name), said)


def read_test(arch: Any, text: Any, where: str) -> tuple[str, dict[str, float]]:
    """Reads the architecture that was tested, and what was read of it.

    Raises:
        StorageError: If they are none.
    """
    said = f"{where}, the test result"
    _check(isinstance(arch, str), "arch", arch, "a text", said)
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        found = None
    _check(isinstance(found, Mapping), "metrics", text, "a JSON object of numbers", said)
    return arch, {str(name): _number(value, name, said) for name, value in found.items()}


def _number(value: Any, name: str, said: str) -> float:
    """A number of the database, which has nothing in place of NaN."""
    _check(value is None or isinstance(value, (int, float)), name, value, "a number", said)
    return math.nan if value is None else float(value)


def _check(holds: bool, name: str, value: Any, expected: str, said: str) -> None:
    if not holds:
        raise StorageError(f"{said} has {name} = {value!r}; expected {expected}. {DAMAGED}")
