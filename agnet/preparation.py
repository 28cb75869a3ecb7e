"""Before a search: what it will do, checked against the benchmark; and its first architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks import Benchmark, find_metric
from agnet.checks import whole
from agnet.config import SearchConfig, without_none
from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.runs import Run, read_config
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.storage import CONFIG, RESERVED
from agnet.strategies import Problem, Strategy, make_strategy
from agnet.strategies.base import Computes, Earlier

__all__ = [
    "check",
    "check_asynchronous",
    "check_benchmark",
    "check_possible",
    "initial_architectures",
    "prepare",
    "settle",
    "with_initial",
    "with_more",
]


LOOKED_THROUGH: Final = 50_000  # architectures whose limits are computed before a search


def check_benchmark(benchmark: Benchmark) -> None:
    """Checks that something is a benchmark, and not the name of one.

    Raises:
        InvalidInput: If it is none.
    """
    if not isinstance(benchmark, Benchmark):
        raise InvalidInput(
            f"got the benchmark {benchmark!r}; expected what open_benchmark returns, or a "
            "Benchmark of your own"
        )


def settle(
    config: SearchConfig,
    settings: Mapping[str, Any],
    folder: Path | None,
    resume: bool,
    benchmark: Benchmark,
) -> SearchConfig:
    """Returns the configuration to run: the given one, or that of the run to resume.

    Args:
        config: The configuration given.
        settings: Fields of it to replace.
        folder: Where the run lies or will lie; None for a run in memory.
        resume: Whether to continue it.
        benchmark: What is searched; says the default objective.

    Raises:
        InvalidInput: If a setting is unknown or cannot be changed, the benchmark is another one, or
            the folder holds a run that is not to be resumed, or none that is.
    """
    unknown = sorted(set(settings) - set(SearchConfig.__dataclass_fields__))
    if unknown:
        raise InvalidInput(
            f"got the setting {unknown[0]!r}; expected one of "
            f"{', '.join(SearchConfig.__dataclass_fields__)}"
        )
    if not isinstance(config, SearchConfig):
        raise InvalidInput(
            f"got the configuration {config!r}; expected a SearchConfig, or its fields by name"
        )
    given = dict(settings)
    exists = folder is not None and (folder / CONFIG).exists()
    if not resume:
        if exists:
            raise InvalidInput(f"a run lies in {folder}; resume it, or choose another folder")
        config = replace(config, benchmark=without_none(benchmark.settings), **given)
        if config.objectives:
            return config
        return replace(config, objectives=(str(benchmark.default_objective),))
    if folder is None:
        raise InvalidInput("resuming needs the run's folder")
    old = read_config(folder)
    if old.benchmark != without_none(benchmark.settings):
        raise InvalidInput(
            f"got the benchmark {dict(benchmark.settings)}; the run to resume was made on "
            f"{dict(old.benchmark)}"
        )
    queries = given.pop("queries", old.queries)
    if given:
        raise InvalidInput(
            f"got {', '.join(given)} for a run that is resumed; only queries can be changed"
        )
    return with_more(old, queries)


def with_more(config: SearchConfig, queries: int) -> SearchConfig:
    """Returns the configuration of a run to resume, with at least as many queries.

    Raises:
        InvalidInput: If they are fewer.
    """
    if whole("queries", queries) < config.queries:
        raise InvalidInput(
            f"got {queries} queries; the run to resume was made with {config.queries}, of which "
            "there can be more, not fewer"
        )
    return replace(config, queries=queries)


def prepare(benchmark: Benchmark, config: SearchConfig) -> tuple[Problem, tuple[str, ...]]:
    """Checks a configuration against a benchmark.

    Returns:
        The problem, and the names of the metrics to record.

    Raises:
        InvalidInput: If a metric is unknown or held out, the budget exceeds the space, or the run
            to begin with is none of this space.
        MissingData: If a metric needs a file that has not been imported.
        StorageError: If the run to begin with cannot be read.
    """
    objectives, limits = config.parsed_objectives(), config.parsed_limits()
    wanted = [objective.metric for objective in objectives] + [limit.metric for limit in limits]
    known: dict[str, Computes] = {}
    for name in wanted:
        metric = find_metric(benchmark, name)
        if metric.source == "computed":
            known[name] = partial(_computed, benchmark, name)
        if metric.held_out:
            raise InvalidInput(
                f"{name} is held out: a search sees validation metrics only. Use val_accuracy, and "
                "read the test value of the selected architecture once, after the search"
            )
        if name.lower() in RESERVED:
            raise InvalidInput(f"a run has a column {name!r} of its own; rename that metric")
    if config.queries > benchmark.space.size:
        raise InvalidInput(
            f"got {config.queries} queries; {benchmark.space.name} has only "
            f"{benchmark.space.size} architectures"
        )
    earlier = _earlier(Path(config.warm_start), benchmark) if config.warm_start else None
    problem = Problem(benchmark.space, objectives, limits, known, earlier)
    return problem, tuple(dict.fromkeys(wanted))


def check_possible(benchmark: Benchmark, problem: Problem) -> None:
    """Checks that something keeps the limits that are computed, where that is seen at once.

    Raises:
        InvalidInput: If nothing does.
    """
    space, limits = problem.space, [problem.limits[at] for at in problem.known_limits]
    if limits and benchmark.instant and space.size <= LOOKED_THROUGH:
        if not problem.keeps_known_limits(space.enumerate()).any():
            raise InvalidInput(
                f"got the limits {', '.join(map(str, limits))}, which none of the {space.size} "
                f"architectures of {space.name} keeps; loosen them"
            )


def _earlier(folder: Path, benchmark: Benchmark) -> Earlier:
    """Reads what another run has measured of architectures of a benchmark's space."""
    run, space = Run.open(folder, benchmark), benchmark.space
    try:
        archs = space.batch([run.arch(row) for row in run.rows])
    except InvalidArchitecture as error:
        raise InvalidInput(
            f"the run {folder} cannot warm a search of {space.name}, being of another space: "
            f"{error}"
        ) from error
    found = run.outcomes
    return Earlier(archs[~found.failed], found.objectives[~found.failed])


