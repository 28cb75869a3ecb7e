"""A run: what a search recorded, and what can be asked of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks import Benchmark, open_benchmark
from agnet.checks import folder_of
from agnet.config import SearchConfig
from agnet.errors import InvalidArchitecture, InvalidInput, StorageError
from agnet.objectives import Outcomes, outcomes
from agnet.pareto import hypervolume_curve, non_dominated
from agnet.spaces import Architecture, SearchSpace
from agnet.storage import CONFIG, QueryRow, RunStorage

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["Run", "held_out_metrics", "read_config", "recorded_arch"]

UNPLANNED: Final = 16  # queries that take the place of initial architectures where there are none


@final
class Run:
    """The queries of one search, in order.

    Attributes:
        config: What the search was told to do.
        benchmark: What it was run on.
        rows: One row a query.
        folder: Where it lies, or None if it was kept in memory.
    """

    def __init__(self, config: SearchConfig, benchmark: Benchmark, storage: RunStorage) -> None:
        """Takes the present content of a storage."""
        self.config = config
        self.benchmark = benchmark
        self.rows: tuple[QueryRow, ...] = tuple(storage.rows())
        self.folder = storage.folder
        self.columns = storage.columns
        self._tested = storage.test_reading()
        self._epochs = storage.epochs()

    @classmethod
    def open(cls, folder: str | Path, benchmark: Benchmark | None = None) -> Run:
        """Reads a run from its folder.

        Args:
            folder: The run's folder.
            benchmark: The benchmark; needed only if it is not one that ``open_benchmark`` knows.

        Raises:
            InvalidInput: If there is no run.
        """
        path = folder_of("folder", folder)
        config = read_config(path)
        storage = RunStorage(path, write=False)
        try:
            return cls(config, benchmark or open_benchmark(**config.benchmark), storage)
        finally:
            storage.close()

    def __len__(self) -> int:
        return len(self.rows)

    def __fspath__(self) -> str:
        """Its folder, so that a run can be named where the folder of one is asked for.

        Raises:
            InvalidInput: If it was kept in memory.
        """
        if self.folder is None:
            raise InvalidInput("the run was kept in memory; search with out=FOLDER to use it so")
        return str(self.folder.resolve())

    def __repr__(self) -> str:
        where = "in memory" if self.folder is None else str(self.folder)
        return f"Run({self.config.strategy} on {self.benchmark.name}, {len(self)} queries, {where})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a line, and the best architecture drawn."""
        from agnet.report import fragment

        return fragment(self)

    def plot(self) -> go.Figure:
        """Returns the best so far after each query, or with several objectives the front."""
        from agnet.report import Curves, Fronts

        if len(self.config.objectives) > 1:
            return Fronts.of(self).plotly()
        return Curves.of({self.config.strategy: [self]}).plotly()

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """``(B, K)``: the recorded metrics of every query, in the order of ``columns``."""
        table = [row.values for row in self.rows]
        return np.array(table, dtype=np.float64).reshape(len(table), len(self.columns))

    @property
    def outcomes(self) -> Outcomes:
        """The outcomes as a strategy is told them."""
        objectives, limits = self.config.parsed_objectives(), self.config.parsed_limits()
        return outcomes(self.values, self.columns, objectives, limits)

    @property
    def best_query(self) -> QueryRow | None:
        """The feasible query with the best first objective, the earliest of equals; or None."""
        found = self.outcomes
        if not found.feasible.any():
            return None
        first = np.where(found.feasible, found.objectives[:, 0], np.inf)
        return self.rows[int(first.argmin())]

    @property
    def best(self) -> Architecture | None:
        """The architecture of :attr:`best_query`."""
        row = self.best_query
        return None if row is None else self.arch(row)

    def arch(self, row: QueryRow) -> Architecture:
        """Reads the architecture of a row.

        Raises:
            InvalidArchitecture: If it is none of the space; the message names run and query.
        """
        return recorded_arch(self.benchmark.space, row, self.folder)

    def pareto(self) -> tuple[QueryRow, ...]:
        """The feasible queries that no other one dominates, by the first objective, the best first.

        Of equals the earliest. With one objective that is the best query alone.
        """
        points = self.outcomes.feasible_objectives
        front = np.flatnonzero(non_dominated(points))
        _, first = np.unique(points[front], axis=0, return_index=True)
        return tuple(self.rows[at] for at in front[first])

    @property
    def reference(self) -> npt.NDArray[np.float64]:
        """The point ``(M,)`` that hypervolume is measured from, in the objectives' own units.

        That of the configuration, or the worst of the initial architectures in each objective, or
        without such of the first 16; NaN if all of those failed.
        """
        objectives = self.config.parsed_objectives()
        if self.config.reference:
            return np.array(self.config.reference, dtype=np.float64)
        first = self.outcomes.objectives[: self.config.init or UNPLANNED]
        known = first[~np.isnan(first).any(axis=1)]
        worst = known.max(axis=0) if len(known) else np.full(len(objectives), np.nan)
        signs = np.array([objective.sign for objective in objectives])
        return np.asarray(signs * worst)

    def hypervolume(self) -> npt.NDArray[np.float64]:
        """Returns ``(B,)``: the hypervolume of the feasible queries up to each.

        It is measured from :attr:`reference`; NaN without one.
        """
        reference = self.reference * [o.sign for o in self.config.parsed_objectives()]
        if np.isnan(reference).any():
            return np.full(len(self), np.nan)
        return hypervolume_curve(self.outcomes.feasible_objectives, reference)

    def best_so_far(self) -> npt.NDArray[np.float64]:
        """Returns ``(B,)``: the best feasible first objective after each query, in its own unit.

        NaN while nothing is feasible.
        """
        found = self.outcomes
        first = np.where(found.feasible, found.objectives[:, 0], np.inf)
        curve = np.minimum.accumulate(first) if len(first) else first
        sign = self.config.parsed_objectives()[0].sign
        return np.where(np.isfinite(curve), sign * curve, np.nan)

    @property
    def history(self) -> pd.DataFrame:
        """The rows as a data frame, one column a metric."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(self.values, columns=list(self.columns))
        frame.insert(0, "arch", [row.arch for row in self.rows])
        frame.insert(0, "round", [row.round for row in self.rows])
        frame.insert(0, "query", [row.query for row in self.rows])
        if len(self.config.objectives) > 1:
            frame["hypervolume"] = self.hypervolume()
        frame["feasible"] = [row.feasible for row in self.rows]
        frame["seconds"] = [row.seconds for row in self.rows]
        frame["failure"] = [row.failure for row in self.rows]
        return frame

    @property
    def epochs(self) -> pd.DataFrame:
        """What was seen while networks were trained: a row an epoch of each query that trained.

        ``query`` and ``epoch``, from 1, and a column a curve, such as ``loss``. Empty where nothing
        is trained.
        """
        import pandas as pd

        frame = pd.DataFrame(self._epochs, columns=["query", "epoch", "name", "value"])
        wide = frame.pivot(index=["query", "epoch"], columns="name", values="value")
        table: pd.DataFrame = wide.rename_axis(columns=None).reset_index()
        return table

    @property
    def tested(self) -> str | None:
        """The architecture whose held-out metrics have been read, or None.

        If the run was continued after that, it need not be the best any more.
        """
        return None if self._tested is None else self._tested[0]

    def test(self) -> Mapping[str, float]:
        """Reads the held-out metrics of the selected architecture, once.

        The selection is :attr:`best`, by validation. The reading is recorded in the run; asking
        again returns what was recorded, even if the run has been continued since.

        Raises:
            InvalidInput: If nothing feasible was found, or the benchmark has no held-out metric.
            StorageError: If the reading cannot be recorded; nothing is returned then.
        """
        if self._tested is not None:
            return self._tested[1]
        arch = self.best
        if arch is None:
            raise InvalidInput("nothing feasible was found, so there is nothing to test")
        names = held_out_metrics(self.benchmark)
        row = self.benchmark.query([arch], names)[0]
        found = {
            name: value
            for name, value in zip(names, row.tolist(), strict=True)
            if np.isfinite(value)
        }
        if self.folder is not None:
            storage = RunStorage(self.folder, write=True, columns=self.columns)
            try:
                storage.note_test(str(arch), found)
            finally:
                storage.close()
        self._tested = (str(arch), found)
        return found


def recorded_arch(space: SearchSpace, row: QueryRow, folder: Path | None) -> Architecture:
    """Reads the architecture that a run in a folder has recorded.

    Raises:
        InvalidArchitecture: If it is none of the space; the message names run and query.
    """
    try:
        return space.parse(row.arch)
    except InvalidArchitecture as error:
        raise InvalidArchitecture(f"run {folder}, query {row.query}: {error}") from error


def held_out_metrics(benchmark: Benchmark) -> list[str]:
    """Returns the names of a benchmark's held-out metrics.

    Raises:
        InvalidInput: If it has none with the data at hand; the message says what is missing.
    """
    names = [metric.name for metric in benchmark.metrics if metric.held_out]
    if not names:
        missing = [why for name, why in benchmark.missing.items() if name.startswith("test_")]
        raise InvalidInput(
            f"{benchmark.name} has no held-out metric with the data at hand"
            + "".join(f": {why}" for why in dict.fromkeys(missing))
        )
    return names


def read_config(folder: Path) -> SearchConfig:
    """Reads the configuration of a run.

    Raises:
        InvalidInput: If there is none, or it is malformed.
        StorageError: If it cannot be read.
    """
    path = folder / CONFIG
    try:
        return SearchConfig.from_file(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInput(f"{folder} holds no run: {CONFIG} is not there") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read {path}: {error}") from error
