from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agnet.benchmarks.importers import tfrecord
from agnet.benchmarks.importers.nasbench101 import import_nasbench101
from agnet.benchmarks.nasbench101 import KIND
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError
from agnet.spaces import Architecture, Architectures
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101
from tests.benchmarks.importers.tfrecords import field, tfrecords

SPACE = NASBench101()
CELLS = [0, 5, 90, 2000, 50_000, 400_000]


@cache
def all_cells() -> Architectures:
    return SPACE.enumerate()


def accuracy(cell: int, epochs: int, repeat: int) -> float:
    return 0.5 + (cell % 97) / 400 + epochs / 1000 + repeat / 64


def evaluation(epoch: float, seconds: float, validation: float, test: float) -> bytes:
    values = (epoch, seconds, 1.0, validation, test)
    return b"".join(field(i, value) for i, value in enumerate(values, start=1)) + field(6, b"")


def metrics(cell: int, epochs: int, repeat: int) -> bytes:
    value = accuracy(cell, epochs, repeat)
    stages = [
        evaluation(0.0, 0.0, 0.1, 0.1),
        evaluation(epochs / 2, 5.0 * epochs, value / 2, value / 3),
        evaluation(float(epochs), 10.0 * epochs + repeat, value, value - 0.01),
    ]
    return b"".join(field(1, stage) for stage in stages) + field(2, 1000 + cell) + field(3, 99.0)


def record(cell: int, epochs: int, repeat: int, **changes: Any) -> bytes:
    """One official record, with a few parts replaced."""
    arch = all_cells()[cell]
    matrix, ops = SPACE.to_matrix(arch)
    parts = {
        "hash": SPACE.official_hash(arch),
        "epochs": epochs,
        "edges": "".join(map(str, matrix.flatten())),
        "ops": ",".join(ops),
        "metrics": base64.b64encode(metrics(cell, epochs, repeat)).decode(),
    } | changes
    return json.dumps(list(parts.values())).encode()


def official(epochs: Sequence[int] = (4, 12, 36, 108)) -> list[bytes]:
    runs = [(cell, e, repeat) for cell in CELLS for e in epochs for repeat in range(3)]
    return [record(*run) for run in runs]


def written(folder: Path, records: Sequence[bytes]) -> Path:
    path = folder / "nasbench.tfrecord"
    path.write_bytes(tfrecords(records))
    return path


@pytest.mark.parametrize("batch_bytes", [1, 3_000, 1 << 22])
def test_official_file_becomes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    monkeypatch.setattr(tfrecord, "BATCH_BYTES", batch_bytes)
    path = import_nasbench101(written(tmp_path, official()), tmp_path / "tables")
    assert path.name == "nasbench101-full.npz"
    table, provenance = read_table(path, KIND)
    assert "nasbench.tfrecord" in provenance
    assert str(tmp_path) not in provenance
    assert table["cells"].tolist() == CELLS
    assert table["params"].tolist() == [1000 + cell for cell in CELLS]
    assert table["epochs"].tolist() == [4, 12, 36, 108]
    for i, cell in enumerate(CELLS):
        for e, epochs in enumerate((4, 12, 36, 108)):
            expected = np.array([accuracy(cell, epochs, repeat) for repeat in range(3)])
            assert np.allclose(table["val_accuracy"][i, e], 100 * expected)
            assert np.allclose(table["test_accuracy"][i, e], 100 * (expected - 0.01))
            assert np.allclose(table["train_seconds"][i, e], 10.0 * epochs + np.arange(3))
    for name in ("val_accuracy", "test_accuracy", "train_seconds"):
        assert table[name].dtype == np.float32


def test_file_of_108_epochs_has_its_own_name(tmp_path: Path) -> None:
    path = import_nasbench101(written(tmp_path, official([108])), tmp_path)
    table, _ = read_table(path, KIND)
    assert path.name == "nasbench101-108.npz"
    assert table["epochs"].tolist() == [108]
    assert table["val_accuracy"].shape == (len(CELLS), 1, 3)


