from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from agnet.benchmarks import TableBenchmark, open_benchmark
from agnet.errors import CheckpointError, InvalidInput, MissingData, RunLocked, StrategyError
from agnet.loop import search
from agnet.objectives import Outcomes
from agnet.preparation import initial_architectures
from agnet.progress import Progress
from agnet.runs import Run, read_config
from agnet.spaces import Architecture, Architectures, NASBench201
from agnet.standing import Standing
from agnet.storage import QueryRow, RunStorage
from agnet.strategies import Evolution, Problem, RandomSearch, Strategy
from tests.toys import Toy

SMALL: dict[str, Any] = {"queries": 60, "init": 10, "batch": 7, "strategy": "evolution"}


def without_time(run: Run) -> list[tuple[object, ...]]:
    return [(r.query, r.round, r.arch, repr(r.values), r.feasible, r.failure) for r in run.rows]


def history_without_time(folder: Path) -> list[list[str]]:
    lines = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
    return [line.rsplit(",", 2)[0].split(",") for line in lines]


class Stop(Progress):
    """Interrupts the search after a number of queries."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.stopped = False

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        self.total = total

    def update(self, standing: Standing) -> None:
        if standing.queries == self.after:
            raise KeyboardInterrupt

    def stop(self) -> None:
        self.stopped = True


def test_a_search_spends_its_budget_and_finds_something() -> None:
    run = search(Toy(), **SMALL)
    assert len(run) == 60
    assert [row.query for row in run.rows] == list(range(1, 61))
    assert max(row.round for row in run.rows) == 8
    assert len({row.arch for row in run.rows}) == 60
    assert run.best_query is not None
    assert run.best_query.values[0] == run.best_so_far()[-1] == run.values[:, 0].max()
    assert run.best_query.values[0] > run.values[:10, 0].max()


def test_same_seed_same_history_whatever_the_strategy_draws_first() -> None:
    first, second = search(Toy(), seed=3, **SMALL), search(Toy(), seed=3, **SMALL)
    assert without_time(first) == without_time(second)
    other = search(Toy(), seed=3, **{**SMALL, "strategy": "random"})
    assert without_time(other)[:10] == without_time(first)[:10]
    assert without_time(other) != without_time(first)
    assert without_time(search(Toy(), seed=4, **SMALL))[:10] != without_time(first)[:10]


def test_workers_do_not_change_the_history() -> None:
    alone = search(Toy("raises"), **SMALL)
    together = search(Toy("raises"), workers=3, **SMALL)
    assert without_time(alone) == without_time(together)


def test_initial_architectures_are_distinct_even_when_most_of_the_space_is_drawn() -> None:
    drawn = initial_architectures(NASBench201(), 15_000, seed=0)
    assert len(np.unique(NASBench201().keys(drawn))) == 15_000


@pytest.mark.parametrize("behaviour", ["raises", "nan"])
def test_failures_are_recorded_and_told(behaviour: str) -> None:
    run = search(Toy(behaviour), **SMALL)
    failed = [row for row in run.rows if row.failure is not None]
    assert failed
    assert all(row.arch.startswith("|none~0|") and not row.feasible for row in failed)
    assert len(run) == 60
    assert run.history["failure"].notna().sum() == len(failed)


@pytest.mark.parametrize("after", [0, 1, 9, 10, 11, 24, 59])
def test_interrupted_and_resumed_equals_unbroken(after: int, tmp_path: Path) -> None:
    whole = search(Toy("raises"), out=tmp_path / "whole", **SMALL)
    progress = Stop(after)
    with pytest.raises(KeyboardInterrupt):
        search(Toy("raises"), out=tmp_path / "broken", progress=progress, **SMALL)
    assert progress.stopped
    resumed = search(Toy("raises"), out=tmp_path / "broken", resume=True)
    assert without_time(resumed) == without_time(whole)
    assert history_without_time(tmp_path / "broken") == history_without_time(tmp_path / "whole")
    assert without_time(Run.open(tmp_path / "broken", Toy())) == without_time(whole)


def test_a_run_killed_in_its_short_last_round_can_be_given_a_larger_budget(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path / "whole", **SMALL)
    whole = search(Toy(), out=tmp_path / "whole", resume=True, queries=67)
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path / "broken", progress=Stop(60), **SMALL)
    broken = search(Toy(), out=tmp_path / "broken", resume=True, queries=67)
    assert without_time(broken) == without_time(whole)
    (tmp_path / "broken/checkpoint.pt").unlink()
    replayed = search(Toy("raises"), out=tmp_path / "broken", resume=True)
    assert without_time(replayed) == without_time(whole)


def test_history_is_in_order_though_workers_are_not(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path / "a", **SMALL)
    search(Toy(seconds=0.001), out=tmp_path / "b", workers=3, **SMALL)
    assert history_without_time(tmp_path / "a") == history_without_time(tmp_path / "b")


class Repetitive(Strategy):
    """Proposes what it was told first."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.told: list[Architecture] = []
        self.problem = problem

    def ask(self, n: int) -> Architectures:
        return self.problem.space.batch(self.told[:n])

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        self.told += archs

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        return


