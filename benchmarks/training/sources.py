"""Data sets to train on: one that is always there, and files that a user has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.store import DAMAGE, load_arrays
from agnet.benchmarks.training.data import ImageData, LabelledImages, hold_out
from agnet.benchmarks.unpickling import read_pickle
from agnet.errors import MissingData, StorageError, TableError
from agnet.seeds import stream

__all__ = ["cifar10_images", "cifar10_python", "cifar100_python", "digits", "from_npz"]

CIFAR10_TRAIN: Final = tuple(f"data_batch_{number}" for number in range(1, 6))
CIFAR10_TEST: Final = "test_batch"
CIFAR_SHAPE: Final = (3, 32, 32)
PARTS: Final = ("train", "validation", "test")


def digits(validation: float = 0.25, test: float = 0.25, seed: int = 0) -> ImageData:
    """Returns scikit-learn's 1,797 handwritten digits, 8x8 pixels in one channel.

    Args:
        validation: The share of all images to choose by.
        test: The share of all images to test on.
        seed: Decides which images those are.

    Raises:
        InvalidInput: If one of the three parts would be empty.
    """
    from sklearn.datasets import load_digits

    loaded = load_digits()
    # 0 to 16 as they come.
    every = LabelledImages.of(loaded.images[:, None].astype(np.float32) / 16, loaded.target)
    rest, tested = hold_out(every, test, stream(seed, "hold-out", 0))
    trained, validated = hold_out(rest, validation / (1 - test), stream(seed, "hold-out", 1))
    return ImageData("digits", trained, validated, tested, 10)


def cifar10_python(folder: Path, validation: float = 0.1, seed: int = 0) -> ImageData:
    """Reads CIFAR-10 from the official "python version", nothing in which can make code run.

    Args:
        folder: That of ``data_batch_1`` to ``data_batch_5`` and ``test_batch``.
        validation: The share of the training images to choose by.
        seed: Decides which images those are.

    Raises:
        MissingData: If one of the six files is not there.
        TableError: If one is damaged or another file.
        StorageError: If one cannot be read.
        InvalidInput: If training or validation images would be none.
    """
    return _held_out("cifar10", *cifar10_images(folder), 10, validation, seed)


def cifar10_images(folder: Path) -> tuple[LabelledImages, LabelledImages]:
    """Reads all training and all test images of CIFAR-10, in the official order.

    Args:
        folder: As :func:`cifar10_python` takes it.

    Raises:
        MissingData: As :func:`cifar10_python`.
        TableError: Likewise.
        StorageError: Likewise.
    """
    return _cifar([folder / name for name in CIFAR10_TRAIN], folder / CIFAR10_TEST, 10)


def cifar100_python(folder: Path, validation: float = 0.1, seed: int = 0) -> ImageData:
    """Reads CIFAR-100 and its fine classes, as :func:`cifar10_python` reads CIFAR-10.

    Args:
        folder: That of ``train`` and ``test``.
        validation: The share of the training images to choose by.
        seed: Decides which images those are.

    Raises:
        MissingData: If one of the two files is not there.
        TableError: If one is damaged or another file.
        StorageError: If one cannot be read.
        InvalidInput: If training or validation images would be none.
    """
    read = _cifar([folder / "train"], folder / "test", 100)
    return _held_out("cifar100", *read, 100, validation, seed)


def _cifar(
    train: Sequence[Path], test: Path, classes: int
) -> tuple[LabelledImages, LabelledImages]:
    trained = [_cifar_batch(path, classes) for path in train]
    images, labels = (np.concatenate(parts) for parts in zip(*trained, strict=True))
    return LabelledImages.of(images, labels), LabelledImages.of(*_cifar_batch(test, classes))


def _held_out(
    name: str,
    train: LabelledImages,
    test: LabelledImages,
    classes: int,
    validation: float,
    seed: int,
) -> ImageData:
    kept, held = hold_out(train, validation, stream(seed, "hold-out", 1))
    return ImageData(name, kept, held, test, classes)


def _cifar_batch(path: Path, classes: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    title = f"CIFAR-{classes}'s python version"
    try:
        with path.open("rb") as file:
            content = read_pickle(file, str(path), encoding="bytes")
    except FileNotFoundError as error:
        raise MissingData(
            f"there is no file {path}; it is one of {title} "
            "(https://www.cs.toronto.edu/~kriz/cifar.html): unpack it there"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    try:
        rows = np.asarray(content[b"data"])
        labels = np.asarray(content[b"labels" if classes == 10 else b"fine_labels"], dtype=np.int64)
        if rows.dtype != np.uint8 or labels.min() < 0 or labels.max() >= classes:
            raise ValueError(f"images of {rows.dtype}, labels {labels.min()} to {labels.max()}")
        return rows.reshape(len(labels), *CIFAR_SHAPE), labels
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"{path} is no batch of {title}: {error}") from error


def from_npz(path: Path, name: str | None = None) -> ImageData:
    """Reads ``train_images``, ``train_labels``, and the same of ``validation`` and ``test``.

    Images are ``(N, C, H, W)``, bytes or numbers from 0 to 1; labels are whole numbers from 0 on.

    Args:
        path: A file of numpy's.
        name: What to call the data; by default, as the file.

    Raises:
        MissingData: If there is no such file.
        TableError: If it is damaged, or one of the six arrays is missing.
        StorageError: If it cannot be read.
        InvalidInput: If arrays do not fit together.
    """
    wanted = [f"{part}_{what}" for part in PARTS for what in ("images", "labels")]
    try:
        arrays = load_arrays(path, wanted)
    except FileNotFoundError as error:
        raise MissingData(f"there is no file {path}") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    except DAMAGE as error:
        raise TableError(
            f"{path} is truncated, or is no npz file of {', '.join(wanted)}: {error}"
        ) from error
    train, validation, test = (
        LabelledImages.of(arrays[f"{part}_images"], arrays[f"{part}_labels"]) for part in PARTS
    )
    classes = 1 + max(int(part.labels.max()) for part in (train, validation, test))
    return ImageData(name or path.stem, train, validation, test, classes)
