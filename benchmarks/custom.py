"""Bring your own table: architectures and their numbers in a CSV file or a data frame."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.errors import InvalidArchitecture, InvalidInput, StorageError, TableError
from agnet.objectives import Direction, Metric, Objective
from agnet.spaces import Architecture, Architectures, SearchSpace, Subset
from agnet.spaces.key_index import KeyIndex

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableBenchmark"]

# Words of a column's name that tell which way is better.
LARGER_IS_BETTER: Final = frozenset({"acc", "accuracy", "auc", "f1", "precision", "recall"})
SMALLER_IS_BETTER: Final = frozenset(
    {"energy", "err", "error", "flops", "latency", "loss", "macs", "memory", "params", "seconds"}
)
UNITS: Final = {"ms": "ms", "mj": "mJ", "m": "M", "s": "s", "seconds": "s", "mb": "MB"}
HELD_OUT: Final = "test"
ARCHITECTURE: Final = "arch"
DATASET: Final = "custom"


@final
class TableBenchmark(Benchmark):
    """A table of architectures and metrics that the user has.

    One column holds architectures in the text form of the space, every other column is a metric. A
    column with the word ``test`` in its name is held out: a search does not see it. Which way is
    better follows from words in the column's name (``accuracy`` is maximised, ``latency``,
    ``energy``, ``seconds``, ``params``, ``flops``, ``loss`` or ``error`` minimised); for any other
    name it has to be said. An empty field is NaN.

    The table's architectures are the space that a search draws from. Others of the whole space can
    be asked for too, and have NaN for every metric.

        bench = TableBenchmark.from_csv("my.csv", NASBench201())
        print(bench.query(bench.archs, ["val_accuracy"]))
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        space: SearchSpace,
        *,
        architecture: str = ARCHITECTURE,
        directions: Mapping[str, Direction] | None = None,
        dataset: str = DATASET,
        path: Path | None = None,
    ) -> None:
        """Checks and indexes a data frame.

        Args:
            frame: One row an architecture.
            space: What the architectures are of.
            architecture: The column of architectures.
            directions: ``maximize`` or ``minimize`` by column, for names that do not tell or tell
                wrongly.
            dataset: The image data set that the numbers are of.
            path: The file that the frame was read from, if any.

        Raises:
            InvalidInput: If a direction is not known, or given for no metric.
            TableError: If the table is empty, lacks a column, lists an architecture twice or one
                that is none of the space, or holds what is no number. Rows are counted from 1.
        """
        self._whole, self._dataset, self._path = space, dataset, path
        self._architecture = architecture
        source = self.source
        frame = frame.rename(columns=str)
        self._directions: dict[str, Direction] = dict(directions or {})
        names = _metric_columns(frame, architecture, source)
        archs = _architectures(frame[architecture].tolist(), space, source)
        self._values = np.stack([_numbers(frame[name], name, source) for name in names], axis=1)
        unused = set(self._directions) - set(names)
        if unused:
            raise InvalidInput(
                f"got a direction for {', '.join(sorted(unused))}; "
                f"the metrics of {source} are {', '.join(names)}"
            )
        self._metrics = tuple(
            _metric(name, self._directions.get(name), self._values[:, k], source)
            for k, name in enumerate(names)
        )
        self._index = KeyIndex(space.keys(archs))
        if (rows := self._index.repeated) is not None:
            raise TableError(
                f"rows {rows[0] + 1} and {rows[1] + 1} of {source} are one architecture, "
                f"{archs[rows[0]]}; keep one of them"
            )
        self._space = space if len(archs) == space.size else Subset(archs)
        self._archs = Architectures(self._space, archs.choices)

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        space: SearchSpace,
        *,
        architecture: str = ARCHITECTURE,
        directions: Mapping[str, Direction] | None = None,
        dataset: str = DATASET,
    ) -> TableBenchmark:
        """Reads a CSV file with a header; the arguments are those of the constructor.

        Raises:
            InvalidInput: As the constructor.
            TableError: As the constructor, or if the file is no CSV file.
            StorageError: If it cannot be read.
        """
        import pandas as pd

        try:
            header = pd.read_csv(path, header=None, nrows=1, dtype=str, skipinitialspace=True)
            frame = pd.read_csv(path, dtype={architecture: str}, skipinitialspace=True)
        except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
            reason = str(error).strip().replace("\n", " ")
            raise TableError(f"{path} is no CSV file with a header: {reason}") from error
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error}") from error
        if not isinstance(frame.index, pd.RangeIndex):
            raise TableError(
                f"the rows of {path} have more fields than its header; "
                "put architectures that contain a comma in double quotes"
            )
        names = header.iloc[0].tolist()  # pandas renames the second of two equal names
        if len(set(names)) < len(names):
            raise TableError(f"{path} has two columns of one name: {', '.join(map(str, names))}")
        return cls(
            frame,
            space,
            architecture=architecture,
            directions=directions,
            dataset=dataset,
            path=Path(path),
        )

    @property
    def name(self) -> str:
        """``table``."""
        return "table"

    @property
    def dataset(self) -> str:
        """What was given."""
        return self._dataset

    @property
    def space(self) -> SearchSpace:
        """The architectures of the table, a part of the space that was given or all of it."""
        return self._space

    @property
    def archs(self) -> Architectures:
        """The architectures of the table, in its order."""
        return self._archs

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """One a column, in the order of the table."""
        return self._metrics

    @property
    def default_objective(self) -> Objective:
        """The first metric to be maximised that is not held out, else the first not held out."""
        seen = [metric for metric in self._metrics if not metric.held_out] or self._metrics
        best = next((metric for metric in seen if metric.direction == "maximize"), seen[0])
        return Objective(best.name, best.direction)

    @property
    def source(self) -> str:
        """The file."""
        return str(self._path or "a table in memory")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The file, the space and the options; the numbers stay where they came from."""
        given: dict[str, Any] = {"name": self.name, "space": self._whole.name}
        if self._path is not None:
            given["path"] = str(self._path)
        if self._architecture != ARCHITECTURE:
            given["architecture"] = self._architecture
        if self._directions:
            given["directions"] = dict(self._directions)
        if self._dataset != DATASET:
            given["dataset"] = self._dataset
        return given

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Looks up ``K`` metrics of ``B`` architectures; see :meth:`Benchmark.query`."""
        column = {metric.name: k for k, metric in enumerate(self._metrics)}
        wanted = [column[find_metric(self, name).name] for name in metrics]
        of_whole = isinstance(archs, Architectures) and archs.space == self._whole
        keys = (self._whole if of_whole else self._space).keys(archs)
        rows = self._index.find(keys)
        values = self._values[rows][:, wanted]
        values[rows < 0] = np.nan
        return values