def test_order_of_records_and_vertices_does_not_matter(tmp_path: Path) -> None:
    diamond = SPACE.parse("conv3x3-bn-relu~0+maxpool3x3~0+conv1x1-bn-relu~1+output~2,3")
    cell = int(SPACE.index([diamond])[0])
    twisted = record(cell, 108, 0)
    name, epochs, edges, ops, coded = json.loads(twisted)
    size = len(ops.split(","))
    matrix = np.array([int(digit) for digit in edges]).reshape(size, size)
    order = [0, 2, 1, 3, 4]
    edges = "".join(map(str, matrix[np.ix_(order, order)].flatten()))
    ops = ",".join(np.array(ops.split(","))[order])
    twisted = json.dumps([name, epochs, edges, ops, coded]).encode()
    source = written(tmp_path, [record(90, 108, 0), twisted, record(90, 108, 1)])
    table, _ = read_table(import_nasbench101(source, tmp_path), KIND)
    assert table["cells"].tolist() == [90, cell]
    assert np.isfinite(table["val_accuracy"]).sum(axis=2).tolist() == [[2], [1]]
    assert np.isfinite(table["val_accuracy"][0, 0]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "holds no record"),
        ([b"no json"], "record 0 of .* is no NAS-Bench-101 record"),
        ([b"[" * 100_000], "record 0"),
        ([b"[1, 2]"], "record 0"),
        ([record(5, 108, 0), record(5, 50, 0)], "record 1"),
        ([record(5, 108, 0, edges="01")], "record 0"),
        ([record(5, 108, 0, edges=None)], "record 0"),
        ([record(5, 108, 0, edges="é" * 9)], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, edges="2" * 9)], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, edges="")], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, edges="0" * 64)], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, ops="input,conv5x5,output")], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, ops="input,output")], "holds what is no NAS-Bench-101 cell"),
        ([record(5, 108, 0, hash="0" * 32)], "the hash of the cell .* is 0000.*another order"),
        ([record(5, 108, 0, metrics="???")], "record 0"),
        ([record(5, 108, 0, metrics="")], "record 0"),
        ([record(5, 108, 0, metrics="CgA=")], "record 0"),
        ([record(5, 108, i) for i in range(4)], "more than 3 runs of 108 epochs"),
    ],
)
def test_malformed_records_are_refused(tmp_path: Path, records: list[bytes], said: str) -> None:
    with pytest.raises(TableError, match=said):
        import_nasbench101(written(tmp_path, records), tmp_path)
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize(
    "wrong", [field(5, -0.5), field(5, 1.5), field(4, float("nan")), field(2, -1.0)]
)
def test_impossible_results_are_refused(tmp_path: Path, wrong: bytes) -> None:
    message = field(1, evaluation(108.0, 1.0, 0.9, 0.9) + wrong) + field(2, 1000)
    coded = base64.b64encode(message).decode()
    with pytest.raises(TableError, match="record 0 .*accuracies"):
        import_nasbench101(written(tmp_path, [record(5, 108, 0, metrics=coded)]), tmp_path)


def test_one_cell_under_two_hashes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agnet.benchmarks.importers._nasbench101_runs.HASHES_CHECKED", 0)
    records = [record(5, 108, 0), record(5, 108, 0, hash="0" * 32)]
    with pytest.raises(TableError, match="one cell by two hashes"):
        import_nasbench101(written(tmp_path, records), tmp_path)


def test_truncated_and_missing_files_are_refused(tmp_path: Path) -> None:
    source = written(tmp_path, official())
    source.write_bytes(source.read_bytes()[:-9])
    with pytest.raises(TableError, match="truncated"):
        import_nasbench101(source, tmp_path)
    with pytest.raises(StorageError, match="cannot read"):
        import_nasbench101(tmp_path / "nothing.tfrecord", tmp_path)
    with pytest.raises(StorageError, match="cannot read"):
        import_nasbench101(tmp_path / "nothing.npz", tmp_path)
    assert not list(tmp_path.glob("*.npz"))


# Files of plain arrays.


def plain(cells: Sequence[Architecture], vertices: int) -> dict[str, npt.NDArray[Any]]:
    edges = np.zeros((len(cells), vertices, vertices), dtype=np.uint8)
    ops = np.full((len(cells), vertices - 2), -1, dtype=np.int8)
    sizes = []
    for i, cell in enumerate(cells):
        matrix, names = SPACE.to_matrix(cell)
        edges[i, : len(names), : len(names)] = matrix
        ops[i, : len(names) - 2] = [OPERATIONS.index(op) for op in names[1:-1]]
        sizes.append(len(names))
    rows, columns = np.triu_indices(vertices, 1)
    hashes = [bytes.fromhex(SPACE.official_hash(cell)) for cell in cells]
    return {
        "hash": np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 16),
        "n_vertices": np.array(sizes, dtype=np.int8),
        "adj_triu5" if vertices == 5 else "adj_triu": edges[:, rows, columns],
        "ops": ops,
        "params": np.arange(len(cells), dtype=np.int32),
    }


