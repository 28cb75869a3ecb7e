from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from agnet.benchmarks.importers.ofa_mbv3 import import_ofa_mbv3
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError

STEM = "first_conv-input:224x224x3-output:112x112x16"
LAYER = "MBConv-input:112x112x16-output:56x56x24-expand:4-kernel:5-stride:2-idskip:0-se:0"
SHARED = {
    STEM: 1.0,
    "MBConv-input:112x112x16-output:112x112x16-expand:1-kernel:3-stride:1-idskip:1-se:0": 2.0,
    "final_expand_layer-input:7x7x160-output:7x7x960": 4.0,
    "feature_mix_layer-input:1x1x960-output:1x1x1280": 8.0,
    "classifier-input:1280-output:1000": 16.0,
}


def arrays(hidden: int = 5, dtype: Any = np.float16) -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(0)
    shapes = {
        "base_acc": (1,),
        "layers.0.0.weight": (hidden, 124),
        "layers.0.0.bias": (hidden,),
        "layers.1.weight": (1, hidden),
    }
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def measured(**changes: Any) -> dict[str, npt.NDArray[Any]]:
    table: dict[str, npt.NDArray[Any]] = {
        "ofa_ks": np.full((2, 20), 5, dtype=np.int8),
        "ofa_e": np.full((2, 20), 6, dtype=np.int8),
        "ofa_d": np.array([[2, 3, 4, 2, 3], [4, 4, 4, 4, 4]], dtype=np.int8),
        "ofa_r": np.array([128, 224], dtype=np.int16),
        "ofa_top1": np.array([0.5, 0.75], dtype=np.float32),
    }
    return table | {f"ofa_{name}": np.asarray(value) for name, value in changes.items()}


def save(path: Path, content: dict[str, npt.NDArray[Any]]) -> Path:
    np.savez(path, allow_pickle=False, **content)
    return path


def csv(path: Path, known: dict[str, float]) -> Path:
    path.write_text("op,mean_ms\n" + "".join(f"{op},{value}\n" for op, value in known.items()))
    return path


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_weights_are_kept_as_they_are(tmp_path: Path, dtype: Any) -> None:
    given = arrays(dtype=dtype)
    path = import_ofa_mbv3(save(tmp_path / "p.npz", given), tmp_path / "new")
    table, provenance = read_table(path, "ofa_mbv3_accuracy")
    assert path == tmp_path / "new" / "ofa_mbv3_accuracy.npz"
    assert provenance.endswith("imported from p.npz")
    assert table.keys() == given.keys()
    for name, array in given.items():
        assert table[name].dtype == dtype
        assert np.array_equal(table[name], array)