def _metric_columns(frame: pd.DataFrame, architecture: str, source: str) -> list[str]:
    """Returns the columns of metrics."""
    names = [str(name) for name in frame.columns]
    if architecture not in names:
        raise TableError(
            f"{source} has no column {architecture!r} of architectures; it has "
            f"{', '.join(map(repr, names))}. Rename the column, or say architecture=..."
        )
    metrics = [name for name in names if name != architecture]
    odd = [name for name in names if not name.strip() or not name.isprintable()]
    if odd or len(set(names)) != len(names):
        raise TableError(
            f"{source} has the columns {', '.join(map(repr, names))}; expected distinct names, "
            "each of printable characters"
        )
    if not metrics:
        raise TableError(f"{source} has no column beside {architecture!r}; expected metrics")
    if frame.empty:
        raise TableError(f"{source} has no rows")
    return metrics


def _architectures(texts: Sequence[object], space: SearchSpace, source: str) -> Architectures:
    archs = []
    for row, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise TableError(f"row {row} of {source} has no architecture")
        try:
            archs.append(space.parse(text))
        except InvalidArchitecture as error:
            raise TableError(f"row {row} of {source}: {error}") from error
    return space.batch(archs)


def _numbers(column: pd.Series[Any], name: str, source: str) -> npt.NDArray[np.float64]:
    """Returns a column ``(B,)``, NaN where a field is empty."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(values) & column.notna().to_numpy())
    if len(wrong):
        row, found = wrong[0] + 1, str(column.iloc[wrong[0]])
        raise TableError(
            f"row {row} of {source} has {found!r} in the column {name!r}; "
            "expected a number, or nothing where it is missing. Drop columns that are no metrics"
        )
    return values


def _metric(
    name: str, direction: Direction | None, values: npt.NDArray[np.float64], source: str
) -> Metric:
    """Describes a column."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    if direction is None:
        direction = _direction(set(words))
    if direction not in ("maximize", "minimize"):
        given = "no direction" if direction is None else f"the direction {direction!r}"
        raise InvalidInput(
            f"got {given} for the metric {name!r} of {source}; "
            f'say directions={{"{name}": "maximize"}} or "minimize", or drop the column'
        )
    unit = next((UNITS[word] for word in words[::-1] if word in UNITS), "")
    if not unit and LARGER_IS_BETTER & set(words) and np.nanmax(values, initial=0.0) > 1.0:
        unit = "%"
    return Metric(name, unit, direction, held_out=HELD_OUT in words)


def _direction(words: set[str]) -> Direction | None:
    """Infers which way is better; nothing where the words do not tell or contradict each other."""
    larger, smaller = bool(words & LARGER_IS_BETTER), bool(words & SMALLER_IS_BETTER)
    if larger == smaller:
        return None
    return "maximize" if larger else "minimize"
