"""The search: ask, evaluate, record, tell, checkpoint, in rounds or without waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agnet.asynchronous import Asynchronous
from agnet.benchmarks import Benchmark
from agnet.checks import folder_of, whole
from agnet.config import SearchConfig
from agnet.errors import InvalidInput
from agnet.evaluation import Evaluator, InProcess, LocalProcesses
from agnet.preparation import (
    check_asynchronous,
    check_benchmark,
    check_possible,
    prepare,
    settle,
    with_initial,
)
from agnet.progress import Progress, Silent
from agnet.recording import Recorder
from agnet.rounds import Rounds
from agnet.runs import Run
from agnet.seeds import stream
from agnet.storage import RunStorage
from agnet.strategies import Problem, Strategy, make_strategy

__all__ = ["EvaluatorFactory", "StrategyFactory", "search"]

StrategyFactory = Callable[[Problem, np.random.Generator], Strategy]

EvaluatorFactory = Callable[[Benchmark, Sequence[str]], Evaluator]
"""Makes what evaluates a benchmark, given the names of the metrics to ask it for."""


def search(
    benchmark: Benchmark,
    config: SearchConfig | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    workers: int | EvaluatorFactory = 0,
    progress: Progress | None = None,
    strategy: str | StrategyFactory | None = None,
    **settings: Any,
) -> Run:
    """Searches a benchmark for its best architectures.

    A query is counted for every architecture evaluated, initial ones included. The history depends
    on the seed alone, not on the number of workers, and a run that was killed and resumed equals an
    unbroken one, bit for bit on one machine. Neither holds of an asynchronous search, in which no
    worker waits for others: see :class:`SearchConfig`.

    Args:
        benchmark: Where the numbers come from.
        config: What to do; the defaults if not given, with no more queries than architectures.
        out: Folder of the run; kept in memory if not given.
        resume: Continue the run that lies in ``out``: its configuration is used, of which only
            ``queries`` may be raised.
        workers: Processes to evaluate in; 0 evaluates in this one. Or what makes an evaluator, such
            as ``partial(RayEvaluator, address="auto", gpus=1)`` for many machines.
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
    check_benchmark(benchmark)
    if not callable(workers):
        workers = whole("workers", workers, 0)
    folder = None if out is None else folder_of("out", out)
    if strategy is not None and not callable(strategy):
        settings["strategy"] = strategy
    config = config or SearchConfig(queries=min(SearchConfig.queries, benchmark.space.size))
    config = settle(config, settings, folder, resume, benchmark)
    if callable(strategy):
        config = replace(config, strategy=getattr(strategy, "__name__", type(strategy).__name__))
    problem, columns = prepare(benchmark, config)
    if not resume:
        check_possible(benchmark, problem)
    rng = stream(config.seed, "strategy")
    if callable(strategy):
        chooser = _made_by(strategy, problem, rng)
    else:
        chooser = make_strategy(config.strategy, problem, rng, config.options)
    check_asynchronous(config, chooser)
    config = with_initial(config, chooser)
    asked = benchmark if folder is None else benchmark.within(folder.resolve())
    evaluator = _evaluator(asked, columns, workers)
    meter = progress or Silent()
    storage = RunStorage(folder, write=True, columns=columns)
    try:
        if storage.has_config and not resume:  # another process was quicker
            raise InvalidInput(f"a run lies in {folder}; resume it, or choose another folder")
        recorder = Recorder(config, problem, chooser, storage, meter)
        loop = Asynchronous(recorder) if config.asynchronous else Rounds(recorder)
        with evaluator:
            storage.save_config(config)  # what cannot evaluate leaves no run behind
            meter.start(config.queries, config.strategy, len(problem.objectives) > 1)
            try:
                loop.run(evaluator)
            finally:
                meter.stop()
        return Run(config, benchmark, storage)
    finally:
        storage.close()


def _made_by(factory: StrategyFactory, problem: Problem, rng: np.random.Generator) -> Strategy:
    """Makes a strategy of one's own, and checks that it is one."""
    of_strategies = not isinstance(factory, type) or issubclass(factory, Strategy)
    made = factory(problem, rng) if of_strategies else None
    if not isinstance(made, Strategy):
        raise InvalidInput(
            f"got strategy = {factory!r}; expected a name, a class of strategies, or what makes "
            "one of a problem and a generator of random numbers"
        )
    return made


def _evaluator(
    benchmark: Benchmark, metrics: Sequence[str], workers: int | EvaluatorFactory
) -> Evaluator:
    if callable(workers):
        return workers(benchmark, metrics)
    return LocalProcesses(benchmark, metrics, workers) if workers else InProcess(benchmark, metrics)
