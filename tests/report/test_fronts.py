from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from agnet.report import fronts
from agnet.report.fronts import Fronts
from tests.report.made import ACCURACY, LATENCY, made_run, painted, said

BOTH = (ACCURACY, LATENCY)
NAN = float("nan")


def test_the_front_is_a_staircase_in_the_units_of_the_metrics() -> None:
    run = made_run([(50, 4), (60, 2), (55, 1), (58, 3), (60, 2)], BOTH)
    found = Fronts.of(run)
    assert found.metrics == ("val_accuracy", "edgegpu_latency_ms") and found.pairs == ((1, 0),)
    assert found.front.tolist() == [False, True, True, False, True]
    # From the quickest, 55 % in 1 ms, level to 2 ms, where 60 % is to be had.
    assert found.staircase(1, 0).tolist() == [[1, 55], [2, 55], [2, 60]]


def test_the_edge_of_a_front_encloses_what_it_dominates() -> None:
    rng = np.random.default_rng(0)
    found = Fronts.of(made_run(rng.random((60, 2)).tolist(), BOTH))
    corners = found.staircase(1, 0)
    for latency, accuracy in found.values[:, ::-1]:
        level = corners[corners[:, 0] <= latency, 1].max()
        assert accuracy <= level


def test_what_breaks_a_limit_or_failed_is_on_no_front() -> None:
    run = made_run([(50, 4), (90, 9), (NAN, 1), (70, NAN)], BOTH, limits=("edgegpu_latency_ms<=5",))
    found = Fronts.of(run)
    assert found.rows.tolist() == [0, 1]
    assert found.feasible.tolist() == [True, False]
    assert found.front.tolist() == [True, False]
    assert [str(limit) for limit in found.limits] == ["edgegpu_latency_ms<=5"]
    (axes,) = painted(found.matplotlib()).axes
    assert any(np.array_equal(np.asarray(line.get_xdata()), [5, 5]) for line in axes.lines)
    (shape,) = found.plotly().layout.shapes
    assert (shape.x0, shape.x1) == (5, 5)


def test_a_limit_on_another_metric_gives_panels_of_one_objective() -> None:
    run = made_run([(50, 4), (60, 9), (55, 1)], (ACCURACY,), limits=("edgegpu_latency_ms<=5",))
    found = Fronts.of(run)
    assert found.pairs == ((1, 0),) and not len(found.staircase(1, 0))
    assert found.front.tolist() == [False, False, True]
    assert "best" in {trace.name for trace in found.plotly().data}


def test_three_objectives_are_shown_in_pairs() -> None:
    aims = (ACCURACY, LATENCY, "minimize flops_m")
    rng = np.random.default_rng(0)
    found = Fronts.of(made_run(rng.random((12, 3)).tolist(), aims))
    assert found.pairs == ((1, 0), (2, 0), (2, 1))
    assert not len(found.staircase(1, 0))
    assert len(painted(found.matplotlib()).axes) == 3
    assert len(found.plotly().data) == 6


@pytest.mark.parametrize("limits", [(), ("edgegpu_latency_ms<=0.5",)])
def test_both_renderings_hold_the_same_points(limits: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    run = made_run(rng.random((30, 2)).tolist(), BOTH, limits=limits)
    found = Fronts.of(run)
    drawn, page = painted(found.matplotlib()).axes[0], found.plotly()
    clouds = [trace for trace in page.data if trace.mode == "markers"]
    assert len(clouds) == len(drawn.collections) == 2 + len(limits)
    for cloud, scatter in zip(clouds, drawn.collections, strict=True):
        assert np.array_equal(scatter.get_offsets(), np.stack([cloud.x, cloud.y], axis=1))
    (edge,) = [trace for trace in page.data if trace.mode == "lines"]
    assert np.array_equal(drawn.lines[0].get_xydata(), np.stack([edge.x, edge.y], axis=1))
    every = np.concatenate([np.stack([t.customdata, t.y, t.x], axis=1) for t in clouds])
    table = run.values[every[:, 0].astype(int)]
    assert np.array_equal(every[:, 1:], table) and len(every) == 30


def test_a_point_tells_its_query_metrics_and_architecture() -> None:
    run = made_run([(50, 4)], BOTH)
    cloud = Fronts.of(run).plotly().data[-1]
    told = cloud.hovertext[0]
    assert told.startswith("query 1<br>val_accuracy: 50 %<br>edgegpu_latency_ms: 4 ms<br>")
    assert told.split("<br>", 3)[3].replace("<br>", "") == run.rows[0].arch.replace("<", "&lt;")


def test_of_thousands_of_points_the_front_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "POINTS", 10)
    rng = np.random.default_rng(0)
    run = made_run(rng.random((200, 2)).tolist(), BOTH)
    found = Fronts.of(run)
    assert found.front.sum() == len(run.pareto())
    assert len(found.rows) == 10 + found.front.sum()
    assert found.rows[~found.front].min() < 20 and found.rows[~found.front].max() > 180


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "Nothing has been evaluated"),
        ([(NAN, NAN), (NAN, 3.0)], "No evaluation gave numbers"),
        ([(np.inf, 3.0), (5.0, -np.inf)], "No evaluation gave numbers"),
        ([(50.0, 3.0)], ""),
        ([(50.0, 3.0)] * 4, ""),
        ([(50.0, 3.0), (NAN, 1.0), (np.inf, 2.0)], ""),
    ],
)
def test_degenerate_runs_give_a_figure(values: list[tuple[float, float]], words: str) -> None:
    for aims, limits in product((BOTH, (ACCURACY,)), ((), ("edgegpu_latency_ms<=2",))):
        if len(aims) + len(limits) < 2:
            continue
        found = Fronts.of(made_run(values, aims, limits=limits))
        figures = painted(found.matplotlib()), found.plotly()
        assert all(
            words in said(figure) and bool(said(figure)) == bool(words) for figure in figures
        )
        json.loads(figures[1].to_json())


def test_one_objective_alone_has_no_front() -> None:
    found = Fronts.of(made_run([1.0, 2.0]))
    assert "no front" in said(painted(found.matplotlib())) and "no front" in said(found.plotly())


def test_the_worst_few_do_not_flatten_the_picture() -> None:
    values = [(90.0 + at / 100, 5.0 - at / 10) for at in range(40)]
    flat = Fronts.of(made_run([*values, (10.0, 6.0)], (ACCURACY, LATENCY)))
    low, high = flat.plotly().layout.yaxis.range
    assert 89 < low < 90 and high > 90.39 and flat.outside == 1
    assert painted(flat.matplotlib()).axes[0].get_ylim() == (low, high)
    for last in ((89.9, 6.0), (10.0, 0.1)):  # not far away, or on the front
        every = Fronts.of(made_run([*values, last], (ACCURACY, LATENCY)))
        assert every.plotly().layout.yaxis.range[0] < last[0] and every.outside == 0
