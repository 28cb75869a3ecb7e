from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnet.benchmarks.importers.hwnasbench import METRICS, import_hwnasbench
from agnet.benchmarks.nasbench201 import DATASETS, NASBench201Benchmark
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError
from agnet.spaces import NASBench201
from tests.benchmarks.importers.official import TEXTS, Malicious

SPACE = NASBench201()
VALUES = np.random.default_rng(0).uniform(0.5, 9, (SPACE.size, 3, len(METRICS))).astype(np.float32)
VALUES[::3, :, METRICS.index("edgetpu_latency")] = -1


def official(**changed: Any) -> dict[str, Any]:
    tables = {
        dataset: {name: VALUES[:, at, k].tolist() for k, name in enumerate(METRICS)}
        for at, dataset in enumerate(DATASETS)
    }
    tables["cifar10"].update(changed)
    return {"nasbench201": tables, "fbnet": {"cifar100": {"edgegpu_latency": {"Skip": 0.1}}}}


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4])
def test_official_file(tmp_path: Path, protocol: int) -> None:
    source = write(tmp_path / "HW-NAS-Bench.pickle", official(), protocol)
    table, provenance = read_table(import_hwnasbench(source, tmp_path), "hwnasbench")
    assert "HW-NAS-Bench.pickle" in provenance
    for k, name in enumerate(METRICS):
        expected = np.where(VALUES[:, :, k] == -1, np.nan, VALUES[:, :, k])
        assert np.array_equal(table[name], expected, equal_nan=True)


def test_benchmark_shows_what_was_imported(tmp_path: Path) -> None:
    import_hwnasbench(write(tmp_path / "hw.pickle", official()), tmp_path)
    benchmark = NASBench201Benchmark("cifar100", folder=tmp_path)
    names = ["raspi4_latency_ms", "fpga_energy_mj", "edgetpu_latency_ms"]
    values = benchmark.query(SPACE.enumerate()[:4], names)
    columns = [METRICS.index(name) for name in ("raspi4_latency", "fpga_energy", "edgetpu_latency")]
    expected = VALUES[:4, 1, columns].astype(np.float64)
    expected[[0, 3], 2] = np.nan
    assert np.array_equal(values, expected, equal_nan=True)
    assert not [name for name in benchmark.missing if "latency" in name or "energy" in name]


def test_named_architectures_decide_the_rows(tmp_path: Path) -> None:
    config = [{"name": "infer.tiny", "C": 16, "arch_str": text} for text in TEXTS[::-1]]
    source = write(tmp_path / "hw.pickle", official(config=config))
    table, _ = read_table(import_hwnasbench(source, tmp_path), "hwnasbench")
    assert np.array_equal(table["fpga_energy"], VALUES[::-1, :, METRICS.index("fpga_energy")])


def test_lists_of_numpy_numbers_and_arrays(tmp_path: Path) -> None:
    first = VALUES[:, 0, 0]
    for protocol in (2, 4, 5):
        for given in (first, list(first)):
            source = write(tmp_path / "hw.pickle", official(edgegpu_latency=given), protocol)
            table, _ = read_table(import_hwnasbench(source, tmp_path), "hwnasbench")
            assert np.array_equal(table["edgegpu_latency"], VALUES[:, :, 0])


def test_plain_arrays(tmp_path: Path) -> None:
    source = tmp_path / "plain.npz"
    names, datasets = np.array([*METRICS[:2], "other"]), np.array(DATASETS)
    np.savez(source, values=VALUES[:, :, :3], metrics=names, datasets=datasets)
    table, _ = read_table(import_hwnasbench(source, tmp_path / "tables"), "hwnasbench")
    assert np.array_equal(table[METRICS[1]], VALUES[:, :, 1])
    assert "other" not in table
    np.savez(source, values=VALUES[:9], metrics=np.array(METRICS), datasets=datasets)
    with pytest.raises(TableError, match=r"expected \(15625, 3, 10\)"):
        import_hwnasbench(source, tmp_path)
    np.savez(source, values=VALUES[:, :, :1], metrics=names[2:], datasets=datasets)
    with pytest.raises(TableError, match="holds none of"):
        import_hwnasbench(source, tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    source = write(tmp_path / "hw.pickle", official())
    source.write_bytes(source.read_bytes()[: int(share * source.stat().st_size)])
    with pytest.raises(TableError, match=r"hw\.pickle is truncated"):
        import_hwnasbench(source, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([1, 2], "another layout"),
        ({"fbnet": {}}, "'nasbench201'"),
        ({"nasbench201": dict.fromkeys(DATASETS, {})}, "holds none of"),
        (official(edgegpu_latency=[1.0]), r"shape \(1,\)"),
        (official(edgegpu_latency=["x"] * SPACE.size), "another layout"),
        (official(config=[{"arch_str": "x"}]), "no NAS-Bench-201 cell"),
    ],
)
def test_foreign_file_is_refused(tmp_path: Path, wrong: object, said: str) -> None:
    with pytest.raises(TableError, match=said):
        import_hwnasbench(write(tmp_path / "hw.pickle", wrong), tmp_path)


def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "it ran"
    source = write(tmp_path / "hw.pickle", official(config=Malicious(str(trap))))
    with pytest.raises(TableError, match="not allowed"):
        import_hwnasbench(source, tmp_path)
    assert not trap.exists()


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        import_hwnasbench(tmp_path / "none.pickle", tmp_path)
