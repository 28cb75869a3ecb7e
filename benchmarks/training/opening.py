"""Data sets by what a user calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agnet.benchmarks.training.data import ImageData
from agnet.benchmarks.training.folders import image_folder
from agnet.benchmarks.training.sources import cifar10_python, cifar100_python, digits, from_npz
from agnet.errors import InvalidInput, MissingData, StorageError

__all__ = ["open_images"]


def open_images(
    source: str, size: int | None = None, expected: Sequence[int] | None = None
) -> ImageData:
    """Opens a data set; what is held out is the same each time.

    Args:
        source: ``digits`` for scikit-learn's; a folder of CIFAR-10's or CIFAR-100's python version;
            a folder of image files, see :func:`image_folder`; or a file of :func:`from_npz`.
        size: The side of the images, of image files only.
        expected: How many images there have to be to train on, to choose by and to test on; by
            default any number.

    Raises:
        InvalidInput: If the source is none of these or cannot be used, or if there are other
            numbers of images.
        MissingData: If it is not there.
        TableError: If a file is damaged.
        StorageError: If a file cannot be read.
    """
    try:
        path = Path(source).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:  # a name too long, or a home of nobody
        raise InvalidInput(f"got the images {source[:80]!r}, which is no path: {error}") from error
    if size is not None and (source == "digits" or not _holds_images(path)):
        raise InvalidInput(f"got size {size} for {source}; a size is for folders of image files")
    try:
        opened = digits() if source == "digits" else _read(path, size)
    except PermissionError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    found = [len(part) for part in (opened.train, opened.validation, opened.test)]
    if expected is not None and list(expected) != found:
        raise InvalidInput(f"got {found} images in {source}; expected {list(expected)}, as before")
    where = source if source == "digits" else str(path.resolve())
    return replace(opened, source=where, size=size)


def _read(path: Path, size: int | None) -> ImageData:
    if path.is_file():
        return from_npz(path)
    if not path.is_dir():
        raise MissingData(
            f"there are no images {path}; expected 'digits', a folder of CIFAR's python version, "
            "a folder of image files in a folder a class, or an npz file"
        )
    if (path / "data_batch_1").is_file():
        return cifar10_python(path)
    if (path / "train").is_file():
        return cifar100_python(path)
    return image_folder(path, size)


def _holds_images(path: Path) -> bool:
    return path.is_dir() and not ((path / "data_batch_1").is_file() or (path / "train").is_file())
