from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from agnet import Metric, Run, search
from agnet.benchmarks import Benchmark, FunctionBenchmark
from agnet.errors import EvaluationError, InvalidInput
from agnet.spaces import Architecture, ChoiceSpace
from agnet.testing import BenchmarkContract

SPACE = ChoiceSpace.numbered((4, 4, 6, 6), (True, True, False, False))
METRICS = (
    Metric("loss", "", "minimize"),
    Metric("cost", "ms", "minimize"),
    Metric("test_loss", "", "minimize", held_out=True),
)


def measured(arch: Architecture) -> Mapping[str, float]:
    a, b, c, d = arch.choices
    loss = (a - 2) ** 2 + (b - 1) ** 2 + (c != d)
    return {"loss": loss, "cost": 1.0 + a + b, "test_loss": loss + 0.5}


def broken_by_some(arch: Architecture) -> Mapping[str, float]:
    if arch.choices[0] == 3:
        raise RuntimeError("out of luck")
    return measured(arch)


def forgetful(arch: Architecture) -> Mapping[str, float]:
    return {"loss": 0.0}


class TestFunctionBenchmark(BenchmarkContract):
    def benchmark(self) -> Benchmark:
        return FunctionBenchmark(SPACE, measured, METRICS)


def test_a_search_finds_the_best_of_a_function() -> None:
    run = search(
        FunctionBenchmark(SPACE, measured, METRICS), strategy="gp", queries=48, init=16, seed=0
    )
    assert run.best_so_far()[-1] == 0.0
    assert run.best is not None and run.best.choices[:2] == (2, 1)
    assert run.columns[0] == "loss" and "test_loss" not in run.columns
    assert run.test() == {"test_loss": 0.5}


def test_what_it_raises_is_a_failed_query() -> None:
    bench = FunctionBenchmark(SPACE, broken_by_some, METRICS)
    run = search(bench, strategy="random", queries=40, init=16, seed=0)
    failed = [row for row in run.rows if row.failure]
    assert failed and all(SPACE.parse(row.arch).choices[0] == 3 for row in failed)
    assert "out of luck" in str(failed[0].failure)
    assert len(run) == 40


def test_a_run_is_opened_with_the_benchmark(tmp_path: Path) -> None:
    bench = FunctionBenchmark(SPACE, measured, METRICS)
    run = search(bench, strategy="random", queries=20, seed=0, out=tmp_path / "run")
    again = Run.open(tmp_path / "run", bench)
    assert again.history.drop(columns="seconds").equals(run.history.drop(columns="seconds"))
    with pytest.raises(InvalidInput, match="'function'"):
        Run.open(tmp_path / "run")


def test_a_metric_that_is_left_out_is_named() -> None:
    bench = FunctionBenchmark(SPACE, forgetful, METRICS)
    archs = SPACE.sample(2, np.random.default_rng(0))
    assert bench.query(archs, ["loss"]).tolist() == [[0.0], [0.0]]
    said = re.escape(f"the function forgetful gave loss for {archs[0]}; expected cost too")
    with pytest.raises(EvaluationError, match=said):
        bench.query(archs, ["loss", "cost"])


@pytest.mark.parametrize("metrics", [(), METRICS[2:], (METRICS[0], METRICS[0])])
def test_metrics_that_cannot_be_searched_by_are_refused(metrics: tuple[Metric, ...]) -> None:
    with pytest.raises(InvalidInput, match="got the metrics"):
        FunctionBenchmark(SPACE, measured, metrics)
