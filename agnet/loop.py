"""The search loop: ask, evaluate, record, tell, checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from threadpoolctl import ThreadpoolController

from agnet import __version__
from agnet.benchmarks import Benchmark
from agnet.config import SearchConfig
from agnet.errors import CheckpointError, InvalidInput, StrategyError
from agnet.evaluation import Evaluation, Evaluator, InProcess, LocalProcesses
from agnet.objectives import outcomes
from agnet.preparation import initial_architectures, prepare, settle, with_initial
from agnet.progress import Progress, Silent
from agnet.runs import Run
from agnet.seeds import stream
from agnet.spaces import Architectures
from agnet.standing import StandingTracker
from agnet.storage import QueryRow, RunStorage
from agnet.strategies import Problem, Strategy, make_strategy

__all__ = ["StrategyFactory", "search"]

StrategyFactory = Callable[[Problem, np.random.Generator], Strategy]

CHECKPOINT_FORMAT: Final = 1


def search(
    benchmark: Benchmark,
    config: SearchConfig | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
    strategy: str | StrategyFactory | None = None,
    **settings: Any,
) -> Run:
    """Searches a benchmark for its best architectures.

    A query is counted for every architecture evaluated, initial ones included. The history depends
    on the seed alone, not on the number of workers, and a run that was killed and resumed equals an
    unbroken one, bit for bit on one machine.

    Args:
        benchmark: Where the numbers come from.
        config: What to do; the defaults if not given.
        out: Folder of the run; kept in memory if not given.
        resume: Continue the run that lies in ``out``: its configuration is used, of which only
            ``queries`` may be raised.
        workers: Processes to evaluate in; 0 evaluates in this one.
        progress: Is told how the search is getting on; silent by default.
        strategy: Name of a strategy, or what makes one of your own; overrides that of ``config``.
        **settings: Fields of :class:`SearchConfig` to replace, such as ``queries=96``.

    Returns:
        The run.

    Raises:
        InvalidInput: If a setting cannot be used, or ``out`` holds a run that is not to be resumed.
        MissingData: If a metric needs a file that has not been imported.
        CheckpointError: If the checkpoint is corrupted or of another run.
        RunLocked: If another process is writing the run.
        StorageError: If the run cannot be written; what was recorded is intact.
    """
    if workers < 0:
        raise InvalidInput(f"got {workers} workers; expected 0 (this process) or more")
    folder = None if out is None else Path(out)
    if isinstance(strategy, str):
        settings["strategy"] = strategy
    config = settle(config or SearchConfig(), settings, folder, resume, benchmark)
    if callable(strategy):
        config = replace(config, strategy=getattr(strategy, "__name__", type(strategy).__name__))
    problem, columns = prepare(benchmark, config)
    rng = stream(config.seed, "strategy")
    if callable(strategy):
        chooser = strategy(problem, rng)
    else:
        chooser = make_strategy(config.strategy, problem, rng, config.options)
    config = with_initial(config, chooser)
    meter = progress or Silent()
    storage = RunStorage(folder, write=True, columns=columns)
    try:
        if storage.has_config and not resume:  # another process was quicker
            raise InvalidInput(f"a run lies in {folder}; resume it, or choose another folder")
        loop = _Loop(config, problem, chooser, storage, meter)
        loop.restore()
        storage.save_config(config)
        asked = benchmark if folder is None else benchmark.within(folder)
        with _evaluator(asked, columns, workers) as evaluator:
            meter.start(config.queries, config.strategy, len(problem.objectives) > 1)
            try:
                loop.run(evaluator)
            finally:
                meter.stop()
        return Run(config, benchmark, storage)
    finally:
        storage.close()


@final
class _Loop:
    """One search under way."""

    def __init__(
        self,
        config: SearchConfig,
        problem: Problem,
        strategy: Strategy,
        storage: RunStorage,
        progress: Progress,
    ) -> None:
        self._config, self._problem, self._strategy = config, problem, strategy
        self._storage, self._progress = storage, progress
        self._tracker = StandingTracker(storage.columns, problem.objectives, problem.limits)
        self._recorded = {row.query: row for row in storage.rows()}
        self._told: set[str] = set()
        self._done = self._round = 0
        # One thread: sums in another order would make another history on another machine.
        self._threads = ThreadpoolController()

    def run(self, evaluator: Evaluator) -> None:
        """Runs the rounds that are still to be run."""
        self._storage.write_history()
        self._progress.update(self._tracker.standing)
        while self._done < self._config.queries:
            archs = self._ask(self._config.queries - self._done)
            if not len(archs):
                break  # the space is exhausted, or the strategy has ended
            rows = self._evaluate(archs, evaluator)
            values = np.array([row.values for row in rows], dtype=np.float64)
            with self._threads.limit(limits=1):
                self._strategy.tell(archs, self._outcomes(values))
            self._told.update(row.arch for row in rows)
            self._done += len(archs)
            self._round += 1
            self._save()
        self._storage.write_history()  # workers answer in any order

    def _ask(self, left: int) -> Architectures:
        if self._round == 0 and self._config.init:
            return initial_architectures(self._problem.space, self._config.init, self._config.seed)
        size = self._storage.round_size(self._round, min(self._config.batch, left))
        with self._threads.limit(limits=1):
            archs = self._strategy.ask(size)
        texts = set(map(str, archs))
        if len(archs) > size or len(texts) < len(archs) or texts & self._told:
            raise StrategyError(
                f"{self._config.strategy} was asked for {size} new architectures and proposed "
                f"{len(archs)}, {len(texts)} distinct, {len(texts & self._told)} evaluated before"
            )
        return archs

    def _evaluate(self, archs: Architectures, evaluator: Evaluator) -> list[QueryRow]:
        """Evaluates what is not recorded yet, and returns the rows of the whole round."""
        done = self._done
        texts = [str(arch) for arch in archs]
        todo = []
        for i, text in enumerate(texts):
            row = self._recorded.get(done + 1 + i)
            if row is None:
                todo.append(i)
            elif row.arch != text:
                raise CheckpointError(
                    f"query {row.query} of the run is {row.arch}, but resuming proposes {text}: "
                    "the run was made by another version or configuration"
                )
            else:
                self._progress.update(self._tracker.add(row.values))
        for at, evaluation in evaluator.evaluate([archs[i] for i in todo]):
            row = self._make_row(done + 1 + todo[at], texts[todo[at]], evaluation)
            self._storage.record(row, evaluation.curves)
            self._recorded[row.query] = row
            self._progress.update(self._tracker.add(row.values))
        return [self._row(done + 1 + i) for i in range(len(archs))]

    def _make_row(self, query: int, text: str, evaluation: Evaluation) -> QueryRow:
        feasible = self._outcomes(np.array([evaluation.values])).feasible[0]
        return QueryRow(
            query,
            self._round,
            text,
            evaluation.values,
            bool(feasible),
            evaluation.seconds,
            evaluation.failure,
        )

    def _outcomes(self, values: np.ndarray) -> Any:
        columns = self._storage.columns
        return outcomes(values, columns, self._problem.objectives, self._problem.limits)

    def _row(self, query: int) -> QueryRow:
        row = self._recorded.get(query)
        if row is None:
            raise CheckpointError(
                f"the checkpoint is ahead of the run's rows: query {query} is not recorded. Delete "
                "the checkpoint to resume from the recorded rows alone"
            )
        return row

    def _save(self) -> None:
        self._storage.save_checkpoint(
            {
                "format": CHECKPOINT_FORMAT,
                "agnet": __version__,
                "strategy": self._config.strategy,
                "space": self._problem.space.name,
                "seed": self._config.seed,
                "queries": self._done,
                "round": self._round,
                "state": self._strategy.state_dict(),
            }
        )

    def restore(self) -> None:
        """Loads the last checkpoint; without one the rounds are replayed from the recorded rows."""
        found = self._storage.load_checkpoint()
        if found is None:
            return
        expected = {
            "format": CHECKPOINT_FORMAT,
            "strategy": self._config.strategy,
            "space": self._problem.space.name,
            "seed": self._config.seed,
        }
        for name, value in expected.items():
            if found.get(name) != value:
                raise CheckpointError(
                    f"the checkpoint has {name} = {found.get(name)!r}, the run {value!r}: it "
                    "belongs to another run. Delete it to resume from the recorded rows alone"
                )
        try:
            with self._threads.limit(limits=1):
                self._strategy.load_state_dict(found["state"])
            self._done, self._round = int(found["queries"]), int(found["round"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"the checkpoint is malformed ({type(error).__name__}: {error}); delete it to "
                "resume from the recorded rows alone"
            ) from error
        for query in range(1, self._done + 1):
            row = self._row(query)
            self._told.add(row.arch)
            self._tracker.add(row.values)


def _evaluator(benchmark: Benchmark, metrics: Sequence[str], workers: int) -> Evaluator:
    return LocalProcesses(benchmark, metrics, workers) if workers else InProcess(benchmark, metrics)
