from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.benchmarks.nasbench101 import FILES, KIND, NASBench101Benchmark
from agnet.benchmarks.store import data_folder, read_table, write_table
from agnet.errors import InvalidInput, MissingData, TableError
from agnet.spaces.nasbench101 import NASBench101
from agnet.testing.benchmarks import BenchmarkContract

SPACE = NASBench101()
SMALL = np.arange(91)


def runs(
    cells: Sequence[int] | npt.NDArray[np.integer], epochs: int, repeats: int = 3
) -> npt.NDArray[np.float32]:
    """Made-up accuracies ``(R, 1, repeats)`` with the mean 50 + cell / 1000 + epochs / 10."""
    middle = 50 + np.asarray(cells)[:, None] / 1000 + epochs / 10
    return (middle + np.arange(repeats) - (repeats - 1) / 2)[:, None].astype(np.float32)


def write(
    folder: Path, name: str, cells: Sequence[int] | npt.NDArray[np.integer], **arrays: Any
) -> Path:
    common = {"cells": np.asarray(cells, np.int32), "params": np.asarray(cells, np.int32) * 1000}
    return write_table(folder / FILES[name], KIND, common | arrays, f"made up as {name}")


def write_official(
    folder: Path, name: str, cells: npt.NDArray[np.integer], epochs: Sequence[int]
) -> None:
    validation = np.concatenate([runs(cells, one) for one in epochs], axis=1)
    write(
        folder,
        name,
        cells,
        epochs=np.array(epochs, dtype=np.int16),
        val_accuracy=validation,
        test_accuracy=validation - 1,
        train_seconds=validation * 10,
    )


def write_energy(folder: Path, cells: npt.NDArray[np.integer] = SMALL) -> None:
    validation = runs(cells, 4, repeats=1) - 20
    write(
        folder,
        "5v",
        cells,
        epochs=np.array([4], dtype=np.int16),
        val_accuracy=validation,
        test_accuracy=validation - 1,
        train_seconds=validation * 10,
        train_energy_kwh=validation / 1000,
    )


def write_subset(folder: Path, cells: Sequence[int] = (3, 2000, 400_000)) -> None:
    write(
        folder,
        "subset",
        cells,
        epochs=np.array([108], dtype=np.int16),
        test_accuracy=runs(cells, 108, repeats=1) - 30,
    )


class TestContractOfOfficialRuns(BenchmarkContract):
    @pytest.fixture(autouse=True)
    def table(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        write_official(tmp_path, "full", SMALL, (4, 12, 36, 108))

    def benchmark(self) -> NASBench101Benchmark:
        return NASBench101Benchmark(self.folder, noise=True, seed=3)


class TestContractOfSmallTables(BenchmarkContract):
    @pytest.fixture(autouse=True)
    def table(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        write_energy(tmp_path)
        write_subset(tmp_path)

    def benchmark(self) -> NASBench101Benchmark:
        return NASBench101Benchmark(self.folder)


def names(benchmark: NASBench101Benchmark) -> list[str]:
    return [metric.name for metric in benchmark.metrics]


def test_nothing_imported_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="nasbench_only108.tfrecord .*agnet import nasbench101"):
        NASBench101Benchmark(tmp_path)


def test_negative_seed_is_refused(tmp_path: Path) -> None:
    write_subset(tmp_path)
    with pytest.raises(InvalidInput, match="seed -1"):
        NASBench101Benchmark(tmp_path, seed=-1)


def test_default_folder_is_that_of_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNET_DATA", str(tmp_path))
    write_subset(tmp_path)
    assert names(NASBench101Benchmark()) == ["test_accuracy", "params_m"]


def test_official_runs(tmp_path: Path) -> None:
    write_official(tmp_path, "full", SMALL, (4, 12, 36, 108))
    benchmark = NASBench101Benchmark(tmp_path)
    assert benchmark.space == NASBench101(4)
    assert str(benchmark.default_objective) == "maximize val_accuracy"
    assert list(benchmark.missing) == ["train_energy_kwh_4ep"]
    assert benchmark.dataset == "cifar10"
    assert benchmark.source == "made up as full"
    asked = ["val_accuracy", "test_accuracy", "train_seconds", "val_accuracy_12ep", "params_m"]
    values = benchmark.query(SPACE.enumerate()[np.array([7, 90, 91])], asked)
    assert np.allclose(values[0], [60.807, 59.807, 608.07, 51.207, 0.007], atol=1e-4)
    assert np.allclose(values[1], [60.89, 59.89, 608.9, 51.29, 0.09], atol=1e-4)
    assert np.isnan(values[2]).all()
    held_out = {metric.name for metric in benchmark.metrics if metric.held_out}
    assert held_out == {name for name in names(benchmark) if name.startswith("test_")}


def test_small_tables(tmp_path: Path) -> None:
    write_energy(tmp_path)
    write_subset(tmp_path)
    benchmark = NASBench101Benchmark(tmp_path)
    assert benchmark.space == NASBench101(4)
    assert str(benchmark.default_objective) == "maximize val_accuracy_4ep"
    assert names(benchmark) == [
        "test_accuracy",
        "val_accuracy_4ep",
        "test_accuracy_4ep",
        "train_seconds_4ep",
        "train_energy_kwh_4ep",
        "params_m",
    ]
    assert "nasbench_only108" in benchmark.missing["val_accuracy"]
    assert "nasbench_full" in benchmark.missing["val_accuracy_36ep"]
    assert benchmark.source == "made up as 5v; made up as subset"
    cells = SPACE.enumerate()[np.array([3, 4, 2000])]
    values = benchmark.query(cells, ["test_accuracy", "val_accuracy_4ep", "params_m"])
    expected = [[30.803, 30.403, 0.003], [np.nan, 30.404, 0.004], [32.8, np.nan, 2.0]]
    assert np.allclose(values, expected, atol=1e-4, equal_nan=True)


def test_cells_of_any_size_can_be_asked_for(tmp_path: Path) -> None:
    write_energy(tmp_path)
    benchmark = NASBench101Benchmark(tmp_path)
    answers = [
        benchmark.query(NASBench101(n).enumerate()[:7], ["val_accuracy_4ep"]) for n in (3, 4, 7)
    ]
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])


