from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import nas_201_api.api_utils as package
import numpy as np
import pytest
import torch
from nas_201_api import NASBench201API

from agnet.benchmarks.importers._accuracies import KIND
from agnet.benchmarks.importers.nasbench201 import import_nasbench201
from agnet.benchmarks.nasbench201 import DATASETS, NASBench201Benchmark
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError
from agnet.spaces import NASBench201
from tests.benchmarks.importers.official import SEEDS, TEXTS, Malicious, results

SPACE = NASBench201()
CELLS = [0, 3, 6111, 15_624]
HALF = {"dataset_seed": {"cifar100": [777]}}


def content(cells: list[int] = CELLS, texts: list[str] = TEXTS) -> dict[str, Any]:
    infos = {
        index: {"less": results(package, index, 3, (777,)), "full": results(package, index, 5)}
        for index in cells
    }
    return {"meta_archs": texts, "arch2infos": infos, "evaluated_indexes": cells}


@pytest.mark.parametrize("zipped", [True, False])
def test_import_equals_asking_the_official_package(tmp_path: Path, zipped: bool) -> None:
    source, official = tmp_path / "NAS-Bench-201.pth", content()
    torch.save(official, source, _use_new_zipfile_serialization=zipped)
    table, provenance = read_table(import_nasbench201(source, tmp_path / "tables"), KIND)
    api = NASBench201API(official, verbose=False)
    assert "NAS-Bench-201.pth" in provenance
    assert table["seeds"].tolist() == list(SEEDS)
    for at, dataset in enumerate(DATASETS):
        for cell in CELLS:
            setting = "cifar10-valid" if dataset == "cifar10" else dataset
            for place, seed in enumerate(SEEDS):
                info = api.get_more_info(cell, setting, hp="200", is_random=seed)
                assert np.isclose(table["val_200_runs"][cell, at, place], info["valid-accuracy"])
            full = api.get_more_info(cell, setting, hp="200", is_random=False)
            test = api.get_more_info(cell, dataset, hp="200", is_random=False)
            short = api.get_more_info(cell, setting, hp="12", is_random=False)
            short_test = api.get_more_info(cell, dataset, hp="12", is_random=False)
            assert np.isclose(table["train_seconds"][cell, at], full["train-all-time"])
            assert np.isclose(table["test_200"][cell, at], test["test-accuracy"])
            assert np.isclose(table["val_12"][cell, at], short["valid-accuracy"])
            assert np.isclose(table["test_12"][cell, at], short_test["test-accuracy"])
            latency = api.get_latency(cell, setting, hp="200")
            assert np.isclose(table["latency_s"][cell, at], latency)
            assert table["params_m"][cell, at] == 0.1 * cell  # seed 888 is right
            assert table["flops_m"][cell, at] == 10 * (0.1 * cell)


def test_cells_that_the_file_lacks_are_nan(tmp_path: Path) -> None:
    torch.save(content(), tmp_path / "some.pth")
    table, _ = read_table(import_nasbench201(tmp_path / "some.pth", tmp_path), KIND)
    for name in ("test_200", "val_12", "train_seconds", "params_m"):
        assert np.flatnonzero(np.isfinite(table[name]).any(axis=1)).tolist() == CELLS
    values = NASBench201Benchmark(folder=tmp_path).query(
        SPACE.enumerate()[np.array([3, 4])], ["val_accuracy", "test_accuracy"]
    )
    assert np.isnan(values).tolist() == [[False, False], [False, True]]


def test_missing_runs_and_settings_are_nan(tmp_path: Path) -> None:
    official = content([0, 1])
    official["arch2infos"][1]["full"] = results(package, 1, 5, (888, 4242), ("cifar10-valid",))
    torch.save(official, tmp_path / "some.pth")
    table, _ = read_table(import_nasbench201(tmp_path / "some.pth", tmp_path), KIND)
    assert table["seeds"].tolist() == [*SEEDS, 4242]
    runs = np.isfinite(table["val_200_runs"][:2])
    assert runs[0].tolist() == [[True, True, True, False]] * 3
    assert runs[1].tolist() == [[False, True, False, True]] + [[False] * 4] * 2
    assert np.isfinite(table["train_seconds"][1]).tolist() == [True, False, False]
    assert np.isnan(table["test_200"][1]).all()


def test_rows_follow_the_text_not_the_place(tmp_path: Path) -> None:
    torch.save(content([0, 1], TEXTS[::-1]), tmp_path / "reversed.pth")
    table, _ = read_table(import_nasbench201(tmp_path / "reversed.pth", tmp_path), KIND)
    assert np.flatnonzero(np.isfinite(table["test_200"][:, 0])).tolist() == [15_623, 15_624]


def test_more_cells_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agnet.benchmarks.importers.nasbench201.BLOCK", 2)
    cells = list(range(5))
    torch.save(content(cells), tmp_path / "many.pth")
    table, _ = read_table(import_nasbench201(tmp_path / "many.pth", tmp_path), KIND)
    assert np.flatnonzero(np.isfinite(table["test_200"][:, 0])).tolist() == cells


