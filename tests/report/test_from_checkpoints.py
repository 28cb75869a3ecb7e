"""The figures that are told from the checkpoint of a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from agnet import search
from agnet.report._checkpoints import restored
from agnet.report.importance_modes import ImportanceModes
from agnet.report.lamoo_regions import LamooRegions
from agnet.report.popnas_fronts import PopnasFronts
from agnet.runs import Run
from agnet.storage import CHECKPOINT, RunStorage
from agnet.strategies import POPNAS, Importance, LaMOO
from tests.report.made import ACCURACY, LATENCY, made_run, painted, said, same
from tests.toys import Toy

FIGURES = {"popnas": PopnasFronts, "importance": ImportanceModes, "lamoo": LamooRegions}


def toy_run(strategy: str, folder: Path, queries: int = 40) -> Run:
    return search(
        Toy(),
        strategy=strategy,
        objectives=(ACCURACY, LATENCY),
        queries=queries,
        batch=8,
        out=folder,
    )


@pytest.mark.slow
def test_predicted_cells_are_shown_with_what_came_of_them(tmp_path: Path) -> None:
    run = toy_run("popnas", tmp_path / "run", 160)
    found = PopnasFronts.of(run)
    strategy = restored(run, "popnas")
    assert isinstance(strategy, POPNAS)
    later = strategy.plan.step > 0
    assert found.steps and found.step.tolist() == strategy.plan.step[later].tolist()
    assert np.array_equal(found.predicted, strategy.plan.predicted[later])
    rows = {row.arch: row.values for row in run.rows}
    for text, observed in zip(found.texts, found.observed, strict=True):
        assert same(observed, rows.get(text, (np.nan, np.nan)))
    drawn, page = painted(found.matplotlib()).axes[0], found.plotly()
    clouds = [trace for trace in page.data if trace.mode == "markers"]
    for cloud, scatter in zip(clouds, drawn.collections, strict=True):
        assert np.array_equal(scatter.get_offsets(), np.stack([cloud.x, cloud.y], axis=1))


def test_modes_are_those_of_the_distributions(tmp_path: Path) -> None:
    run = toy_run("importance", tmp_path / "run")
    found, strategy = ImportanceModes.of(run), restored(run, "importance")
    assert isinstance(strategy, Importance) and len(found.price) == 5
    assert found.entropy.tolist() == [mode.entropy for mode in strategy.modes()]
    assert found.texts == tuple(str(mode.arch) for mode in strategy.modes())
    drawn, page = painted(found.matplotlib()), found.plotly()
    for axes, trace in zip(drawn.axes, page.data, strict=True):
        assert same(axes.lines[0].get_ydata(), trace.y) and same(trace.x, found.price)


def test_rounds_say_where_proposals_lay(tmp_path: Path) -> None:
    run = toy_run("lamoo", tmp_path / "run")
    found, strategy = LamooRegions.of(run), restored(run, "lamoo")
    assert isinstance(strategy, LaMOO) and len(found.known) == len(strategy.rounds()) > 0
    assert found.proposed.sum(axis=1).tolist() == [one.proposed for one in strategy.rounds()]
    drawn, page = painted(found.matplotlib()), found.plotly()
    bars_drawn = [bar for bar in drawn.axes[1].patches if isinstance(bar, Rectangle)]
    heights = np.array([bar.get_height() for bar in bars_drawn])
    bars = np.concatenate([trace.y for trace in page.data[2:]])
    assert np.array_equal(heights, bars) and np.array_equal(bars, found.proposed.T.ravel())
    assert same(drawn.axes[0].lines[0].get_ydata(), page.data[0].y)


@pytest.mark.parametrize("name", FIGURES)
def test_without_a_checkpoint_a_figure_says_so(name: str, tmp_path: Path) -> None:
    both = (ACCURACY, LATENCY)
    run = made_run([(1, 2)], both, strategy=name)
    run.folder = tmp_path
    RunStorage(tmp_path, write=True, columns=run.columns).close()
    (tmp_path / CHECKPOINT).write_bytes(b"broken")
    others = {
        "kept in memory": made_run([(1, 2)], both, strategy=name),
        f"not of {name}": made_run([(1, 2)], both, strategy="random"),
        "checkpoint": run,
    }
    for words, one in others.items():
        found = FIGURES[name].of(one)  # type: ignore[attr-defined]
        figures = painted(found.matplotlib()), found.plotly()
        assert all(words in said(figure) for figure in figures)
        json.loads(figures[1].to_json())


def test_one_objective_has_no_predicted_front() -> None:
    found = PopnasFronts.of(made_run([1.0], strategy="popnas"))
    assert "no front" in said(painted(found.matplotlib()))