def _computed(
    benchmark: Benchmark, name: str, archs: Sequence[Architecture]
) -> npt.NDArray[np.float64]:
    return benchmark.query(archs, [name])[:, 0]


def check(benchmark: Benchmark, config: SearchConfig) -> Strategy:
    """Checks all that can be checked of a configuration without running it.

    Returns:
        The strategy, as it is before the search.

    Raises:
        InvalidInput: If a metric, the budget, the strategy or one of its settings cannot be used.
        MissingData: If a metric needs a file that has not been imported.
    """
    problem, _ = prepare(benchmark, config)
    check_possible(benchmark, problem)
    rng = stream(config.seed, "strategy")
    strategy = make_strategy(config.strategy, problem, rng, config.options)
    check_asynchronous(config, strategy)
    return strategy


def check_asynchronous(config: SearchConfig, strategy: Strategy) -> None:
    """Checks that a strategy can be asked while evaluations are pending, if it will be.

    Raises:
        InvalidInput: If it cannot.
    """
    if config.asynchronous and strategy.by_steps:
        raise InvalidInput(
            f"got asynchronous for {config.strategy}, which plans each step when the one before "
            "has been evaluated; search without it, in batches as large as there are workers"
        )


def with_initial(config: SearchConfig, strategy: Strategy) -> SearchConfig:
    """Returns the configuration with the number of initial architectures that it leaves open."""
    if config.init is not None:
        return config
    return replace(config, init=min(strategy.initial, config.queries))


def initial_architectures(space: SearchSpace, n: int, seed: int) -> Architectures:
    """Draws ``n`` distinct random architectures: the same for every strategy of a seed."""
    rng = stream(seed, "initial")
    drawn = space.sample(n, rng).distinct()
    while len(drawn) < n:
        drawn = (drawn + space.sample(n, rng)).distinct()
    return drawn[:n]