def test_a_strategy_that_repeats_itself_is_stopped() -> None:
    with pytest.raises(StrategyError, match="7 evaluated before"):
        search(Toy(), **{**SMALL, "strategy": Repetitive})


def test_a_strategy_of_ones_own_is_named_in_the_run(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path, **{**SMALL, "strategy": RandomSearch})
    assert Run.open(tmp_path, Toy()).config.strategy == "RandomSearch"
    with pytest.raises(CheckpointError, match="strategy"):
        search(Toy(), out=tmp_path, resume=True, queries=70, strategy=Evolution)
    assert Run.open(tmp_path, Toy()).config.strategy == "RandomSearch"
    again = search(Toy(), out=tmp_path, resume=True, queries=70, strategy=RandomSearch)
    assert len(again) == 70


def test_a_run_without_its_checkpoint_is_replayed_from_its_rows(tmp_path: Path) -> None:
    whole = search(Toy(), **SMALL)
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path, progress=Stop(40), **SMALL)
    (tmp_path / "checkpoint.pt").unlink()
    # the recorded rows are not evaluated again: doing so would fail
    resumed = search(Toy("raises"), out=tmp_path, resume=True)
    assert without_time(resumed)[:40] == without_time(whole)[:40]


def test_a_finished_run_can_be_extended_but_not_shortened(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path, **SMALL)
    again = search(Toy(), out=tmp_path, resume=True)
    assert len(again) == 60
    longer = search(Toy(), out=tmp_path, resume=True, queries=67)
    assert len(longer) == 67
    assert Run.open(tmp_path, Toy()).config.queries == 67
    with pytest.raises(InvalidInput, match="made with 67"):
        search(Toy(), out=tmp_path, resume=True, queries=60)
    with pytest.raises(InvalidInput, match="only queries"):
        search(Toy(), out=tmp_path, resume=True, seed=3)


KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from agnet.loop import search
from tests.toys import Toy
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
settings = dict(queries=60, init=10, batch=7, strategy="evolution")
chance = random.Random(5)
for kill in range(kills + 1):
    child = os.fork()
    if child == 0:
        fresh = not (folder / "config.toml").exists()
        search(Toy("raises", 0.002), out=folder, resume=not fresh, **(settings if fresh else {}))
        os._exit(0)
    if kill < kills:
        time.sleep(chance.uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_twenty_sigkills_change_nothing(tmp_path: Path) -> None:
    whole = search(Toy("raises"), **SMALL)
    command = [sys.executable, "-c", KILLER, str(tmp_path / "run"), "20"]
    subprocess.run(command, check=True)
    assert without_time(Run.open(tmp_path / "run", Toy())) == without_time(whole)


def test_limits_and_several_objectives() -> None:
    run = search(
        Toy(),
        objectives=["maximize val_accuracy", "minimize edgegpu_latency_ms"],
        limits=["edgegpu_latency_ms<=3"],
        **{**SMALL, "strategy": "random"},
    )
    feasible = run.values[:, 1] <= 3
    assert [row.feasible for row in run.rows] == feasible.tolist()
    assert run.best_query is not None
    assert run.best_query.values[0] == run.values[feasible, 0].max()


def test_the_front_and_its_hypervolume() -> None:
    """The points are worth what boxes are, from the worst of the initial cells."""
    settings: dict[str, Any] = {
        "objectives": ["maximize val_accuracy", "minimize edgegpu_latency_ms"],
        "limits": ["edgegpu_latency_ms<=4"],
        **SMALL,
        "strategy": "random",
    }
    run = search(Toy(), **settings)
    accuracy, latency = run.values.T
    initial = slice(0, run.config.init)
    worst = [accuracy[initial].min(), latency[initial].max()]
    assert run.reference.tolist() == worst
    expected = [
        row.query
        for row in run.rows
        if row.feasible
        and not any(
            other.feasible
            and other.values[0] >= row.values[0]
            and other.values[1] <= row.values[1]
            and (other.values != row.values or other.query < row.query)
            for other in run.rows
        )
    ]
    front = run.pareto()
    assert sorted(row.query for row in front) == expected
    best_first = [row.values[0] for row in front]
    assert best_first == sorted(best_first, reverse=True)
    assert run.best_query == front[0]
    inside = [row for row in front if row.values[0] > worst[0] and row.values[1] < worst[1]]
    volume, dearer = 0.0, worst[1]
    for row in inside:  # accuracy falls along the front, and latency with it
        volume += (row.values[0] - worst[0]) * (dearer - row.values[1])
        dearer = row.values[1]
    assert run.hypervolume()[-1] == pytest.approx(volume)
    assert run.history["hypervolume"].tolist() == run.hypervolume().tolist()
    stated = search(Toy(), **settings, reference=[worst[0], worst[1] + 1])
    assert stated.hypervolume()[-1] > run.hypervolume()[-1]
    assert "hypervolume" not in search(Toy(), **SMALL).history


@pytest.mark.parametrize(
    ("strategy", "queries", "initial"), [("random", 20, 16), ("random", 6, 6), ("popnas", 20, 0)]
)
def test_a_search_begins_as_its_strategy_usually_does(
    strategy: str, queries: int, initial: int, tmp_path: Path
) -> None:
    run = search(Toy(), strategy=strategy, queries=queries, out=tmp_path / "run")
    assert run.config.init == read_config(tmp_path / "run").init == initial


def test_without_initial_ones_the_reference_is_of_the_first_queries() -> None:
    run = search(
        Toy(),
        objectives=["maximize val_accuracy", "minimize edgegpu_latency_ms"],
        **{**SMALL, "strategy": "random", "init": 0},
    )
    accuracy, latency = run.values[:16].T
    assert run.reference.tolist() == [accuracy.min(), latency.max()]


def test_no_reference_where_all_initial_ones_failed() -> None:
    """The first seed whose only initial cell begins with ``none``, for which the toy fails."""
    seed = next(
        at for at in range(99) if initial_architectures(NASBench201(), 1, at)[0].choices[0] == 0
    )
    run = search(
        Toy("raises"),
        objectives=["maximize val_accuracy", "minimize edgegpu_latency_ms"],
        **{**SMALL, "strategy": "random", "init": 1, "seed": seed},
    )
    assert np.isnan(run.reference).all()
    assert np.isnan(run.hypervolume()).all()


def test_nothing_feasible_is_an_answer() -> None:
    run = search(Toy(), limits=["edgegpu_latency_ms<=0"], **SMALL)
    assert run.best is None
    assert np.isnan(run.best_so_far()).all()
    with pytest.raises(InvalidInput, match="nothing feasible"):
        run.test()


def test_test_metrics_are_read_once_and_recorded(tmp_path: Path) -> None:
    run = search(Toy(), out=tmp_path, **SMALL)
    assert not run.tested
    assert run.best_query is not None
    expected = {"test_accuracy": run.best_query.values[0] + 1}
    assert run.test() == expected
    reopened = Run.open(tmp_path, Toy("raises"))
    assert reopened.tested == run.best_query.arch
    assert reopened.test() == expected


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"objectives": ["maximize accuracy"]}, InvalidInput, "val_accuracy"),
        ({"objectives": ["maximize test_accuracy"]}, InvalidInput, "held out"),
        ({"limits": ["test_accuracy>=90"]}, InvalidInput, "held out"),
        ({"limits": ["speed<=5"]}, InvalidInput, "'speed'"),
        ({"limits": ["fpga_latency_ms<=5"]}, MissingData, "agnet import"),
        ({"queries": 20_000}, InvalidInput, "only 15625"),
        ({"strategy": "genius"}, InvalidInput, "'genius'"),
        ({"options": {"genius": 1}}, InvalidInput, "'genius'"),
        ({"quueries": 1}, InvalidInput, "'quueries'"),
        ({"workers": -1}, InvalidInput, "workers = -1"),
        ({"workers": "2"}, InvalidInput, "workers = '2'"),
        ({"workers": 1.5}, InvalidInput, "workers = 1.5"),
        ({"config": {"queries": 3}}, InvalidInput, "expected a SearchConfig"),
        ({"strategy": 3}, InvalidInput, "expected a name"),
        ({"strategy": int}, InvalidInput, "<class 'int'>; expected a name"),
        ({"strategy": lambda problem, rng: None}, InvalidInput, "expected a name"),
        ({"options": [1]}, InvalidInput, "expected a table"),
        ({"reference": 5}, InvalidInput, "list of numbers"),
        ({"limits": "speed<=5"}, InvalidInput, "list of texts"),
        ({"limits": None}, InvalidInput, "list of texts"),
        ({"objectives": 3}, InvalidInput, "list of texts"),
        ({"warm_start": 3}, InvalidInput, "warm_start = 3"),
        ({"out": 3}, InvalidInput, "out = 3"),
        ({"resume": True}, InvalidInput, "folder"),
    ],
)
def test_bad_input_is_refused(settings: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        search(Toy(), **settings)


def test_limits_that_nothing_keeps_are_refused_where_they_can_be_computed() -> None:
    for limits in (["params_m<=0.01"], ["params_m>=1", "flops_m<=20"]):
        with pytest.raises(InvalidInput, match=r"none of the 15625 .* loosen them"):
            search(open_benchmark("nasbench201"), limits=limits)


def test_what_is_no_benchmark_or_no_folder_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'nasbench201'; expected what open_benchmark returns"):
        search("nasbench201")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="folder = None"):
        Run.open(None)  # type: ignore[arg-type]