def energy_file() -> dict[str, npt.NDArray[Any]]:
    cells = list(all_cells()[np.array([2000, 3, 0, 80])])
    values = np.array([0.5, 0.25, 0.125, 0.75], dtype=np.float32)
    return plain(cells, 5) | {
        "val_acc": values,
        "test_acc": values / 2,
        "train_time_s": 100 * values,
        "energy_kwh": values / 100,
    }


def saved(folder: Path, arrays: dict[str, npt.NDArray[Any]]) -> Path:
    path = folder / "given.npz"
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return path


def test_energy_table(tmp_path: Path) -> None:
    path = import_nasbench101(saved(tmp_path, energy_file()), tmp_path)
    table, provenance = read_table(path, KIND)
    assert path.name == "nasbench101-5v.npz"
    assert provenance.startswith("EC-NAS-Bench")
    assert table["cells"].tolist() == [0, 3, 80, 2000]
    assert table["params"].tolist() == [2, 1, 3, 0]
    assert table["epochs"].tolist() == [4]
    assert table["val_accuracy"][:, 0, 0].tolist() == [12.5, 25.0, 75.0, 50.0]
    assert table["test_accuracy"][:, 0, 0].tolist() == [6.25, 12.5, 37.5, 25.0]
    assert table["train_seconds"][:, 0, 0].tolist() == [12.5, 25.0, 75.0, 50.0]
    assert np.allclose(table["train_energy_kwh"][:, 0, 0], [0.00125, 0.0025, 0.0075, 0.005])
    hashes = [row.tobytes().hex() for row in table["hash"]]
    assert hashes == [SPACE.official_hash(all_cells()[cell]) for cell in (0, 3, 80, 2000)]


@pytest.mark.parametrize("hashed", [True, False])
def test_subset_table(tmp_path: Path, hashed: bool) -> None:
    arrays = plain(list(all_cells()[np.array([400_000, 5])]), 7)
    arrays["test_acc_108"] = np.array([0.9375, 0.5], dtype=np.float32)
    if not hashed:
        del arrays["hash"]
    path = import_nasbench101(saved(tmp_path, arrays), tmp_path)
    table, _ = read_table(path, KIND)
    assert path.name == "nasbench101-subset.npz"
    assert table["cells"].tolist() == [5, 400_000]
    assert table["test_accuracy"].tolist() == [[[50.0]], [[93.75]]]
    assert "val_accuracy" not in table


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("ops"), "lacks the array"),
        (without("adj_triu5"), "lacks the array.*adj_triu"),
        (without("energy_kwh"), "lacks the array.*energy_kwh"),
        (lambda a: {name: array[:0] for name, array in a.items()}, "holds no cell"),
        (lambda a: {name: array[[0, 0, 1]] for name, array in a.items()}, "a cell twice"),
        (lambda a: a | {"val_acc": a["val_acc"][1:]}, "val_acc .* has the shape"),
        (lambda a: a | {"val_acc": a["val_acc"].astype(str)}, "val_acc .* expected numbers"),
        (lambda a: a | {"n_vertices": a["n_vertices"] + 5}, "no NAS-Bench-101 cell"),
        (lambda a: a | {"n_vertices": a["n_vertices"] * 0}, "no NAS-Bench-101 cell"),
        (lambda a: a | {"ops": a["ops"] + 4}, "no NAS-Bench-101 cell"),
        (lambda a: a | {"adj_triu5": a["adj_triu5"] * 0}, "no NAS-Bench-101 cell"),
        (lambda a: a | {"hash": a["hash"][::-1]}, "the hash of the cell"),
    ],
)
def test_malformed_arrays_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    with pytest.raises(TableError, match=said):
        import_nasbench101(saved(tmp_path, change(energy_file())), tmp_path / "tables")
    assert not (tmp_path / "tables").exists()
