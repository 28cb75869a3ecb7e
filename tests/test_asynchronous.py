"""Searches that do not wait: what holds of a history whatever the timing, and of a resumed one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agnet.benchmarks import Benchmark
from agnet.errors import CheckpointError, InvalidInput
from agnet.loop import search
from agnet.objectives import Outcomes
from agnet.progress import Progress
from agnet.runs import Run, read_config
from agnet.spaces import Architecture, Architectures
from agnet.standing import Standing
from agnet.storage import RunStorage
from agnet.strategies import STRATEGIES, Problem, Strategy
from tests.toys import OutOfOrder, Toy

SMALL: dict[str, Any] = {"queries": 40, "init": 10, "strategy": "evolution", "asynchronous": True}
TWO = ("maximize val_accuracy", "minimize edgegpu_latency_ms")


def without_time(run: Run) -> list[tuple[object, ...]]:
    return [(r.query, r.round, r.arch, repr(r.values), r.feasible, r.failure) for r in run.rows]


def check_whole(run: Run, queries: int = 40) -> None:
    """Every number is there once, and so is every architecture."""
    assert [row.query for row in run.rows] == list(range(1, queries + 1))
    assert len({row.arch for row in run.rows}) == queries
    assert [row.round for row in run.rows] == [max(row.query - 10, 0) for row in run.rows]


class Stop(Progress):
    """Interrupts the search after a number of queries."""

    def __init__(self, after: int) -> None:
        self.after = after

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        return None

    def update(self, standing: Standing) -> None:
        if standing.queries == self.after:
            raise KeyboardInterrupt

    def stop(self) -> None:
        return None


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "popnas"])
def test_every_strategy_spends_its_budget_and_repeats_nothing(strategy: str) -> None:
    """Four evaluations at a time, which end in any order."""
    several = strategy in ("nsga3", "moead", "qnehvi", "qehvi", "qparego", "lamoo")
    objectives = TWO if several else TWO[:1]
    settings = {**SMALL, "strategy": strategy, "queries": 16, "objectives": objectives}
    run = search(Toy(), workers=OutOfOrder, **settings)
    check_whole(run, 16)
    assert run.best_so_far()[-1] >= run.best_so_far()[9]


@pytest.mark.parametrize("init", [0, 1, 10])
def test_without_workers_it_is_a_search_in_batches_of_one(init: int) -> None:
    settings = {**SMALL, "init": init}
    alone = search(Toy("raises"), **settings)
    assert without_time(alone) == without_time(
        search(Toy("raises"), **{**settings, "asynchronous": False, "batch": 1})
    )


def test_in_processes() -> None:
    run = search(Toy("raises", seconds=0.01), workers=2, **SMALL)
    check_whole(run)
    failed = [row for row in run.rows if row.failure is not None]
    assert failed
    assert all(row.arch.startswith("|none~0|") and not row.feasible for row in failed)


def made(into: list[OutOfOrder], benchmark: Benchmark, metrics: Sequence[str]) -> OutOfOrder:
    """A factory whose last product can be looked at, and that evaluates the latest first."""
    into.append(OutOfOrder(benchmark, metrics, latest=True))
    return into[-1]


def test_nobody_waits_for_an_evaluation_that_takes_long() -> None:
    """The three that were asked for first are never finished before there is nothing else to do."""
    products: list[OutOfOrder] = []
    run = search(Toy(), workers=partial(made, products), **SMALL)
    check_whole(run)
    begun = [row.arch for row in run.rows[10:]]
    assert products[0].log[10:] == [*begun[3:], *begun[2::-1]]


@pytest.mark.parametrize("after", [0, 1, 9, 10, 11, 24, 37, 39, 40])
def test_a_resumed_run_lacks_nothing_and_repeats_nothing(after: int, tmp_path: Path) -> None:
    products: list[OutOfOrder] = []
    workers = partial(made, products)
    with pytest.raises(KeyboardInterrupt):
        search(Toy("raises"), out=tmp_path, progress=Stop(after), workers=workers, **SMALL)
    before = Run.open(tmp_path, Toy())
    assert len(before) == after
    resumed = search(Toy("raises"), out=tmp_path, resume=True, workers=workers)
    check_whole(resumed)
    assert set(without_time(before)) <= set(without_time(resumed))
    evaluated = [text for product in products for text in product.log]
    assert sorted(evaluated) == sorted(row.arch for row in resumed.rows)
    assert read_config(tmp_path).asynchronous


def test_what_was_pending_is_evaluated_under_its_number(tmp_path: Path) -> None:
    """Numbers 11 to 13 are held back when the run is killed, and nothing is lost of the rest."""
    workers = partial(OutOfOrder, latest=True)
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path, progress=Stop(20), workers=workers, **SMALL)
    assert [row.query for row in Run.open(tmp_path, Toy()).rows[10:]] == list(range(14, 24))
    pending = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["pending"]
    assert [query for query, _ in pending] == [11, 12, 13, 23]  # the last was recorded, not told
    resumed = search(Toy(), out=tmp_path, resume=True, workers=workers)
    check_whole(resumed)
    assert [
        [row.query, row.arch] for row in resumed.rows if row.query in (11, 12, 13, 23)
    ] == pending


def test_without_its_checkpoint_it_goes_on_from_its_rows(tmp_path: Path) -> None:
    """The numbers that were pending are given to others."""
    workers = partial(OutOfOrder, latest=True)
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path, progress=Stop(20), workers=workers, **SMALL)
    before = Run.open(tmp_path, Toy())
    (tmp_path / "checkpoint.pt").unlink()
    resumed = search(Toy(), out=tmp_path, resume=True, workers=workers)
    check_whole(resumed)
    assert set(without_time(before)) <= set(without_time(resumed))


def test_a_finished_run_can_be_extended(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path, workers=OutOfOrder, **SMALL)
    check_whole(search(Toy("raises"), out=tmp_path, resume=True))
    longer = search(Toy(), out=tmp_path, resume=True, queries=47, workers=OutOfOrder)
    check_whole(longer, 47)


KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from agnet.loop import search
from agnet.runs import Run
from tests.test_asynchronous import SMALL, without_time
from tests.toys import OutOfOrder, Toy
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
chance, before = random.Random(5), set()
for kill in range(kills + 1):
    child = os.fork()
    if child == 0:
        fresh = not (folder / "config.toml").exists()
        search(Toy("raises", 0.002), out=folder, resume=not fresh, workers=OutOfOrder,
               **(SMALL if fresh else {}))
        os._exit(0)
    if kill < kills:
        time.sleep(chance.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if (folder / "config.toml").exists():
        after = set(without_time(Run.open(folder, Toy())))
        if not before <= after:
            sys.exit("rows were lost")
        before = after
"""


