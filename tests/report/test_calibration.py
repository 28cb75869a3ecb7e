from __future__ import annotations

import json

import numpy as np
import pytest

from agnet import search
from agnet.objectives import Outcomes
from agnet.report import calibration
from agnet.report._stretches import stretches
from agnet.report.calibration import Calibration
from agnet.runs import Run
from agnet.strategies.targets import rank_scores
from agnet.surrogates import GaussianProcess
from tests.report.made import LATENCY, made_run, painted, said, same
from tests.toys import Toy

NAN = float("nan")
ROUNDS = [0] * 8 + [1] * 4 + [2] * 4


def toy_run(strategy: str = "gp", queries: int = 24) -> Run:
    return search(Toy(), strategy=strategy, queries=queries, init=12, batch=4, seed=1)


def test_rounds_are_cut_into_few_even_stretches() -> None:
    run = made_run(np.zeros(12).tolist(), rounds=[0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 7, 8])
    found = stretches(run, np.arange(2, 12), most=4)
    assert [str(one) for one in found] == [
        *("rounds 1 to 2", "rounds 3 to 4", "rounds 5 to 6", "rounds 7 to 8")
    ]
    assert np.concatenate([one.rows for one in found]).tolist() == list(range(2, 12))
    assert [str(one) for one in stretches(run, np.array([4, 11]))] == ["round 2", "round 8"]
    assert stretches(run, np.arange(0)) == ()


def test_a_round_is_predicted_from_what_was_known_before_it() -> None:
    run = toy_run()
    found = Calibration.of(run)
    assert [str(one) for one in found.stretches] == ["round 1", "round 2", "round 3"]
    assert found.rows.tolist() == list(range(12, 24))
    space = run.benchmark.space
    archs = space.batch([space.parse(row.arch) for row in run.rows])
    costs = -run.values[:16, :1]
    scores = rank_scores(Outcomes(costs, np.empty((16, 0))))
    surrogate = GaussianProcess(space)
    surrogate.fit(archs[:16], np.concatenate([costs, scores], axis=1))
    mean, std = surrogate.predict(archs[16:20])
    second = found.at == 1
    assert found.mean[second] == pytest.approx(-mean[:, 0])
    width = 1.96 * np.sqrt(std[:, 0] ** 2 + surrogate.noise[0] ** 2)
    assert found.half[second] == pytest.approx(width, rel=1e-3)
    assert same(found.observed, run.values[12:, 0])


def test_small_rounds_are_put_together() -> None:
    """The order of two queries says nothing."""
    run = search(Toy(), strategy="gp", queries=28, init=12, batch=2, seed=1)
    found = Calibration.of(run)
    assert [len(one.rows) for one in found.stretches] == [4, 4, 4, 4]


def test_the_rank_correlation_is_that_of_the_order() -> None:
    assert calibration._kendall(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 9.0])) == 1
    # Of the three pairs one is the other way round.
    assert calibration._kendall(np.array([1.0, 2, 3]), np.array([5.0, 4, 9])) == pytest.approx(
        1 / 3
    )
    assert np.isnan(calibration._kendall(np.array([1.0, 1.0]), np.array([4.0, 5.0])))
    assert np.isnan(calibration._kendall(np.array([1.0]), np.array([4.0])))


@pytest.mark.parametrize("strategy", ["agnet", "trees", "nat"])
def test_every_strategy_with_a_surrogate_can_be_looked_at(strategy: str) -> None:
    rng = np.random.default_rng(0)
    run = made_run(rng.random(16).tolist(), rounds=ROUNDS, strategy=strategy)
    found = Calibration.of(run)
    assert len(found.rows) == 8 and len(found.tau) == 2 and not found.note
    assert np.isfinite(found.mean).all() and (found.half >= 0).all()


def test_what_is_minimised_is_shown_in_its_own_unit() -> None:
    values = np.linspace(1, 16, 16)
    found = Calibration.of(made_run(values.tolist(), (LATENCY,), rounds=ROUNDS, strategy="trees"))
    assert found.observed.tolist() == values[8:].tolist()
    assert (found.mean > 0).all() and found.axis == "edgegpu_latency_ms"


def test_both_renderings_hold_the_same_numbers_and_say_what_they_are() -> None:
    found = Calibration.of(toy_run("trees"))
    drawn, page = painted(found.matplotlib()), found.plotly()
    _, points, order = page.data
    offsets = drawn.axes[0].collections[-1].get_offsets()
    assert np.array_equal(offsets, np.stack([points.x, points.y], axis=1))
    assert same(points.error_y.array, found.half)
    assert same(order.y, found.tau) and same(drawn.axes[1].lines[0].get_ydata(), found.tau)
    for title in (page.layout.title.text, drawn.get_suptitle()):
        assert title.startswith("Surrogate of trees, refitted afterwards")


def test_the_share_of_intervals_that_hold_the_observation() -> None:
    found = Calibration.of(toy_run("trees"))
    inside = [
        mean - half <= value <= mean + half
        for mean, half, value in zip(found.mean, found.half, found.observed, strict=True)
    ]
    assert found.covered == pytest.approx(np.mean(inside))


@pytest.mark.parametrize(
    ("values", "strategy", "words"),
    [
        ([1.0] * 16, "random", "random has no surrogate"),
        ([], "trees", "too little to learn from"),
        ([NAN] * 16, "trees", "too little to learn from"),
        ([5.0] * 16, "trees", "too little to learn from"),
        ([1.0, 2.0, 3.0], "gp", "too little to learn from"),
        ([1.0, 2.0, 3.0, NAN] * 2 + [4.0] * 8, "trees", ""),
        ([1.0, 2.0, -np.inf, NAN] * 4, "gp", "too little to learn from"),
    ],
)
def test_degenerate_runs_give_a_figure(values: list[float], strategy: str, words: str) -> None:
    run = made_run(values, rounds=ROUNDS[: len(values)], strategy=strategy)
    found = Calibration.of(run)
    figures = painted(found.matplotlib()), found.plotly()
    assert all(words in said(figure) and bool(said(figure)) == bool(words) for figure in figures)
    json.loads(figures[1].to_json())


def test_without_a_surrogate_and_of_long_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    off = made_run([1.0], strategy="agnet", options={"surrogate": "none"})
    assert "no surrogate" in Calibration.of(off).note
    monkeypatch.setattr(calibration, "LOOKED_AT", 12)
    run = made_run(np.arange(16.0).tolist(), rounds=ROUNDS, strategy="trees")
    found = Calibration.of(run)
    assert found.rows.tolist() == [8, 9, 10, 11]
    assert "the first 12 queries" in found.caption
