from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.benchmarks.importers._accuracies import KIND
from agnet.benchmarks.nasbench201 import DATASETS, NASBench201Benchmark, _shipped
from agnet.benchmarks.store import data_folder, read_table, write_table
from agnet.errors import InvalidInput, MissingData, TableError
from agnet.spaces import NASBench201
from agnet.testing.benchmarks import BenchmarkContract

NOWHERE = Path("no folder of this name")
SPACE = NASBench201()
EVERYTHING = SPACE.enumerate()


class TestShippedTable(BenchmarkContract):
    def benchmark(self) -> NASBench201Benchmark:
        return NASBench201Benchmark("cifar100", folder=NOWHERE)


class TestNoisyTable(BenchmarkContract):
    def benchmark(self) -> NASBench201Benchmark:
        return NASBench201Benchmark("ImageNet16-120", folder=NOWHERE, noise=True, seed=3)


class TestJoinedTables(BenchmarkContract):
    @pytest.fixture(autouse=True)
    def tables(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        write_accuracies(tmp_path)
        write_hardware(tmp_path)

    def benchmark(self) -> NASBench201Benchmark:
        return NASBench201Benchmark(folder=self.folder)


def write_accuracies(folder: Path, shift: float = 0.0) -> npt.NDArray[np.float32]:
    values = np.random.default_rng(0).uniform(10, 90, (SPACE.size, 3)).astype(np.float32)
    values[7] = np.nan
    arrays = {"test_200": values + np.float32(shift), "val_12": np.full_like(values, np.nan)}
    write_table(folder / "nasbench201.npz", KIND, arrays, "made up")
    return values


def write_hardware(folder: Path) -> npt.NDArray[np.float32]:
    values = np.random.default_rng(1).uniform(1, 9, (SPACE.size, 3)).astype(np.float32)
    arrays = {"edgegpu_latency": values, "edgegpu_energy": 2 * values}
    write_table(folder / "hwnasbench.npz", "hwnasbench", arrays, "made up too")
    return values


def shipped_runs(at: int) -> npt.NDArray[np.float64]:
    correct = _shipped()[0]["val_correct"][at].astype(np.float64)
    return np.where(correct == 65535, np.nan, 100 * correct / (25_000, 5_000, 3_000)[at])


@pytest.mark.parametrize(
    ("dataset", "index", "accuracy"),
    [("cifar10", 6111, 91.607), ("cifar100", 9930, 73.493), ("ImageNet16-120", 10676, 46.733)],
)
def test_published_optimum_of_validation(dataset: str, index: int, accuracy: float) -> None:
    values = NASBench201Benchmark(dataset, folder=NOWHERE).query(EVERYTHING, ["val_accuracy"])
    assert int(values.argmax()) == index
    assert values.max() == pytest.approx(accuracy, abs=5e-4)


def test_known_cell() -> None:
    """The first cell of the official order, whose runs reach 82.092, 81.616 and 82.240 percent."""
    benchmark = NASBench201Benchmark(folder=NOWHERE)
    names = ["val_accuracy", "train_seconds", "gpu_latency_ms", "params_m", "flops_m"]
    values = benchmark.query([EVERYTHING[0]], names)[0]
    expected = [(82.092 + 81.616 + 82.24) / 3, 1444.2186, 13.935976, 0.129306, 15.64737]
    assert np.allclose(values, expected, rtol=1e-7)
    assert str(EVERYTHING[0]).startswith("|avg_pool_3x3~0|+|nor_conv_1x1~0|")


def test_data_sets_are_named_in_any_case() -> None:
    assert NASBench201Benchmark("imagenet16-120").dataset == "ImageNet16-120"
    assert NASBench201Benchmark("CIFAR10") == NASBench201Benchmark()
    with pytest.raises(InvalidInput, match="'mnist'.*cifar10, cifar100, ImageNet16-120"):
        NASBench201Benchmark("mnist")
    with pytest.raises(InvalidInput, match="seed -1"):
        NASBench201Benchmark(seed=-1)


def test_noise_shows_one_recorded_run() -> None:
    runs = shipped_runs(1)
    shown = [
        NASBench201Benchmark("cifar100", folder=NOWHERE, noise=True, seed=seed).query(
            EVERYTHING, ["val_accuracy"]
        )[:, 0]
        for seed in range(2)
    ]
    for values in shown:
        assert np.isclose(values, runs, rtol=1e-12).any(axis=0).all()
        shares = np.isclose(values, runs).sum(axis=1) / SPACE.size
        assert (shares > 0.15).all()  # every run is shown for some cells
    assert (shown[0] != shown[1]).mean() > 0.4


def test_missing_metrics_say_what_to_import() -> None:
    benchmark = NASBench201Benchmark(folder=NOWHERE)
    assert len(benchmark.missing) == 3 + 9
    with pytest.raises(MissingData, match=r"NAS-Bench-201-v1_1.*agnet import nasbench201"):
        benchmark.query(EVERYTHING[:1], ["test_accuracy"])
    with pytest.raises(MissingData, match=r"HW-NAS-Bench-v1_0.*agnet import hwnasbench"):
        benchmark.query(EVERYTHING[:1], ["edgegpu_latency_ms"])


def test_imported_tables_are_joined_by_index(tmp_path: Path) -> None:
    accuracies, hardware = write_accuracies(tmp_path), write_hardware(tmp_path)
    benchmark = NASBench201Benchmark("cifar100", folder=tmp_path)
    archs = EVERYTHING[np.array([9, 7, 0])]
    values = benchmark.query(archs, ["edgegpu_energy_mj", "test_accuracy"])
    expected = np.stack([2 * hardware[[9, 7, 0], 1], accuracies[[9, 7, 0], 1]], axis=1)
    assert np.array_equal(values, expected, equal_nan=True)
    assert np.isnan(values[1, 1])
    assert "val_accuracy_12ep" in benchmark.missing  # the column is there, but empty
    assert benchmark.source.endswith("made up; made up too")
    held_out = {metric.name for metric in benchmark.metrics if metric.held_out}
    assert held_out == {"test_accuracy"}


def test_new_import_is_seen(tmp_path: Path) -> None:
    write_accuracies(tmp_path)
    before = NASBench201Benchmark(folder=tmp_path).query(EVERYTHING[:2], ["test_accuracy"])
    write_accuracies(tmp_path, shift=1.0)
    after = NASBench201Benchmark(folder=tmp_path).query(EVERYTHING[:2], ["test_accuracy"])
    assert np.allclose(after, before + 1.0)


def test_damaged_import_is_refused(tmp_path: Path) -> None:
    write_accuracies(tmp_path)
    path = tmp_path / "nasbench201.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TableError, match="truncated"):
        NASBench201Benchmark(folder=tmp_path).query(EVERYTHING[:1], ["val_accuracy"])


def test_data_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNET_DATA", str(tmp_path))
    write_hardware(tmp_path)
    assert "edgegpu_latency_ms" not in NASBench201Benchmark().missing


def test_used_benchmark_is_sent_as_its_settings_only(tmp_path: Path) -> None:
    benchmark = NASBench201Benchmark(folder=tmp_path)
    benchmark.query(EVERYTHING, ["val_accuracy"])
    assert len(pickle.dumps(benchmark)) < 1000
    assert pickle.loads(pickle.dumps(benchmark)) == benchmark


def imported() -> dict[str, npt.NDArray[Any]]:
    return read_table(data_folder() / "nasbench201.npz", KIND)[0]


@pytest.mark.needs_data
@pytest.mark.parametrize("dataset", DATASETS)
def test_shipped_and_computed_values_equal_the_imported_ones(dataset: str) -> None:
    at, table = DATASETS.index(dataset), imported()
    names = ["train_seconds", "gpu_latency_ms", "params_m", "flops_m", "val_accuracy"]
    values = NASBench201Benchmark(dataset).query(EVERYTHING, names)
    assert np.allclose(values[:, 0], table["train_seconds"][:, at], rtol=2e-7, atol=0)
    assert np.allclose(values[:, 1], 1e3 * table["latency_s"][:, at], rtol=2e-7, atol=0)
    assert np.array_equal((values[:, 2] * 1e6).round(), (table["params_m"][:, at] * 1e6).round())
    assert np.array_equal((values[:, 3] * 1e6).round(), (table["flops_m"][:, at] * 1e6).round())
    runs = table["val_200_runs"][:, at].astype(np.float64)
    assert np.allclose(values[:, 4], np.nanmean(runs, axis=1), rtol=0, atol=5e-5)
    assert np.allclose(shipped_runs(at).T, runs, rtol=0, atol=5e-5, equal_nan=True)


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("dataset", "metric", "index", "accuracy"),
    [
        ("cifar10", "val_accuracy", 6111, 91.607),
        ("cifar10", "test_accuracy", 6111, 94.373),
        ("cifar100", "val_accuracy", 9930, 73.493),
        ("cifar100", "test_accuracy", 9930, 73.513),
        ("ImageNet16-120", "val_accuracy", 10676, 46.733),
        ("ImageNet16-120", "test_accuracy", 857, 47.311),
    ],
)
def test_published_optima(dataset: str, metric: str, index: int, accuracy: float) -> None:
    values = NASBench201Benchmark(dataset).query(EVERYTHING, [metric])
    assert int(np.nanargmax(values)) == index
    assert np.nanmax(values) == pytest.approx(accuracy, abs=6e-4)


@pytest.mark.needs_data
def test_unsupported_networks_have_no_latency() -> None:
    values = NASBench201Benchmark().query(EVERYTHING, ["edgetpu_latency_ms", "fpga_energy_mj"])
    assert np.isnan(values).sum(axis=0).tolist() == [4699, 0]
    assert np.nanmin(values) >= 0
