"""What the experiments share: rows of results, written as soon as known and never computed twice.

A row is one line of a JSON Lines file: what was to be done (its job, with a seed) and what was
found. Files are kept in the order of their jobs, however many processes worked on them, so that
only the seconds differ when an experiment is repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet.sweeps import interval
from agnet.workers import start_workers, stopping_workers

Row = dict[str, Any]

RESULTS: Final = Path(__file__).resolve().parent / "results"
THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def parser(doc: str | None, modes: Sequence[str], folder: str, seeds: int) -> Any:
    """Makes the command line that all experiments have."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("what", choices=modes)
    made.add_argument("--procs", type=int, default=2)
    made.add_argument("--seeds", type=int, default=seeds)
    made.add_argument("--only", nargs="+", help="strategies, or whatever else rows begin with")
    made.add_argument("--results", type=Path, default=RESULTS / folder)
    return made


def complete(
    jobs: Sequence[Row], work: Callable[[Row], Row], results: Path, procs: int, only: Any = None
) -> None:
    """Does what has not been done yet, several at a time, and writes each row at once.

    Args:
        jobs: What to do; the first value of each names the file of its row.
        work: Does it in a process of its own and says what was found; its CPU seconds are added.
        results: The folder of the files.
        procs: How many processes.
        only: First values to restrict the jobs to.
    """
    wanted = [job for job in jobs if not only or _first(job) in only]
    todo = [job for job in wanted if not _done(job, rows(results, _first(job)))]
    print(f"{len(wanted) - len(todo)} of {len(wanted)} are done", flush=True)
    if not todo:
        return
    os.environ.update(dict.fromkeys(THREADS, "1"))  # processes must not start a thread a core
    with start_workers(min(procs, len(todo))) as pool, stopping_workers():
        running = {pool.submit(_timed, work, job): job for job in todo}
        for number, future in enumerate(as_completed(running), start=1):
            job, found = running[future], future.result()
            _add(results / f"{_first(job)}.jsonl", job, found)
            print(f"{number}/{len(todo)}", *job.values(), found["seconds"], flush=True)


def rows(results: Path, name: str) -> list[Row]:
    """Reads the rows of one file; none if it is not there."""
    path = results / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def matching(found: Sequence[Row], **labels: Any) -> list[Row]:
    """Returns the rows with these labels."""
    return [row for row in found if all(row[key] == value for key, value in labels.items())]


def spread(values: Sequence[float], *, worst: Callable[..., float] = min, digits: int = 3) -> str:
    """Writes mean, half the width of its 95 % interval, and the worst seed's value."""
    if not values:
        return "-"
    found = interval(values)
    half = f" ± {found.half_width:.{digits}f}" if found.n > 1 else ""
    return f"{found.mean:.{digits}f}{half} ({worst(values):.{digits}f})"


def until(needed: Sequence[int | None], budget: int) -> list[str]:
    """Writes how many seeds found the best, and the queries to it: mean, median, worst.

    A seed that did not find it counts as the whole budget in the mean, which is then a lower bound.
    """
    if not needed:
        return ["-"] * 4
    numbers = np.array([np.inf if number is None else number for number in needed])
    found = np.isfinite(numbers)
    mean = interval(np.where(found, numbers, budget).tolist())
    half = f" ± {mean.half_width:.1f}" if mean.n > 1 else ""
    ends = (float(np.median(numbers)), float(numbers.max()))
    return [
        f"{found.sum()}/{len(needed)}",
        f"{'' if found.all() else '> '}{mean.mean:.1f}{half}",
        *[f"{end:.0f}" if np.isfinite(end) else f"> {budget}" for end in ends],
    ]


def table(head: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """Writes a table in Markdown."""
    texts = [" | ".join(map(str, line)) for line in (head, ["---"] * len(head), *lines)]
    return "\n".join(f"| {text} |" for text in texts)


def _timed(work: Callable[[Row], Row], job: Row) -> Row:
    """Does a job, and adds the CPU seconds that it took, which other work does not lengthen."""
    began = time.process_time()
    found = work(job)
    return found | {"seconds": round(time.process_time() - began, 2)}


def _first(job: Row) -> str:
    return str(next(iter(job.values())))


def _done(job: Row, found: Sequence[Row]) -> bool:
    return bool(matching(found, **job))


def _add(path: Path, job: Row, found: Row) -> None:
    """Adds a row where it belongs; a file is whole at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    all_rows = [*rows(path.parent, path.stem), job | found]
    all_rows.sort(key=lambda row: tuple(row[key] for key in job))
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(row) + "\n" for row in all_rows))
    part.replace(path)
