"""The configuration of a search: everything needed to run it again, as TOML."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import tomli_w

from agnet.checks import folder_of, whole
from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective, check_together

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["SearchConfig", "without_none"]


@dataclass(frozen=True)
class SearchConfig:
    """What a search does, apart from where it runs and how many workers it has.

    Attributes:
        benchmark: Settings of the benchmark, as ``open_benchmark`` takes them.
        strategy: Name of the strategy.
        options: Settings of the strategy that differ from its defaults.
        objectives: Such as ``maximize val_accuracy``.
        limits: Such as ``edgegpu_latency_ms<=5``.
        reference: With several objectives, the point that hypervolume is measured from: a number
            an objective, in its unit. By default the worst of the initial architectures.
        queries: Budget: architectures evaluated, initial ones included.
        init: Random initial architectures, the same for every strategy of a seed; by default as
            many as the strategy usually begins with, and at most the budget.
        batch: Architectures asked for at a time.
        seed: Seed of the run.
        warm_start: Folder of an earlier run over the same space, of something cheaper, that the
            search begins with; none if empty.
        asynchronous: Whether no worker waits for others: as soon as one of its architectures has
            been evaluated, the next is asked for, whatever ``batch`` says. The history depends on
            timing then; one that was resumed lacks nothing and repeats nothing, but does not equal
            an unbroken one.
    """

    benchmark: Mapping[str, Any] = field(default_factory=lambda: {"name": "nasbench201"})
    strategy: str = "agnet"
    options: Mapping[str, Any] = field(default_factory=dict)
    objectives: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    reference: tuple[float, ...] = ()
    queries: int = 192
    init: int | None = None
    batch: int = 2
    seed: int = 0
    warm_start: str = ""
    asynchronous: bool = False

    def __post_init__(self) -> None:
        """Checks everything that can be checked without the benchmark, and makes it plain.

        Objectives and limits may be given as values; they become texts. Lists and arrays become
        tuples, NumPy's numbers Python's, and a run to begin with its folder.

        Raises:
            InvalidInput: If something is of another type or cannot be used.
        """
        self._set("strategy", _name(self.strategy))
        self._set("warm_start", _folder(self.warm_start))
        self._set("objectives", _texts("objectives", self.objectives, Objective))
        self._set("limits", _texts("limits", self.limits, Limit))
        self._set("reference", _listed("reference", self.reference, "numbers"))
        for name in ("benchmark", "options"):
            if not isinstance(getattr(self, name), Mapping):
                raise InvalidInput(f"got {name} = {getattr(self, name)!r}; expected a table")
        if not isinstance(self.asynchronous, bool):
            raise InvalidInput(f"got asynchronous = {self.asynchronous!r}; expected true or false")
        self._check_numbers()
        check_together(self.parsed_limits())
        if len({objective.metric for objective in self.parsed_objectives()}) < len(self.objectives):
            raise InvalidInput(f"got the objectives {list(self.objectives)}; each metric once")
        self._check_reference()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # a frozen one is plain from the beginning

    def _check_numbers(self) -> None:
        for name in ("queries", "init", "batch", "seed"):
            value, least = getattr(self, name), 0 if name in ("seed", "init") else 1
            if value is not None or name != "init":
                self._set(name, whole(name, value, least))
        if self.init is not None and self.init > self.queries:
            raise InvalidInput(
                f"got {self.init} initial architectures and {self.queries} queries; the initial "
                "ones count, so init must be at most queries"
            )

    def _check_reference(self) -> None:
        if self.reference and not self.objectives:
            raise InvalidInput(
                f"got the reference {list(self.reference)} and no objectives; name those that it "
                "is of, as in 'maximize val_accuracy' and 'minimize params_m'"
            )
        if self.reference and (
            len(self.reference) != len(self.objectives)
            or not all(_is_number(value) for value in self.reference)
        ):
            raise InvalidInput(
                f"got the reference {list(self.reference)} for {len(self.objectives)} objectives; "
                "expected a finite number for each"
            )

    def parsed_objectives(self) -> tuple[Objective, ...]:
        """Returns the objectives as values."""
        return tuple(_objective(text) for text in self.objectives)

    def parsed_limits(self) -> tuple[Limit, ...]:
        """Returns the limits as values."""
        return tuple(Limit.parse(text) for text in self.limits)

    def to_toml(self) -> str:
        """Writes the configuration."""
        return tomli_w.dumps(without_none(asdict(self)))

    @classmethod
    def from_toml(cls, text: str) -> SearchConfig:
        """Reads a configuration; what is not said keeps its default.

        Raises:
            InvalidInput: If the text is no TOML or has an unknown key or a wrong type.
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"the configuration is not valid TOML: {error}") from error
        return cls.from_table(table)

    @classmethod
    def from_file(cls, path: Path) -> SearchConfig:
        """Reads a configuration from a file; what is wrong with it is said with its path.

        Raises:
            InvalidInput: As :meth:`from_toml`.
            OSError: If the file cannot be read.
            UnicodeDecodeError: If it is no text.
        """
        text = path.read_text(encoding="utf-8")
        try:
            return cls.from_toml(text)
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from error

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> SearchConfig:
        """Makes a configuration of plain values.

        Raises:
            InvalidInput: If there is an unknown key or a wrong type.
        """
        known = {item.name: item for item in fields(cls)}
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise InvalidInput(
                f"got the configuration key {unknown[0]!r}; expected one of {', '.join(known)}"
            )
        return cls(**table)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"got strategy = {value!r}; expected a name")
    return value


def _folder(value: Any) -> str:
    """The text of a folder, or of what has one: a run."""
    return str(folder_of("warm_start", value)) if value != "" else ""


def _listed(name: str, value: Any, of: str) -> tuple[Any, ...]:
    """A list, tuple or array as a tuple of plain values."""
    found = value.tolist() if hasattr(value, "tolist") else value  # an array is a list
    if not isinstance(found, (list, tuple)):
        raise InvalidInput(f"got {name} = {value!r}; expected a list of {of}")
    return tuple(item.item() if hasattr(item, "item") else item for item in found)


def _texts(name: str, value: Any, kind: type) -> tuple[str, ...]:
    found = _listed(name, value, "texts")
    if not all(isinstance(item, (str, kind)) for item in found):
        raise InvalidInput(f"got {name} = {value!r}; expected a list of texts, or {kind.__name__}s")
    return tuple(map(str, found))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


def _objective(text: str) -> Objective:
    direction, _, metric = text.partition(" ")
    if direction not in ("maximize", "minimize") or not metric:
        raise InvalidInput(
            f"got the objective {text!r}; expected 'maximize METRIC' or 'minimize METRIC'"
        )
    return Objective(metric, direction)  # type: ignore[arg-type]  # one of the two literals


def without_none(value: Any) -> Any:
    """Returns plain values as TOML can hold them: it has no null, so what is None is left out."""
    if isinstance(value, Mapping):
        table = cast("Mapping[str, Any]", value)
        return {key: without_none(item) for key, item in table.items() if item is not None}
    return list(value) if isinstance(value, tuple) else value
