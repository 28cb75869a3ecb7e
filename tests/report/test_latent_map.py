from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agnet import search
from agnet.errors import InvalidInput, MissingExtra
from agnet.generators import GraphVAE, GraphVAESettings, load_pretrained
from agnet.report._generators import retrained_generator
from agnet.report.latent_map import LatentMap
from agnet.spaces import NASBench201
from agnet.storage import CHECKPOINT
from tests.report.made import made_run, painted, said, same
from tests.toys import Toy

NAN = float("nan")


def small_generator() -> GraphVAE:
    settings = GraphVAESettings(latent=4, hidden=8, layers=1, trunk=8)
    return GraphVAE(NASBench201(), np.random.default_rng(0), settings)


def test_places_are_the_two_directions_in_which_codes_differ_most() -> None:
    generator, rng = small_generator(), np.random.default_rng(1)
    run = made_run(rng.random(30).tolist())
    found = LatentMap.of(run, generator)
    space = NASBench201()
    archs = space.batch([space.parse(row.arch) for row in run.rows])
    codes = generator.encode(archs).numpy().astype(float)
    spread = np.linalg.eigvalsh(np.cov(codes.T, bias=True))[::-1]
    assert found.places.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert found.places.var(axis=0) == pytest.approx(spread[:2], rel=1e-5)


def test_the_path_goes_through_the_means_of_the_rounds() -> None:
    run = made_run([1.0, 2.0, 3.0, 4.0, 5.0], rounds=[0, 0, 1, 2, 2])
    found = LatentMap.of(run, small_generator())
    means = [found.places[part].mean(axis=0) for part in ([0, 1], [2], [3, 4])]
    assert found.path == pytest.approx(np.array(means))


def test_contours_enclose_their_shares_of_the_prior() -> None:
    found = LatentMap.of(made_run([1.0, 2.0, 3.0]), small_generator())
    assert found.density.shape == (len(found.up), len(found.across))
    assert (np.diff(found.levels) > 0).all()
    cell = (found.up[1] - found.up[0]) * (found.across[1] - found.across[0])
    inside = [float(found.density[found.density >= level].sum() * cell) for level in found.levels]
    assert inside == pytest.approx([0.95, 0.75, 0.5, 0.25], abs=0.06)


def test_a_few_bad_ones_do_not_take_all_the_colours() -> None:
    values = [10.0] + [90.0 + at / 10 for at in range(20)]
    low, high = LatentMap.of(made_run(values), small_generator()).shades
    assert low > 89 and high == max(values)


def test_both_renderings_hold_the_same_points() -> None:
    rng = np.random.default_rng(2)
    values = [*rng.random(12), NAN, np.inf]
    run = made_run(values, ("minimize edgegpu_latency_ms",), rounds=[0] * 7 + [1] * 7)
    found = LatentMap.of(run, small_generator())
    drawn, page = painted(found.matplotlib()).axes[0], found.plotly()
    failed, clouds = (
        next(t for t in page.data if t.name == name) for name in ("failed", "evaluated")
    )
    assert np.array_equal(failed.customdata, [12, 13])
    for trace, scatter in zip((failed, clouds), drawn.collections[-2:], strict=True):
        assert np.array_equal(scatter.get_offsets(), np.stack([trace.x, trace.y], axis=1))
        assert np.array_equal(found.places[trace.customdata], scatter.get_offsets())
    assert same(clouds.marker.color, drawn.collections[-1].get_array())
    way = page.data[-1]
    assert np.array_equal(drawn.lines[0].get_xydata(), np.stack([way.x, way.y], axis=1))
    assert clouds.hovertext[0].startswith("query 1<br>edgegpu_latency_ms: ")


def test_the_retrained_generator_comes_from_the_checkpoint(tmp_path: Path) -> None:
    run = search(Toy(), strategy="agnet", queries=20, init=16, batch=4, out=tmp_path / "run")
    own = retrained_generator(run)
    assert own is not None
    archs = NASBench201().sample(5, np.random.default_rng(0))
    shipped = load_pretrained(NASBench201())
    assert not np.allclose(own.encode(archs), shipped.encode(archs), atol=1e-4)
    assert "run's retrained" in LatentMap.of(run).caption
    (tmp_path / "run" / CHECKPOINT).write_bytes(b"broken")
    found = LatentMap.of(run)
    assert "shipped" in found.caption and "checkpoint" in said(found.plotly())
    assert retrained_generator(made_run([1.0])) is None


@pytest.mark.parametrize("values", [[], [NAN, NAN], [1.0], [3.0, 3.0, 3.0], [np.inf, 1.0]])
def test_degenerate_runs_give_a_figure(values: list[float]) -> None:
    found = LatentMap.of(made_run(values, ("minimize edgegpu_latency_ms",)), small_generator())
    figures = painted(found.matplotlib()), found.plotly()
    words = "" if values else "Nothing has been evaluated"
    assert all(words in said(figure) and bool(said(figure)) == bool(words) for figure in figures)
    json.loads(figures[1].to_json())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Tensorflow:ImportWarning", "ignore::DeprecationWarning")
def test_a_map_by_umap() -> None:
    """The same at every look; it compiles for half a minute first."""
    run = made_run(np.linspace(80, 90, 24).tolist())
    found = LatentMap.of(run, small_generator(), "umap")
    assert found.places.shape == (24, 2) and np.isfinite(found.places).all()
    assert "UMAP" in found.caption
    again = LatentMap.of(run, small_generator(), "umap")
    assert np.array_equal(found.places, again.places)
    assert not np.allclose(found.places, LatentMap.of(run, small_generator()).places)


def test_an_unknown_reduction_is_refused_and_a_missing_one_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = made_run([1.0, 2.0])
    with pytest.raises(InvalidInput, match="pca or umap"):
        LatentMap.of(run, small_generator(), "tsne")  # type: ignore[arg-type]
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(MissingExtra, match="notebooks"):
        LatentMap.of(run, small_generator(), "umap")
