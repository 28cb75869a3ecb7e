from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.figure import Figure

from agnet.errors import InvalidInput
from agnet.report.curves import Curves
from agnet.sweeps import interval
from tests.report.made import ACCURACY, LATENCY, made_run, painted, said, same

NAN = float("nan")


def test_a_run_rises_where_it_finds_something_better_and_ends_where_it_ends() -> None:
    (curve,) = Curves.of({"one": [made_run([50, 40, 60, 60, 55])]}).curves
    assert curve.queries.tolist() == [1, 3, 5]
    assert curve.mean.tolist() == [50, 60, 60]
    assert np.isnan(curve.low).all() and curve.label == "one"


def test_a_group_is_the_mean_of_its_runs_up_to_the_end_of_the_shortest() -> None:
    runs = [made_run([50, 60, 70, 90]), made_run([54, 54, 80]), made_run([52, 53, 51])]
    (curve,) = Curves.of({"three": runs}).curves
    assert curve.queries.tolist() == [1, 2, 3]
    columns = ([50, 54, 52], [60, 54, 53], [70, 80, 53])
    for at, column in enumerate(columns):
        wanted = interval(column)
        assert curve.mean[at] == pytest.approx(wanted.mean)
        assert curve.high[at] - curve.mean[at] == pytest.approx(wanted.half_width)
        assert curve.mean[at] - curve.low[at] == pytest.approx(wanted.half_width)
    assert curve.label == "three (3 runs)"


def test_thinning_keeps_what_every_query_says() -> None:
    rng = np.random.default_rng(0)
    tables = [rng.random(200) for _ in range(4)]
    (curve,) = Curves.of({"": [made_run(table.tolist()) for table in tables]}).curves
    whole = np.maximum.accumulate(np.array(tables), axis=1).mean(axis=0)
    at = np.searchsorted(curve.queries, np.arange(1, 201), side="right") - 1
    assert curve.mean[at] == pytest.approx(whole)
    assert len(curve.queries) < 60


def test_nothing_feasible_yet_is_a_gap_until_all_that_ever_find_something_have() -> None:
    limits = ("edgegpu_latency_ms<=5",)
    late = made_run([(50, 9), (60, 9), (40, 4)], limits=limits)
    soon = made_run([(50, 9), (30, 4), (20, 4)], limits=limits)
    never = made_run([(50, 9), (60, 9), (70, NAN)], limits=limits)
    (curve,) = Curves.of({"g": [late, soon, never]}).curves
    assert curve.queries.tolist() == [1, 2, 3]
    assert same(curve.mean, [NAN, NAN, 35])
    assert (curve.found, curve.runs, curve.label) == (2, 3, "g (2 of 3 runs)")


def test_several_objectives_are_measured_from_one_reference() -> None:
    both = (ACCURACY, LATENCY)
    near = made_run([(50, 4), (60, 2), (55, 1)], both, reference=(50, 4))
    far = made_run([(50, 4), (60, 2)], both, reference=(40, 6))
    curves = Curves.of({"near": [near], "far": [far]})
    # From (40, 6): (50, 4) is worth 10 * 2, (60, 2) 20 * 4, and (55, 1) adds 15 * 1.
    assert curves.curves[0].mean.tolist() == [20, 80, 95]
    assert curves.curves[1].mean.tolist() == [20, 80]
    assert curves.axis == "hypervolume from (40, 6)"


def test_without_a_reference_the_axis_tells_none() -> None:
    assert Curves.of({"": [made_run([(NAN, NAN)], (ACCURACY, LATENCY))]}).axis == "hypervolume"


def test_the_axis_names_the_metric_and_its_unit() -> None:
    assert Curves.of({"": [made_run([1.0])]}).axis == "best val_accuracy (%) so far"


def test_runs_for_other_objectives_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the same ones"):
        Curves.of({"a": [made_run([1])], "b": [made_run([1], (LATENCY,))]})


