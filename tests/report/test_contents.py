from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agnet.errors import InvalidInput
from agnet.report import report_page
from agnet.report.contents import sections_of
from agnet.report.fronts import Fronts
from agnet.runs import Run
from tests.report.made import made_run
from tests.report.runs import searched, three, two
from tests.test_markup import Reader


def charts_of(*runs: Run, **more: Any) -> list[str]:
    groups = {f"run {at}": [run] for at, run in enumerate(runs)}
    return [chart.name for section in sections_of(groups, **more) for chart in section.charts]


def test_a_figure_is_shown_where_it_has_something_to_say() -> None:
    assert charts_of(searched()) == ["chart-curves", "chart-map-0"]
    assert charts_of(three()) == ["chart-curves", "chart-front-0", "chart-map-0"]
    limited = searched(limits=["params_m<=1"])
    assert charts_of(limited) == ["chart-curves", "chart-front-0", "chart-map-0"]
    told = searched(strategy="trees", queries=24, init=12)
    assert charts_of(told) == ["chart-curves", "chart-told-0", "chart-map-0"]
    assert charts_of(told, deep=False) == ["chart-curves"]


@pytest.mark.parametrize(
    ("strategy", "queries", "names"),
    [
        ("lamoo", 40, ["chart-regions-0", "chart-tree-0", "chart-chosen-0"]),
        ("importance", 40, ["chart-odds-0", "chart-prices-0"]),
        pytest.param("popnas", 120, ["chart-growth-0"], marks=pytest.mark.slow),
    ],
)
def test_strategies_tell_of_themselves(
    strategy: str, queries: int, names: list[str], tmp_path: Path
) -> None:
    run = two(strategy=strategy, queries=queries, batch=8, out=tmp_path / "run")
    assert charts_of(run)[3:] == names


def test_the_way_between_the_best_is_drawn() -> None:
    (between,) = [one for one in sections_of({"a": [searched()]}) if one.name == "between"]
    found = Reader(between.content)
    assert [tag for tag, _ in found.tags].count("svg") >= 2
    assert "0% of the way, 0 edits" in found.text
    nothing = sections_of({"a": [made_run([])]})
    assert "between" not in [one.name for one in nothing]


def test_the_best_groups_are_looked_at_closely() -> None:
    groups = {f"run {at}": [made_run([float(at), 0.5])] for at in range(5)}
    sections = {one.name: one for one in sections_of(groups)}
    said = [chart.caption.split(":")[0] for chart in sections["understood"].charts]
    assert said == ["run 4", "run 3", "run 2"]
    assert (
        "Of 5 these are looked at closely: run 4, run 3, run 2."
        in Reader(sections["best"].content).text
    )
    # While a page is served its places do not change.
    live = {one.name: one for one in sections_of(groups, deep=False)}
    assert "run 0, run 1, run 2." in Reader(live["best"].content).text


def test_limits_are_in_the_fronts() -> None:
    run = two(limits=["params_m<=1.0"])
    (front,) = [
        chart
        for section in sections_of({"a": [run]})
        for chart in section.charts
        if chart.name == "chart-front-0"
    ]
    assert [shape["x0"] for shape in front.figure["layout"]["shapes"]] == [1.0]
    assert "dashed lines are limits" in front.caption


def test_titles_of_figures_are_part_of_their_captions() -> None:
    (_, place) = [chart for section in sections_of({"a": [searched()]}) for chart in section.charts]
    assert place.caption.endswith("Latent space of the shipped generator (PCA).")
    assert "title" not in place.figure["layout"]


def test_captions_say_that_only_some_queries_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agnet.report.fronts.POINTS", 10)
    monkeypatch.setattr("agnet.report.latent_map.POINTS", 10)
    run = two(queries=60)
    (_, front, place) = [c for section in sections_of({"a": [run]}) for c in section.charts]
    assert f"({10 + len(Fronts.of(run).rows[Fronts.of(run).front])} of 60 queries)" in front.caption
    assert place.caption.endswith("(PCA), 10 of 60 queries.")


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(InvalidInput, match="pca or umap"):
        report_page({"a": [searched()]}, reduction="tsne")  # type: ignore[arg-type]