def test_sigkills_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLER, str(tmp_path / "run"), "8"]
    subprocess.run(command, check=True)
    check_whole(Run.open(tmp_path / "run", Toy()))


class Generation(Strategy):
    """Goes by generations of seven, and has nothing new until all of one was told."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self._space = problem.space
        self._all = list({str(arch): arch for arch in self._space.sample(99, rng)}.items())
        self._told: set[str] = set()

    def ask(self, n: int) -> Architectures:
        start = len(self._told) // 7 * 7
        left = [arch for text, arch in self._all[start : start + 7] if text not in self._told]
        return self._space.batch(left[:n])

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        self._told |= set(map(str, archs))

    def state_dict(self) -> dict[str, Any]:
        return {"told": sorted(self._told)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._told = set(state["told"])


def test_a_strategy_with_nothing_new_for_the_moment_is_asked_again() -> None:
    settings = {**SMALL, "strategy": Generation, "init": 0}
    run = search(Toy(), workers=OutOfOrder, **settings)
    assert len({row.arch for row in run.rows}) == len(run) == 40


def test_a_strategy_that_goes_by_steps_is_refused() -> None:
    with pytest.raises(InvalidInput, match="asynchronous for popnas"):
        search(Toy(), strategy="popnas", asynchronous=True)
    with pytest.raises(InvalidInput, match="asynchronous = 'yes'"):
        search(Toy(), asynchronous="yes")


def test_rows_that_the_checkpoint_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path, progress=Stop(20), workers=OutOfOrder, **SMALL)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    for wrong, said in (
        ({"queries": 30}, "after 30 queries"),
        ({"pending": [[12, "|none~0|"]]}, "malformed"),
        ({"pending": None}, "malformed"),
        ({"seed": 9}, "seed = 9"),
    ):
        torch.save({**state, **wrong}, tmp_path / "checkpoint.pt")
        with pytest.raises(CheckpointError, match=said):
            search(Toy(), out=tmp_path, resume=True)
    storage = RunStorage(tmp_path, write=False)
    assert len(storage.rows()) == 20
    storage.close()