def test_both_renderings_hold_the_same_numbers() -> None:
    rng = np.random.default_rng(1)
    groups = {name: [made_run(rng.random(20).tolist()) for _ in range(3)] for name in "ab"}
    groups["single"] = [made_run(rng.random(30).tolist())]
    curves = Curves.of(groups)
    drawn, page = painted(curves.matplotlib()), curves.plotly()
    lines = [trace for trace in page.data if trace.showlegend is not False]
    for curve, line, trace in zip(curves.curves, drawn.axes[0].lines, lines, strict=True):
        assert same(line.get_xdata(), curve.queries) and same(trace.x, curve.queries)
        assert same(line.get_ydata(), curve.mean) and same(trace.y, curve.mean)
    edges = [trace for trace in page.data if trace.showlegend is False]
    assert len(edges) == 4 and len(drawn.axes[0].collections) == 2
    for curve, band, (high, low) in zip(
        curves.curves[:2], drawn.axes[0].collections, (edges[:2], edges[2:]), strict=True
    ):
        ends = np.asarray(band.get_paths()[0].vertices)[:, 1]
        assert ends.max() == high.y.max() == curve.high.max()
        assert ends.min() == low.y.min() == curve.low.min()


def test_the_earliest_values_do_not_flatten_the_picture() -> None:
    run = made_run([10.0] + [90 + at / 100 for at in range(100)])
    (axes,) = Curves.of({"": [run]}).matplotlib().axes
    assert axes.get_ylim()[0] > 89


def test_names_are_texts_and_neither_tags_nor_formulas() -> None:
    names = ["<b>x</b>", "$a_{$ $", "_hidden", "\u2603 \n name"]
    curves = Curves.of({name: [made_run([1.0, 2.0])] for name in names})
    (axes,) = painted(curves.matplotlib()).axes
    legend = axes.get_legend()
    assert legend is not None and len(legend.get_texts()) == 4
    assert [trace.name for trace in curves.plotly().data][:2] == ["&lt;b&gt;x&lt;/b&gt;", "$a_{$ $"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "Nothing has been evaluated"),
        ([NAN, NAN], "Nothing feasible has been found"),
        ([float("inf"), float("-inf")], "Nothing feasible has been found"),
        ([50.0], ""),
        ([50.0, 50.0, 50.0], ""),
        ([NAN, 50.0, float("-inf")], ""),
    ],
)
def test_degenerate_runs_give_a_figure(values: list[float], words: str) -> None:
    objectives = (LATENCY,) if float("inf") in values else (ACCURACY,)
    values = [NAN] * len(values) if float("inf") in values else values
    for group in ([made_run(values, objectives)], [made_run(values, objectives)] * 3):
        curves = Curves.of({"run": group})
        figures: tuple[Figure, go.Figure] = painted(curves.matplotlib()), curves.plotly()
        assert all(words in said(figure) for figure in figures)
        assert all(bool(said(figure)) == bool(words) for figure in figures)
        json.loads(figures[1].to_json())


def test_no_runs_and_no_reference_give_a_figure_too() -> None:
    for curves in (
        Curves.of({}),
        Curves.of({"empty": []}),
        Curves.of({"failed": [made_run([(NAN, 1), (NAN, 2)], (ACCURACY, LATENCY))]}),
        Curves.of({"odd": [made_run([(np.inf, 1), (3, 2)], (LATENCY, ACCURACY))]}),
    ):
        assert said(painted(curves.matplotlib())) and said(curves.plotly())


def test_long_runs_stay_light() -> None:
    rng = np.random.default_rng(2)
    groups = {
        str(name): [made_run(rng.random(300).tolist()) for _ in range(10)] for name in range(3)
    }
    assert len(Curves.of(groups).plotly().to_json()) < 100_000
    assert len(Curves.of({"": [made_run(rng.random(5_000).tolist())]}).plotly().to_json()) < 10_000
