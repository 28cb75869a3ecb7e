"""Evaluations on a Ray cluster of two machines, both of them this one."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agnet.cli import main
from agnet.environment import environment
from agnet.errors import EvaluationError, InvalidInput, MissingExtra
from agnet.evaluation import Evaluation, Evaluator, InProcess
from agnet.loop import search
from agnet.progress import Progress
from agnet.ray_cluster import LOCAL, settings_for
from agnet.ray_evaluation import RayEvaluator
from agnet.runs import Run
from agnet.spaces import Architectures
from agnet.standing import Standing
from tests.toys import Threads, Toy, dies_when_unpickled

METRICS = ("val_accuracy", "edgegpu_latency_ms")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two machines of one CPU, to which this process is connected."""
    with environment(settings_for(LOCAL)):  # the test is not for the network either
        import ray
        from ray.cluster_utils import Cluster

        started = Cluster(initialize_head=True, head_node_args={"include_dashboard": False})
        started.add_node()
        ray.init(started.address, log_to_driver=False, logging_level=logging.ERROR)
    yield started
    ray.shutdown()
    started.shutdown()


def archs(n: int = 6) -> Architectures:
    """Cells of which every other one begins with ``none``."""
    choices = np.random.default_rng(0).integers(1, 5, size=(n, 6))
    choices[::2, 0] = 0
    return Toy().space.from_choices(choices)


def collect(evaluator: Evaluator, n: int = 6) -> list[Evaluation]:
    with evaluator:
        found = dict(evaluator.evaluate(list(archs(n))))
    assert sorted(found) == list(range(n))
    return [found[i] for i in range(n)]


def without_time(run: Run) -> list[tuple[object, ...]]:
    return [(r.query, r.round, r.arch, repr(r.values), r.feasible, r.failure) for r in run.rows]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("behaviour", ["good", "raises", "nan"])
def test_a_cluster_gives_what_this_process_gives(behaviour: str) -> None:
    here = collect(InProcess(Toy(behaviour), METRICS))
    there = collect(RayEvaluator(Toy(behaviour), METRICS))
    assert [repr(item.values) for item in here] == [repr(item.values) for item in there]
    assert [item.failure for item in here] == [item.failure for item in there]


@pytest.mark.usefixtures("cluster")
def test_a_process_that_dies_is_tried_once_more(tmp_path: Path) -> None:
    toy = Toy("dies once", mark=str(tmp_path / "mark"))
    found = collect(RayEvaluator(toy, METRICS), 2)
    assert (tmp_path / "mark").exists()
    expected = Toy().query(list(archs(2)), METRICS)
    assert np.array_equal([item.values for item in found], expected)


@pytest.mark.usefixtures("cluster")
def test_a_process_that_dies_twice_is_a_failure() -> None:
    found = collect(RayEvaluator(Toy("dies"), METRICS), 2)
    why = "the evaluating process died, twice (WorkerCrashedError)"
    assert [item.failure for item in found] == [why, None]
    assert np.isnan(found[0].values).all()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.usefixtures("cluster")
def test_what_is_under_way_ends_when_one_leaves() -> None:
    """The first of two evaluations sleeps; the CPU it holds is free again when nobody waits."""
    import ray

    with RayEvaluator(Toy("sleeps"), METRICS) as evaluator:
        position, outcome = next(evaluator.evaluate(iter(archs(2))))
        assert (position, outcome.failure) == (1, None)
        wait_until(lambda: ray.available_resources().get("CPU", 0) < 2)  # it is told now and then
    wait_until(lambda: ray.available_resources().get("CPU", 0) >= 2)


@pytest.mark.usefixtures("cluster")
def test_an_evaluation_has_as_many_threads_as_this_process() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        (found,) = collect(RayEvaluator(Threads(), METRICS[:1]), 1)
    finally:
        torch.set_num_threads(before)
    assert found.values == (before + 1,)


@pytest.mark.usefixtures("cluster")
def test_workers_that_cannot_load_the_benchmark_are_an_error_not_a_result() -> None:
    with pytest.raises(EvaluationError, match="cannot load the benchmark"):
        collect(RayEvaluator(dies_when_unpickled(), METRICS))


