from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agnet import search
from agnet.benchmarks import Inherited, open_benchmark
from agnet.benchmarks.supernet import ElasticSharing, inherited_accuracy, save_supernet
from agnet.errors import InvalidInput
from agnet.spaces.elastic import ElasticConfig, elastic_preset
from agnet.testing import BenchmarkContract
from tests.benchmarks.supernet.nets import made
from tests.benchmarks.training.images import bright

CONFIG: ElasticConfig = replace(
    elastic_preset("tiny"), channels=bright().image_shape[0], classes=bright().num_classes
)


def inherited(calibration: int = 20) -> Inherited:
    return Inherited(ElasticSharing(made(CONFIG)), bright(), calibration=calibration)


class TestInherited(BenchmarkContract):
    samples = 3
    noisy = frozenset({"host_latency_ms"})

    def benchmark(self) -> Inherited:
        return inherited()


def test_it_is_the_accuracy_of_the_network_with_calibrated_norms() -> None:
    benchmark = inherited()
    archs = benchmark.space.sample(3, np.random.default_rng(0))
    found = benchmark.query(archs, ["val_accuracy", "params_m"])
    net = made(CONFIG)
    for arch, (accuracy, params) in zip(archs, found, strict=True):
        assert accuracy == inherited_accuracy(ElasticSharing(net), arch, bright(), images=20)
        assert params == net.space.params([arch])[0] / 1e6


def test_a_search_of_what_a_file_lends_is_gone_on_with(tmp_path: Path) -> None:
    """With scikit-learn's digits, the super-network being opened again from its file."""
    net = made(replace(elastic_preset("tiny"), channels=1))
    save_supernet(net, tmp_path / "net.pt")
    opened = open_benchmark("inherited", weights=str(tmp_path / "net.pt"), calibration=50)
    first = search(opened, queries=3, out=tmp_path / "run", strategy="random", init=2, batch=2)
    again = open_benchmark(**opened.settings)
    rest = search(again, queries=5, out=tmp_path / "run", resume=True)
    assert rest.history["arch"].tolist()[:3] == first.history["arch"].tolist()
    assert len(rest) == 5


def test_what_a_file_lends_is_computed_as_is_said(tmp_path: Path) -> None:
    save_supernet(made(replace(elastic_preset("tiny"), channels=1)), tmp_path / "net.pt")
    file = str(tmp_path / "net.pt")
    opened = open_benchmark("inherited", weights=file, calibration=50)
    plain = {"channels_last": False, "threads": 2}
    other = open_benchmark("inherited", weights=file, calibration=50, execution=plain)
    assert opened.settings["execution"]["channels_last"] is True
    assert plain.items() <= other.settings["execution"].items()
    archs = opened.space.sample(2, np.random.default_rng(0))
    found, expected = (one.query(archs, ["val_accuracy"]) for one in (opened, other))
    # Two of 360 images may fall on the other side by rounding.
    np.testing.assert_allclose(found, expected, atol=0.6)
    with pytest.raises(InvalidInput, match="layout"):
        open_benchmark("inherited", weights=file, execution={"layout": "last"})


def test_images_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    save_supernet(made(elastic_preset("tiny")), tmp_path / "net.pt")
    with pytest.raises(InvalidInput, match="images of 1 channels and 10 classes"):
        open_benchmark("inherited", weights=str(tmp_path / "net.pt"))
    with pytest.raises(InvalidInput, match="calibration = 1"):
        inherited(calibration=1)
