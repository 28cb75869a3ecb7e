"""The figures that are told from the checkpoint of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from agnet import search
from agnet.report._checkpoints import restored
from agnet.report.importance_distributions import ImportanceDistributions
from agnet.report.importance_modes import ImportanceModes
from agnet.report.lamoo_chosen import PLACES, LamooChosen
from agnet.report.lamoo_regions import LamooRegions
from agnet.report.lamoo_tree import LamooTree
from agnet.report.popnas_fronts import PopnasFronts
from agnet.runs import Run
from agnet.storage import CHECKPOINT, RunStorage
from agnet.strategies import POPNAS, Importance, LaMOO
from tests.report.made import ACCURACY, LATENCY, made_run, painted, said, same
from tests.toys import Toy

FIGURES = [
    ("popnas", PopnasFronts),
    ("importance", ImportanceModes),
    ("importance", ImportanceDistributions),
    ("lamoo", LamooRegions),
    ("lamoo", LamooTree),
    ("lamoo", LamooChosen),
]


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
    strategy = restored(run, POPNAS)
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
    found, strategy = ImportanceModes.of(run), restored(run, Importance)
    assert len(found.price) == 5
    assert found.entropy.tolist() == [mode.entropy for mode in strategy.modes()]
    assert found.texts == tuple(str(mode.arch) for mode in strategy.modes())
    drawn, page = painted(found.matplotlib()), found.plotly()
    for axes, trace in zip(drawn.axes, page.data, strict=True):
        assert same(axes.lines[0].get_ydata(), trace.y) and same(trace.x, found.price)


def test_rounds_say_where_proposals_lay(tmp_path: Path) -> None:
    run = toy_run("lamoo", tmp_path / "run")
    found, strategy = LamooRegions.of(run), restored(run, LaMOO)
    assert len(found.known) == len(strategy.rounds()) > 0
    assert found.proposed.sum(axis=1).tolist() == [one.proposed for one in strategy.rounds()]
    drawn, page = painted(found.matplotlib()), found.plotly()
    bars_drawn = [bar for bar in drawn.axes[1].patches if isinstance(bar, Rectangle)]
    heights = np.array([bar.get_height() for bar in bars_drawn])
    bars = np.concatenate([trace.y for trace in page.data[2:]])
    assert np.array_equal(heights, bars) and np.array_equal(bars, found.proposed.T.ravel())
    assert same(drawn.axes[0].lines[0].get_ydata(), page.data[0].y)


def test_distributions_are_those_that_are_drawn_from(tmp_path: Path) -> None:
    run = toy_run("importance", tmp_path / "run")
    found, strategy = ImportanceDistributions.of(run), restored(run, Importance)
    assert found.probability.shape == (5, 30)
    assert np.array_equal(found.probability.reshape(5, 6, 5), strategy.probabilities())
    assert found.choice.tolist() == np.repeat(np.arange(6), 5).tolist()
    assert found.option.tolist() == list(range(5)) * 6
    likeliest = found.probability.reshape(5, 6, 5).argmax(axis=2)
    for choices, mode in zip(likeliest.tolist(), strategy.modes(), strict=True):
        assert mode.arch is not None and list(mode.arch.choices) == choices
    drawn, page = painted(found.matplotlib()), found.plotly()
    assert same(drawn.axes[0].images[0].get_array(), page.data[0].z)
    assert same(page.data[0].z, found.probability)


def test_the_tree_is_drawn_with_each_child_below_its_parent(tmp_path: Path) -> None:
    run = toy_run("lamoo", tmp_path / "run", 80)
    found, strategy = LamooTree.of(run), restored(run, LaMOO)
    assert found.nodes == strategy.tree()
    nodes, row = found.nodes, found.row.tolist()
    assert len(nodes) > 3 and sorted(row) == list(range(len(nodes))) and row[0] == 0
    for at, node in enumerate(nodes[1:], start=1):
        family = [other for other in range(1, len(nodes)) if nodes[other].parent == node.parent]
        good, bad = family
        assert row[node.parent] + 1 == row[good] < row[bad]
        assert at in family
    (chosen,) = np.flatnonzero(found.kind == 2)
    assert nodes[chosen].chosen and found.labels[chosen].startswith(f"{nodes[chosen].n}: ")
    drawn, page = painted(found.matplotlib()).axes[0], found.plotly()
    clouds = [trace for trace in page.data if trace.name]
    for cloud, scatter in zip(clouds, drawn.collections, strict=True):
        assert np.array_equal(scatter.get_offsets(), np.stack([cloud.x, cloud.y], axis=1))
    assert sum(len(cloud.x) for cloud in clouds) == len(nodes)
    assert same(drawn.lines[0].get_xdata(), page.data[0].x)
    texts = {text.get_text() for text in drawn.texts}
    assert texts == set(found.labels) == {t.strip() for cloud in clouds for t in cloud.text}


def test_points_are_told_apart_by_the_last_region(tmp_path: Path) -> None:
    run = toy_run("lamoo", tmp_path / "run", 60)
    found, strategy = LamooChosen.of(run), restored(run, LaMOO)
    texts = [
        {t for t, at in zip(found.texts, found.place, strict=True) if at == k} for k in range(3)
    ]
    inside, outside = strategy.known()
    last = run.rows[-1].round
    assert texts[0] == {str(arch) for arch in outside} != set()
    assert texts[1] == {str(arch) for arch in inside} != set()
    assert texts[2] == {row.arch for row in run.rows if row.round == last}
    drawn, page = painted(found.matplotlib()).axes[0], found.plotly()
    assert [trace.name for trace in page.data] == list(PLACES)
    for trace, scatter in zip(page.data, drawn.collections, strict=True):
        assert np.array_equal(scatter.get_offsets(), np.stack([trace.x, trace.y], axis=1))
        assert np.array_equal(run.values[trace.customdata], np.stack([trace.y, trace.x], axis=1))


def test_a_state_of_before_has_no_tree_to_draw(tmp_path: Path) -> None:
    run = toy_run("lamoo", tmp_path / "run")
    storage = RunStorage(tmp_path / "run", write=True)
    state = storage.load_checkpoint()
    assert state is not None
    del state["state"]["tree"]
    storage.save_checkpoint(state)
    storage.close()
    assert "no tree" in said(painted(LamooTree.of(run).matplotlib()))
    assert not LamooRegions.of(run).note


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_without_a_checkpoint_a_figure_says_so(name: str, figure: Any, tmp_path: Path) -> None:
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
        found = figure.of(one)
        figures = painted(found.matplotlib()), found.plotly()
        assert all(words in said(figure) for figure in figures)
        json.loads(figures[1].to_json())


def test_one_objective_has_no_predicted_front() -> None:
    found = PopnasFronts.of(made_run([1.0], strategy="popnas"))
    assert "no front" in said(painted(found.matplotlib()))