@pytest.mark.parametrize("suffix", [".pth", ".pt"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_state_dictionary_gives_the_same_table(tmp_path: Path, suffix: str, wrapped: bool) -> None:
    given = arrays(dtype=np.float32)
    state = {name: torch.from_numpy(array) for name, array in given.items()}
    source = tmp_path / f"predictor{suffix}"
    torch.save({"state_dict": state} if wrapped else state, source)
    table, _ = read_table(import_ofa_mbv3(source, tmp_path), "ofa_mbv3_accuracy")
    assert all(np.array_equal(table[name], array) for name, array in given.items())


@pytest.mark.parametrize(
    "change",
    [
        {"layers.0.0.weight": np.zeros((5, 128))},
        {"layers.0.0.bias": np.zeros(4)},
        {"layers.1.weight": np.zeros((2, 5))},
        {"layers.1.bias": np.zeros(1)},
        {"base_acc": np.zeros(())},
        {"base_acc": np.array([np.nan])},
        {"layers.1.weight": np.zeros((1, 5), dtype=np.int64)},
        {"layers.1.0.weight": np.zeros((5, 5))},
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, npt.NDArray[Any]]) -> None:
    with pytest.raises(TableError, match=r"p\.npz"):
        import_ofa_mbv3(save(tmp_path / "p.npz", arrays() | change), tmp_path)
    assert not (tmp_path / "ofa_mbv3_accuracy.npz").exists()


def test_measured_networks_become_choices(tmp_path: Path) -> None:
    path = import_ofa_mbv3(save(tmp_path / "m.npz", measured()), tmp_path)
    table, _ = read_table(path, "ofa_mbv3_measured")
    assert path.name == "ofa_mbv3_measured.npz"
    assert table["top1"].tolist() == [50.0, 75.0]
    assert table["choices"][:, :6].tolist() == [[0, 0, 1, 2, 0, 1], [3, 2, 2, 2, 2, 2]]
    assert table["choices"][0, 6:14].tolist() == [2, 2, 0, 0, 2, 2, 2, 0]  # kernels of two stages
    assert table["choices"][1, 26:].tolist() == [3] * 20


@pytest.mark.parametrize(
    "change",
    [
        {"r": [128, 144]},
        {"d": np.full((2, 5), 5)},
        {"ks": np.full((2, 20), 2)},
        {"e": np.full((2, 19), 3)},
        {"d": np.full((2, 4), 3)},
        {"top1": [0.5]},
        {"d": [3, 3]},
    ],
)
def test_networks_of_another_space_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(TableError, match=r"m\.npz"):
        import_ofa_mbv3(save(tmp_path / "m.npz", measured(**change)), tmp_path)


def test_look_up_becomes_a_dense_table(tmp_path: Path) -> None:
    path = import_ofa_mbv3(csv(tmp_path / "ofa_lut_i7-8700K.csv", SHARED | {LAYER: 0.5}), tmp_path)
    table, _ = read_table(path, "ofa_mbv3_latency")
    assert path.name == "ofa_mbv3_latency_i7_8700k.npz"
    assert str(table["device"]) == "i7_8700k"
    assert table["fixed_ms"][3] == 31.0
    assert np.isnan(table["fixed_ms"][:3]).all()
    assert table["layers_ms"].shape == (4, 20, 10)
    assert table["layers_ms"][3, 0, 1 + 3 * 1 + 1] == 0.5
    assert np.isfinite(table["layers_ms"][..., 1:]).sum() == 1
    assert not table["layers_ms"][..., 0].any()


def test_yaml_look_up_gives_the_same_table(tmp_path: Path) -> None:
    known = SHARED | {LAYER: 0.5}
    plain = import_ofa_mbv3(csv(tmp_path / "a.csv", known), tmp_path)
    (tmp_path / "b_lut.yaml").write_text(
        "".join(f"{op}:\n  mean: {value}\n  var: 0.1\n" for op, value in known.items())
    )
    official = import_ofa_mbv3(tmp_path / "b_lut.yaml", tmp_path)
    (one, _), (two, _) = (read_table(path, "ofa_mbv3_latency") for path in (plain, official))
    assert str(two.pop("device")) == "b"
    assert all(np.array_equal(one[name], two[name], equal_nan=True) for name in two)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cpu.csv", "", "no latency"),
        ("cpu.csv", "op,ms\na,1\n", "look-up of op and mean_ms"),
        ("cpu.csv", f"op,mean_ms\n{STEM}\n", "look-up of op and mean_ms"),
        ("cpu.csv", f"op,mean_ms\n{STEM},fast\n", "look-up of op and mean_ms"),
        ("cpu.csv", f"op,mean_ms\n{STEM},nan\n", "line 2"),
        ("cpu.csv", f"op,mean_ms\n{STEM},-1\n", "line 2"),
        ("cpu.csv", f"op,mean_ms\n{STEM},1\n{STEM},1\n", "line 3"),
        ("cpu.csv", "op,mean_ms\nconv,1\n", "no latency"),
        ("cpu.yaml", "- a\n- b\n", "no latency"),
        ("cpu.yaml", f"{STEM}:\n  mean: fast\n", "look-up of op and mean_ms"),
        ("cpu.txt", "", "expected an accuracy predictor"),
        ("cpu.npz", "no zip", "truncated"),
        ("cpu.pth", "no zip", "truncated"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=said):
        import_ofa_mbv3(tmp_path / name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_look_up_needs_the_name_of_a_device(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="after the device"):
        import_ofa_mbv3(csv(tmp_path / "ofa_lut.csv", SHARED | {LAYER: 0.5}), tmp_path)


def test_an_npz_of_something_else_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="has devices, latency_ms; expected"):
        content = {"devices": np.zeros(2), "latency_ms": np.zeros(2)}
        import_ofa_mbv3(save(tmp_path / "x.npz", content), tmp_path)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("ran",))


def test_no_code_in_a_state_dictionary_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"base_acc": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(TableError, match="more than plain values and tensors"):
        import_ofa_mbv3(tmp_path / "evil.pth", tmp_path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("suffix", [".pth", ".csv", ".npz"])
def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        import_ofa_mbv3(tmp_path / f"none{suffix}", tmp_path)


@pytest.mark.parametrize("keep", [0, 10, 200, 600, -5_000, -1])
@pytest.mark.parametrize("suffix", [".pth", ".npz"])
def test_truncated_weights_are_refused(tmp_path: Path, keep: int, suffix: str) -> None:
    source = tmp_path / f"whole{suffix}"
    if suffix == ".npz":
        save(source, arrays())
    else:
        torch.save({name: torch.from_numpy(array) for name, array in arrays().items()}, source)
    (tmp_path / f"part{suffix}").write_bytes(source.read_bytes()[:keep])
    with pytest.raises(TableError):
        import_ofa_mbv3(tmp_path / f"part{suffix}", tmp_path)
