"""Images of one's own: folders of files, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from agnet.benchmarks.training.data import ImageData, LabelledImages, hold_out
from agnet.errors import InvalidInput, MissingData, StorageError, TableError
from agnet.seeds import stream

__all__ = ["image_folder"]

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".tif", ".tiff"})
TRAIN, VALIDATION, TEST = "train", ("val", "validation", "valid"), "test"
GREY: Final = frozenset({"1", "L", "LA"})
COLOURED: Final = frozenset({"P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"})
# What pillow raises of files that are truncated, of another kind, or far too large.
DAMAGE: Final = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def image_folder(
    folder: Path,
    size: int | None = None,
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
) -> ImageData:
    """Reads a tree of image files into memory.

    Either ``folder`` holds a folder a class, of which shares are held out to choose by and to test
    on; or it holds ``train`` with a folder a class, and ``val`` or ``test`` or both with the same
    ones. What is missing of those two is held out from ``train``, and a lone ``val`` is what is
    tested on, as is the custom with ImageNet. Classes are numbered by name. Images are of three
    channels if any is coloured, else of one.

    Args:
        folder: The tree.
        size: The side of the images in pixels: the shorter side is scaled to it, and the middle
            kept. By default they stay as they are, and must all be of one size.
        validation: The share of the training images to choose by, where no folder has them.
        test: The share of all images to test on, where no folder has them.
        seed: Decides which images those are.

    Raises:
        MissingData: If there is no such folder.
        TableError: If a file is damaged; the message names it.
        StorageError: If a folder cannot be read.
        InvalidInput: If there are fewer than two classes, a class without images, parts of other
            classes, images of several sizes and no size given, or a part that would be empty.
    """
    if size is not None and size < 1:
        raise InvalidInput(f"got images of {size} pixels a side; expected at least 1")
    if not folder.is_dir():
        raise MissingData(f"there is no folder {folder}; expected one with a folder a class")
    split = (folder / TRAIN).is_dir()
    classes = _classes(folder / TRAIN if split else folder)
    places = _places(folder) if split else {"train": folder}
    for at in places.values():
        if (others := _classes(at)) != classes:
            raise InvalidInput(f"got the classes {others} in {at}; expected {classes}, as to train")
    parts = _read({part: _files(at, classes) for part, at in places.items()}, size)
    every = parts["train"]
    if "test" not in parts:
        every, parts["test"] = hold_out(every, test, stream(seed, "hold-out", 0))
        validation = validation / (1 - test)
    if "validation" not in parts:
        every, parts["validation"] = hold_out(every, validation, stream(seed, "hold-out", 1))
    return ImageData(folder.name, every, parts["validation"], parts["test"], len(classes))


def _places(folder: Path) -> dict[str, Path]:
    """The folders of the parts that there are."""
    chosen = [folder / name for name in VALIDATION if (folder / name).is_dir()]
    tested = [folder / TEST] if (folder / TEST).is_dir() else []
    if not tested:
        chosen, tested = [], chosen
    found = {"train": folder / TRAIN}
    if chosen:
        found["validation"] = chosen[0]
    if tested:
        found["test"] = tested[0]
    return found


def _classes(folder: Path) -> list[str]:
    names = sorted(at.name for at in folder.iterdir() if at.is_dir())
    if len(names) < 2:
        raise InvalidInput(
            f"got {len(names)} classes in {folder}; expected a folder for each of at least two"
        )
    return names


def _files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """The image files below each class, each with the number of the class."""
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(classes):
        own = sorted(_images_below(folder / name))
        if not own:
            raise InvalidInput(f"got no image in {folder / name}; expected some of each class")
        found += [(at, label) for at in own]
    return found


def _images_below(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder, onerror=_unreadable):
        yield from (Path(at) / name for name in names if Path(name).suffix.lower() in SUFFIXES)


def _unreadable(error: OSError) -> None:
    raise StorageError(f"cannot read {error.filename}: {error}") from error


def _read(files: dict[str, list[tuple[Path, int]]], size: int | None) -> dict[str, LabelledImages]:
    """Reads all parts, in the same number of channels."""
    images = {part: [_image(at, size) for at, _ in own] for part, own in files.items()}
    every = [
        (at, image)
        for part in files
        for (at, _), image in zip(files[part], images[part], strict=True)
    ]
    first, usual = every[0]
    for at, image in every:
        if image.size != usual.size:
            raise InvalidInput(
                f"got {first} of {usual.width}x{usual.height} pixels and {at} of "
                f"{image.width}x{image.height}; say a size that all are brought to"
            )
    mode = "RGB" if any(image.mode == "RGB" for _, image in every) else "L"
    return {
        part: LabelledImages.of(
            np.stack([_channels(image.convert(mode)) for image in own]),
            np.array([label for _, label in files[part]]),
        )
        for part, own in images.items()
    }


def _image(path: Path, size: int | None) -> Image.Image:
    """Reads one file, grey or coloured."""
    try:
        with Image.open(path) as file:
            image = _eight_bits(ImageOps.exif_transpose(file))
    except DAMAGE as error:
        raise TableError(f"{path} cannot be read as an image: {error}") from error
    if size is None:
        return image
    return ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey or coloured, of 8 bits a channel."""
    if image.mode.startswith("I;16"):
        # Of 0 to 65,535; pillow would cut off what is above 255.
        return Image.fromarray((np.asarray(image, dtype=np.uint32) // 257).astype(np.uint8))
    if image.mode not in GREY | COLOURED:
        raise ValueError(f"pixels of mode {image.mode}; expected 8 or 16 bits a channel")
    return image.convert("L" if image.mode in GREY else "RGB")


def _channels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """The pixels of an image, ``(C, H, W)``."""
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