def test_a_run_to_begin_with_can_be_named_by_itself(tmp_path: Path) -> None:
    first = search(Toy(), out=tmp_path / "first", strategy="random", queries=8, init=8)
    few: dict[str, Any] = {"queries": 3, "init": 2, "options": {"generator": False}}
    run = search(Toy(), warm_start=first, **few)
    assert run.config.warm_start == str(tmp_path / "first")
    with pytest.raises(InvalidInput, match="kept in memory"):
        search(Toy(), warm_start=run, **few)


def test_by_default_there_are_no_more_queries_than_architectures() -> None:
    table = pd.DataFrame({"arch": map(str, NASBench201().enumerate()[:7]), "accuracy": range(7)})
    run = search(TableBenchmark(table, NASBench201()), strategy="random")
    assert len(run) == 7
    assert run.best_query is not None
    assert run.best_query.values == (6.0,)


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path, **SMALL)
    with pytest.raises(InvalidInput, match="a run lies in"):
        search(Toy(), out=tmp_path, **SMALL)
    with pytest.raises(InvalidInput, match="holds no run"):
        search(Toy(), out=tmp_path / "elsewhere", resume=True)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path, **SMALL)
    writer = RunStorage(tmp_path, write=True)
    with pytest.raises(RunLocked):
        search(Toy(), out=tmp_path, resume=True)
    writer.close()


def test_foreign_and_malformed_checkpoints_are_refused(tmp_path: Path) -> None:
    search(Toy(), out=tmp_path / "a", **SMALL)
    search(Toy(), out=tmp_path / "b", **{**SMALL, "strategy": "random"})
    search(Toy(), out=tmp_path / "c", **{**SMALL, "queries": 80})
    shutil.copy(tmp_path / "b/checkpoint.pt", tmp_path / "a/checkpoint.pt")
    with pytest.raises(CheckpointError, match="strategy = 'random'"):
        search(Toy(), out=tmp_path / "a", resume=True)
    shutil.copy(tmp_path / "c/checkpoint.pt", tmp_path / "a/checkpoint.pt")
    with pytest.raises(CheckpointError, match="ahead of"):
        search(Toy(), out=tmp_path / "a", resume=True)
    state = torch.load(tmp_path / "c/checkpoint.pt", weights_only=True)
    torch.save({**state, "state": {}}, tmp_path / "c/checkpoint.pt")
    with pytest.raises(CheckpointError):
        search(Toy(), out=tmp_path / "c", resume=True, queries=90)


def test_rows_that_do_not_belong_to_the_configuration_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(Toy(), out=tmp_path, progress=Stop(12), **SMALL)
    storage = RunStorage(tmp_path, write=True)
    row = storage.rows()[0]
    storage.record(QueryRow(13, 1, row.arch, row.values, True, 0.0, None))
    storage.close()
    with pytest.raises(CheckpointError, match="query 13"):
        search(Toy(), out=tmp_path, resume=True)
