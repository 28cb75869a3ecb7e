from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnet.benchmarks.training import (
    cifar10_images,
    cifar10_python,
    cifar100_python,
    digits,
    from_npz,
)
from agnet.errors import InvalidInput, MissingData, TableError

BATCHES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]


def pixels(number: int, count: int = 20) -> np.ndarray:
    return np.random.default_rng(number).integers(256, size=(count, 3072)).astype(np.uint8)


def write_cifar10(folder: Path) -> None:
    for number, name in enumerate(BATCHES):
        batch = {b"data": pixels(number), b"labels": [k % 10 for k in range(20)]}
        (folder / name).write_bytes(pickle.dumps(batch))


def test_digits_are_split_by_class_and_seed() -> None:
    data, again, other = digits(), digits(), digits(seed=1)
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [899, 448, 450]
    assert data.image_shape == (1, 8, 8)
    for part in parts:
        counts = np.bincount(part.labels.numpy(), minlength=10) / len(part)
        assert np.abs(counts - 0.1).max() < 0.01
        assert float(part.images.max()) == 1.0
    assert bool((data.validation.images == again.validation.images).all())
    shown = {bytes(image.numpy()) for image in data.validation.images}
    assert 0.1 < np.mean([bytes(image.numpy()) in shown for image in other.validation.images]) < 0.5
    assert not any(bytes(image.numpy()) in shown for image in data.test.images)


def test_cifar10_is_read_from_its_official_batches(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    data = cifar10_python(tmp_path, validation=0.2)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [80, 20, 20]
    assert data.image_shape == (3, 32, 32)
    expected = pixels(5)[3].reshape(3, 32, 32) / 255
    assert data.test.images[3].numpy() == pytest.approx(expected, abs=1e-6)
    assert data.test.labels.tolist() == [k % 10 for k in range(20)]
    assert data.validation.labels.bincount().tolist() == [2] * 10
    first = pixels(0)[:1].reshape(3, 32, 32) / 255
    assert any(image.numpy() == pytest.approx(first, abs=1e-6) for image in data.train.images) or (
        any(image.numpy() == pytest.approx(first, abs=1e-6) for image in data.validation.images)
    )


def test_all_of_cifar10_comes_in_the_official_order(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    train, test = cifar10_images(tmp_path)
    expected = np.concatenate([pixels(number) for number in range(5)]).reshape(-1, 3, 32, 32) / 255
    assert train.images.numpy() == pytest.approx(expected, abs=1e-6)
    assert train.labels.tolist() == 5 * [k % 10 for k in range(20)]
    assert test.images.numpy() == pytest.approx(pixels(5).reshape(-1, 3, 32, 32) / 255, abs=1e-6)


def test_cifar100_is_read_with_its_fine_classes(tmp_path: Path) -> None:
    for name, number in (("train", 10), ("test", 1)):
        rows = np.concatenate([pixels(number)] * 10)
        labels = list(range(100)) * (len(rows) // 100)
        content = {b"data": rows, b"fine_labels": labels, b"coarse_labels": [0] * len(rows)}
        (tmp_path / name).write_bytes(pickle.dumps(content))
    data = cifar100_python(tmp_path, validation=0.5)
    assert (data.name, data.num_classes) == ("cifar100", 100)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [100, 100, 200]
    assert data.validation.labels.bincount().tolist() == [1] * 100
    (tmp_path / "test").write_bytes(pickle.dumps({b"data": pixels(0), b"labels": [0] * 20}))
    with pytest.raises(TableError, match="no batch of CIFAR-100"):
        cifar100_python(tmp_path, validation=0.5)


class Harm:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("exit 1",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense", "no pickle"),
        (pickle.dumps(Harm()), "more than plain values"),
        (pickle.dumps([1, 2]), "no batch of CIFAR-10"),
        (pickle.dumps({b"data": pixels(0)}), "no batch of CIFAR-10"),
        (pickle.dumps({b"data": pixels(0), b"labels": [1]}), "no batch of CIFAR-10"),
        (pickle.dumps({b"data": pixels(0), b"labels": [10] * 20}), "labels 10 to 10"),
        (pickle.dumps({b"data": pixels(0) / 255, b"labels": [1] * 20}), "float64"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "data_batch_3").write_bytes(content)
    with pytest.raises(TableError, match=said) as caught:
        cifar10_python(tmp_path)
    assert "data_batch_3" in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="data_batch_1"):
        cifar10_python(tmp_path)
    with pytest.raises(MissingData, match=r"mine\.npz"):
        from_npz(tmp_path / "mine.npz")


def arrays() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for number, part in enumerate(("train", "validation", "test")):
        made[f"{part}_images"] = pixels(number, 4).reshape(4, 3, 32, 32)
        made[f"{part}_labels"] = np.array([0, 1, 2, number])
    return made


def test_npz_of_one_s_own(tmp_path: Path) -> None:
    made = arrays()
    np.savez(tmp_path / "mine.npz", **made)
    data = from_npz(tmp_path / "mine.npz")
    assert (data.name, data.num_classes, data.image_shape) == ("mine", 3, (3, 32, 32))
    for part, found in (("train", data.train), ("test", data.test)):
        assert found.images.numpy() == pytest.approx(made[f"{part}_images"] / 255, abs=1e-6)
        assert found.labels.tolist() == made[f"{part}_labels"].tolist()
    assert from_npz(tmp_path / "mine.npz", "other").name == "other"


def test_damaged_npz_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.npz"
    lacking = arrays()
    del lacking["test_labels"]
    np.savez(file, **lacking)
    with pytest.raises(TableError, match="test_labels"):
        from_npz(file)
    np.savez(file, **{**arrays(), "test_labels": np.array([object()] * 4)})
    with pytest.raises(TableError, match="Object arrays"):
        from_npz(file)
    file.write_bytes(b"nonsense")
    with pytest.raises(TableError, match="truncated"):
        from_npz(file)
    np.savez(file, **{**arrays(), "test_images": np.full((4, 3, 32, 32), 7.0)})
    with pytest.raises(InvalidInput, match="to 7"):
        from_npz(file)