@pytest.mark.parametrize("tensors", [False, True])
def test_numbers_written_by_numpy_1(tmp_path: Path, tensors: bool) -> None:
    buffer = io.BytesIO()
    official = {**content([2]), **({"weights": torch.zeros(3)} if tensors else {})}
    torch.save(official, buffer, _use_new_zipfile_serialization=False)
    old = buffer.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert b"numpy.core.multiarray" in old
    (tmp_path / "old.pth").write_bytes(old)
    table, _ = read_table(import_nasbench201(tmp_path / "old.pth", tmp_path), KIND)
    assert table["params_m"][2].tolist() == [0.2] * 3


@pytest.mark.parametrize("zipped", [True, False])
def test_file_with_tensors(tmp_path: Path, zipped: bool) -> None:
    official = {**content([2]), "weights": torch.zeros(3)}
    torch.save(official, tmp_path / "some.pth", _use_new_zipfile_serialization=zipped)
    table, _ = read_table(import_nasbench201(tmp_path / "some.pth", tmp_path), KIND)
    assert table["params_m"][2].tolist() == [0.2] * 3


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, zipped: bool) -> None:
    source, trap = tmp_path / "hostile.pth", tmp_path / "it ran"
    hostile = {**content([0]), "extra": Malicious(str(trap))}
    torch.save(hostile, source, _use_new_zipfile_serialization=zipped)
    with pytest.raises(TableError, match=r"hostile\.pth .* more than plain values and tensors"):
        import_nasbench201(source, tmp_path)
    assert not trap.exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated_file_is_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    source = tmp_path / "short.pth"
    torch.save(content([0]), source, _use_new_zipfile_serialization=zipped)
    source.write_bytes(source.read_bytes()[: int(share * source.stat().st_size)])
    with pytest.raises(TableError, match=r"short\.pth"):
        import_nasbench201(source, tmp_path)
    assert not (tmp_path / "nasbench201.npz").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([1, 2], "holds a list"),
        ({"meta_archs": []}, "lacks arch2infos, evaluated_indexes"),
        ({**content([]), "meta_archs": ["|none~0|"]}, "no NAS-Bench-201 cell"),
        ({**content([]), "meta_archs": TEXTS[:2] * 2}, "lists a cell twice"),
        (content([]), "holds no result"),
        ({**content([]), "arch2infos": {0: {"less": {}, "full": {}}}}, "holds no result"),
        ({**content([]), "arch2infos": {0: {"less": {}, "full": HALF}}}, "malformed"),
        ({**content([]), "arch2infos": {0: {"less": {}}}}, "official layout"),
        (content([3], TEXTS[:2]), "official layout"),
    ],
)
def test_foreign_file_is_refused(tmp_path: Path, wrong: Any, said: str) -> None:
    torch.save(wrong, tmp_path / "foreign.pth")
    with pytest.raises(TableError, match=said):
        import_nasbench201(tmp_path / "foreign.pth", tmp_path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("none.pth", "none.npz"):
        with pytest.raises(StorageError, match="cannot read"):
            import_nasbench201(tmp_path / name, tmp_path)


def arrays(rows: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "ops": SPACE.enumerate().choices[rows::-1][:rows].astype(np.int8),
        "datasets": np.array(DATASETS),
        "val_acc_200_seeds": rng.uniform(10, 90, (rows, 3, 3)).astype(np.float32),
        "test_acc_200": rng.uniform(10, 90, (rows, 3)).astype(np.float32),
        "params": np.full((rows, 3), 129_306),
    }


def test_plain_arrays(tmp_path: Path) -> None:
    given = arrays()
    np.savez(tmp_path / "plain.npz", allow_pickle=False, **given)
    table, _ = read_table(import_nasbench201(tmp_path / "plain.npz", tmp_path / "tables"), KIND)
    assert np.array_equal(table["test_200"][4:0:-1], given["test_acc_200"])
    assert np.array_equal(table["val_200_runs"][4:0:-1], given["val_acc_200_seeds"])
    assert table["params_m"][1:5].tolist() == [[0.129306] * 3] * 4
    assert np.isnan(table["test_200"][5:]).all()
    assert np.isnan(table["val_12"]).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ops": np.full((4, 6), 9)}, "no NAS-Bench-201 cells"),
        ({"ops": np.zeros((4, 6), dtype=int)}, "twice"),
        ({"datasets": np.array(["mnist"])}, "mnist"),
        ({"test_acc_200": np.zeros((4, 2))}, r"expected numbers of shape \(4, 3\)"),
        ({"test_acc_200": np.full((4, 3), "x")}, "expected numbers"),
        ({"test_acc_200": np.full((4, 3), None)}, "allow_pickle"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "plain.npz", **{**arrays(), **changed})
    with pytest.raises(TableError, match=said):
        import_nasbench201(tmp_path / "plain.npz", tmp_path)


def test_damaged_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.npz"
    np.savez(path, allow_pickle=False, **arrays())
    whole = path.read_bytes()
    for size in (0, 100, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(TableError, match="truncated"):
            import_nasbench201(path, tmp_path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(TableError, match=r"no \.npz"):
        import_nasbench201(path, tmp_path)
    np.savez(path, ops=np.zeros(3))
    with pytest.raises(TableError, match="lacks the array.s. datasets"):
        import_nasbench201(path, tmp_path)