@pytest.mark.usefixtures("cluster")
def test_a_cluster_without_room_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="no machine of the Ray cluster has {'CPU': 2.0}"):
        collect(RayEvaluator(Toy(), METRICS, cpus=2))


class Kill(Progress):
    """Kills a machine after a number of queries."""

    def __init__(self, cluster: Any, after: int) -> None:
        self._cluster, self._after = cluster, after
        self._machine = cluster.add_node()

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        return None

    def update(self, standing: Standing) -> None:
        if standing.queries == self._after:
            self._cluster.remove_node(self._machine, allow_graceful=False)

    def stop(self) -> None:
        return None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_machine_that_is_lost_changes_nothing(asynchronous: bool, cluster: Any) -> None:
    """Three evaluations are under way at any time, one of them on the machine that is killed."""
    settings: dict[str, Any] = {"queries": 20, "init": 8, "batch": 6, "strategy": "evolution"}
    settings["asynchronous"] = asynchronous
    toy = Toy("raises", seconds=0.2)
    run = search(toy, workers=RayEvaluator, progress=Kill(cluster, 11), **settings)
    assert [row.query for row in run.rows] == list(range(1, 21))
    assert len({row.arch for row in run.rows}) == 20
    assert {row.failure for row in run.rows} <= {None, "RuntimeError: out of memory"}
    if not asynchronous:
        assert without_time(run) == without_time(search(Toy("raises"), **settings))


def test_the_command_line(cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = [
        "agnet",
        "search",
        "--strategy",
        "random",
        "--queries",
        "6",
        "--quiet",
        "--init",
        "2",
    ]
    more = ["--ray", cluster.address, "--ray-cpus", "0.5", "--workers", "3"]
    for folder, options in (("here", []), ("there", more)):
        monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / folder), *options])
        with pytest.raises(SystemExit, match="0"):
            main()
    here, there = (Run.open(tmp_path / folder) for folder in ("here", "there"))
    assert without_time(here) == without_time(there)


ALONE = """
import os, psutil, sys
from agnet.evaluation import InProcess
from agnet.ray_cluster import LOCAL_ENVIRONMENT
from agnet.ray_evaluation import RayEvaluator
from tests.test_ray_evaluation import METRICS, archs, collect
from tests.toys import Toy

with RayEvaluator(Toy(), METRICS, at_a_time=1) as evaluator:
    found = dict(evaluator.evaluate(archs(1)))
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [socket for process in mine for socket in process.net_connections("inet")]
    listening = {socket.laddr.ip for socket in sockets if socket.status == "LISTEN"}
    dashboards = [socket for socket in sockets if socket.laddr.port == 8265]
assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}, listening
assert listening and not dashboards
assert found[0].values == collect(InProcess(Toy(), METRICS), 1)[0].values
assert not os.environ.keys() & LOCAL_ENVIRONMENT.keys()
"""


def test_a_cluster_of_this_machine_alone_is_not_reached_by_others() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1"])
def test_a_cluster_that_is_not_there(address: str, tmp_path: Path) -> None:
    """And a search that was to be evaluated there has left nothing that is in the way."""
    import ray

    if ray.is_initialized():
        ray.shutdown()
    lost = partial(RayEvaluator, address=address)
    with pytest.raises(InvalidInput, match=f"Ray cluster at '{address}'"):
        search(Toy(), out=tmp_path, workers=lost, strategy="random", queries=5, init=2)
    assert len(search(Toy(), out=tmp_path, strategy="random", queries=5, init=2)) == 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cpus": -1.0}, "-1.0 cpus"),
        ({"gpus": float("nan")}, "nan gpus"),
        ({"gpus": 1.5}, "whole number"),
        ({"cpus": 0.0}, "neither"),
        ({"at_a_time": 0}, "0 evaluations at a time"),
    ],
)
def test_bad_input_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        RayEvaluator(Toy(), METRICS, **settings)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"agnet\[ray\]"):
        RayEvaluator(Toy(), METRICS)
