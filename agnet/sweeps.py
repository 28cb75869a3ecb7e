"""Sweeps: one search a seed, several at a time, and one summary at the end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats

from agnet.benchmarks import open_benchmark
from agnet.checks import folder_of, whole
from agnet.config import SearchConfig
from agnet.environment import THREADS, environment
from agnet.errors import EvaluationError, InvalidInput
from agnet.loop import search
from agnet.preparation import check, settle, with_initial
from agnet.progress import Progress, Silent
from agnet.runs import Run, read_config
from agnet.standing import Standing
from agnet.storage import CONFIG
from agnet.workers import start_workers, stopping_workers

__all__ = ["Interval", "interval", "parse_seeds", "seed_folder", "sweep"]

MAX_SEEDS: Final = 10_000


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % confidence interval (Student's t).

    Attributes:
        mean: The mean.
        half_width: Half the width of the interval; NaN for fewer than two values.
        n: How many values.
    """

    mean: float
    half_width: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.half_width:.3f}" if self.n > 1 else f"{self.mean:.3f}"


def interval(values: Sequence[float]) -> Interval:
    """Returns the mean and interval of the finite ones among ``values``."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if len(finite) < 2:
        return Interval(float(finite.mean()) if len(finite) else np.nan, np.nan, len(finite))
    error = float(finite.std(ddof=1)) / np.sqrt(len(finite))
    return Interval(
        float(finite.mean()), float(stats.t.ppf(0.975, len(finite) - 1) * error), len(finite)
    )


def parse_seeds(text: str) -> tuple[int, ...]:
    """Reads ``0:30`` (30 seeds, the end left out) or ``0,3,7``.

    Raises:
        InvalidInput: If the text has another form, or names no seed or one twice.
    """
    try:
        if ":" in text:
            first, last = (int(part) for part in text.split(":"))
            seeds = tuple(range(first, min(last, first + MAX_SEEDS + 1)))
        else:
            seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        seeds = ()
    if not 0 < len(seeds) <= MAX_SEEDS or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise InvalidInput(
            f"got the seeds {text!r}; expected FIRST:END or a list as in 0,3,7, at most {MAX_SEEDS}"
        )
    return seeds


def seed_folder(out: Path, seed: int) -> Path:
    """Returns the folder of one seed of a sweep."""
    return out / f"seed-{seed:04d}"


def sweep(
    config: SearchConfig,
    seeds: Sequence[int],
    out: str | Path,
    *,
    workers: int = 1,
    resume: bool = False,
    test: bool = False,
    progress: Progress | None = None,
) -> list[Run]:
    """Runs one search a seed in local processes.

    Args:
        config: What each search does; its seed is replaced.
        seeds: The seeds.
        out: A folder, in which each run gets one of its own.
        workers: Searches at a time.
        resume: Continue the runs that are there.
        test: Read the held-out metrics of each run's selected architecture at the end.
        progress: Told of each finished search.

    Returns:
        The runs, in order of ``seeds``.

    Raises:
        InvalidInput: If a run is there already and ``resume`` is not set, there is no seed or one
            twice, or a setting cannot be used.
    """
    workers = whole("workers", workers)
    seeds = _distinct(seeds)
    benchmark = open_benchmark(**config.benchmark)
    config = settle(config, {}, None, False, benchmark)
    strategy = check(benchmark, config)
    folders = [seed_folder(folder_of("out", out), seed) for seed in seeds]
    there = [folder for folder in folders if (folder / CONFIG).exists()]
    if there and not resume:
        raise InvalidInput(f"a run lies in {there[0]}; resume the sweep, or choose another folder")
    if there and config.init is None:
        config = replace(config, init=read_config(there[0]).init)
    config = with_initial(config, strategy)
    for folder in there:
        _check_same(read_config(folder), config, folder)
    jobs = [(replace(config, seed=s), f, test) for s, f in zip(seeds, folders, strict=True)]
    with (
        # Several searches at once must not each start a thread a core.
        environment(dict.fromkeys(THREADS, "1")),
        start_workers(min(workers, len(jobs))) as pool,
        stopping_workers(),
    ):
        _watch([pool.submit(_search_seed, *job) for job in jobs], progress)
    return [Run.open(folder, benchmark) for folder in folders]


def _distinct(seeds: Sequence[int]) -> tuple[int, ...]:
    found = tuple(whole("a seed", seed, 0) for seed in seeds)
    if not found or len(set(found)) < len(found):
        raise InvalidInput(f"got the seeds {list(found)}; expected at least one, and each once")
    return found


def _check_same(old: SearchConfig, new: SearchConfig, folder: Path) -> None:
    """Checks that a run to resume was made as the others will be."""
    for item in fields(SearchConfig):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name not in ("seed", "queries") and before != after:
            raise InvalidInput(
                f"the run in {folder} was made with {item.name} = {before}, the sweep has {after}; "
                "a sweep has one configuration"
            )


def _search_seed(config: SearchConfig, folder: Path, test: bool) -> float | None:
    """Runs one search in a worker process, and returns its best value."""
    benchmark = open_benchmark(**config.benchmark)
    if (folder / CONFIG).exists():
        run = search(benchmark, out=folder, resume=True, queries=config.queries)
    else:
        run = search(benchmark, config, out=folder)
    if test and run.best is not None:
        run.test()
    curve = run.best_so_far()
    return float(curve[-1]) if len(curve) else None


def _watch(futures: Sequence[Future[float | None]], progress: Progress | None) -> None:
    meter = progress or Silent()
    meter.start(len(futures), "searches", many_objectives=False)
    try:
        found: list[float] = []
        for done, future in enumerate(as_completed(futures), start=1):
            best = future.result()
            found += [] if best is None else [best]
            mean = interval(found).mean
            meter.update(Standing(done, mean if np.isfinite(mean) else None, 0, 0))
    except BrokenProcessPool as error:
        raise EvaluationError(
            "a process of the sweep died; what it recorded is intact: resume the sweep"
        ) from error
    finally:
        meter.stop()
