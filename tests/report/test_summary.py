from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from agnet.report.summary import best_of, how_to_go_on, metrics_of, summary
from tests.report.made import made_run
from tests.report.runs import searched, two
from tests.test_markup import Reader


def test_the_best_comes_first_and_every_group_has_a_line() -> None:
    groups = {"a": [searched(seed=seed) for seed in range(3)], "<b>": [searched(seed=9)]}
    found = Reader(summary(groups))
    best = max(run.best_so_far()[-1] for runs in groups.values() for run in runs)
    assert f"The best val_accuracy is {best:.4g}, by random." in found.text
    assert "4 runs, 48 queries: maximize val_accuracy." in found.text
    assert "<b>" in found.text
    assert "b" not in [tag for tag, _ in found.tags]
    mean = np.mean([run.best_so_far()[-1] for run in groups["a"]])
    assert f"{mean:.4g} ±" in found.text


def test_what_is_worth_a_drawing() -> None:
    run = searched(queries=40)
    rows = best_of(run)
    values = run.values[rows, run.columns.index("val_accuracy")]
    assert len(rows) == 6
    assert (np.diff(values) <= 0).all()
    assert values[0] == run.best_so_far()[-1]
    front = two(queries=60)
    assert [front.rows[at].arch for at in best_of(front)] == [row.arch for row in front.pareto()]
    assert ("params_m", f"{front.values[0, 1]:.4g} M") in metrics_of(front, 0)


def test_a_limit_that_nothing_keeps_is_said() -> None:
    run = searched(limits=["val_accuracy>=99.9"])
    text = Reader(summary({"a": [run]})).text
    assert "Nothing feasible was found: 0 of 12 evaluations failed, none kept" in text
    assert best_of(run) == []


def test_failures_and_why_they_failed_are_said() -> None:
    run = made_run([float("nan")] * 3)
    failed = replace(run.rows[0], failure="RuntimeError: out of <memory>")
    run.rows = (failed, failed, replace(failed, failure="killed"))
    text = Reader(summary({"a": [run]})).text
    assert "found: all 3 evaluations failed (RuntimeError: out of <memory>)." in text
    assert "nothing has been evaluated yet" in Reader(summary({"a": [made_run([])]})).text


def test_all_that_found_the_best_are_named() -> None:
    runs = {name: [made_run([5.0, 7.0], strategy=name)] for name in ("eda", "gp")}
    text = Reader(summary({**runs, "trees": [made_run([6.0], strategy="trees")]})).text
    assert "The best val_accuracy is 7, by eda, gp." in text


def test_equal_values_have_no_interval() -> None:
    groups = {"a": [made_run([91.6066666666666]) for _ in range(30)]}
    assert "91.61 ± 0" in Reader(summary(groups)).text


def test_the_commands_that_go_on(tmp_path: Path) -> None:
    run = searched(tmp_path / "a run")
    text = Reader(how_to_go_on({"a": [run]})).text
    where = f"'{tmp_path}/a run'"
    assert f"agnet search --resume --out {where} --queries 24" in text
    assert 'strategy = "random"' in text