def test_the_longest_complete_budget_is_searched_by_default(tmp_path: Path) -> None:
    write_official(tmp_path, "108", SMALL[:7], (108,))
    write_energy(tmp_path)
    benchmark = NASBench101Benchmark(tmp_path)
    assert benchmark.space == NASBench101(4)
    assert str(benchmark.default_objective) == "maximize val_accuracy_4ep"
    write_official(tmp_path, "108", SMALL, (108,))
    assert str(NASBench101Benchmark(tmp_path).default_objective) == "maximize val_accuracy"


def test_without_validation_there_is_nothing_to_search(tmp_path: Path) -> None:
    write_subset(tmp_path)
    benchmark = NASBench101Benchmark(tmp_path)
    assert benchmark.space == SPACE
    with pytest.raises(MissingData, match="no validation accuracy .*agnet import nasbench101"):
        _ = benchmark.default_objective


def test_a_value_comes_from_the_official_file_first(tmp_path: Path) -> None:
    write_energy(tmp_path)
    write_official(tmp_path, "full", SMALL[5:7], (4, 108))
    values = NASBench101Benchmark(tmp_path).query(
        SPACE.enumerate()[4:8], ["val_accuracy_4ep", "train_energy_kwh_4ep"]
    )
    assert np.allclose(values[:, 0], [30.404, 50.405, 50.406, 30.407], atol=1e-4)
    assert np.allclose(values[:, 1], [0.030404, 0.030405, 0.030406, 0.030407], atol=1e-6)


def test_noise_shows_one_recorded_run_of_each_cell(tmp_path: Path) -> None:
    validation = runs(SMALL, 108)
    validation[10:20, :, 2] = np.nan
    validation[20:30, :, 1:] = np.nan
    write(
        tmp_path,
        "108",
        SMALL,
        epochs=np.array([108], dtype=np.int16),
        val_accuracy=validation,
        test_accuracy=validation,
    )
    cells = SPACE.enumerate()[:91]
    shown = [
        NASBench101Benchmark(tmp_path, noise=True, seed=seed).query(cells, ["val_accuracy"])
        for seed in range(20)
    ]
    seen = np.stack(shown).astype(np.float32)[..., 0]
    for cell in range(91):
        recorded = validation[cell, 0][~np.isnan(validation[cell, 0])]
        assert np.array_equal(np.unique(seen[:, cell]), recorded)
    noisy, exact = (NASBench101Benchmark(tmp_path, noise=noise) for noise in (True, False))
    tests = [one.query(cells, ["test_accuracy"]) for one in (noisy, exact)]
    assert np.array_equal(tests[0], tests[1])
    means = exact.query(cells, ["val_accuracy"])[:, 0]
    assert np.allclose(means, np.nanmean(validation[:, 0], axis=1), atol=1e-5)


def test_a_new_import_is_seen(tmp_path: Path) -> None:
    write_energy(tmp_path, SMALL[:7])
    assert NASBench101Benchmark(tmp_path).space == NASBench101(3)
    write_energy(tmp_path)
    assert NASBench101Benchmark(tmp_path).space == NASBench101(4)


def test_damaged_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILES["full"]).write_bytes(b"PK")
    with pytest.raises(TableError, match="truncated"):
        _ = NASBench101Benchmark(tmp_path).metrics


# The real tables.


@pytest.mark.needs_data
def test_best_cell_of_at_most_five_vertices() -> None:
    benchmark = NASBench101Benchmark()
    cells = NASBench101(5).enumerate()
    values = benchmark.query(cells, ["val_accuracy_4ep", "test_accuracy_4ep", "params_m"])
    assert np.isfinite(values).all()
    best = int(values[:, 0].argmax())
    assert np.allclose(values[best], [77.0132, 76.2520, 23.13153], atol=1e-4)
    assert NASBench101(5).official_hash(cells[best]) == "e833ee7d095f08dab909f662e32a5296"


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "rows", "step"),
    [
        ("5v", 2_532, 5),
        ("subset", 12_183, 25),
        pytest.param("5v", 2_532, 1, marks=pytest.mark.slow),
        pytest.param("subset", 12_183, 1, marks=pytest.mark.slow),
    ],
)
def test_published_hashes_are_ours(name: str, rows: int, step: int) -> None:
    table, _ = read_table(data_folder() / FILES[name], KIND)
    assert len(table["cells"]) == rows
    published = [row.tobytes().hex() for row in table["hash"][::step]]
    cells = SPACE.enumerate()[table["cells"][::step].astype(np.int64)]
    assert [SPACE.official_hash(cell) for cell in cells] == published


@pytest.mark.needs_data
def test_real_tables_agree_where_they_overlap() -> None:
    benchmark = NASBench101Benchmark()
    tables = [read_table(data_folder() / FILES[name], KIND)[0] for name in ("5v", "subset")]
    _, first, second = np.intersect1d(tables[0]["cells"], tables[1]["cells"], return_indices=True)
    assert len(first) > 1000
    assert np.array_equal(tables[0]["params"][first], tables[1]["params"][second])
    assert {"test_accuracy", "train_energy_kwh_4ep"} <= set(names(benchmark))
