"""A few images of a large folder, small: all that scores look at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from agnet.benchmarks.training import ImageData, LabelledImages
from agnet.errors import InvalidInput, MissingData, TableError
from agnet.seeds import stream

__all__ = ["sample"]

SUFFIXES: Final = (".jpeg", ".jpg", ".png")


def sample(folder: Path, count: int, side: int, seed: int = 0) -> ImageData:
    """Reads some images of ``folder/train/CLASS/``, drawn at random.

    Only these are decoded. They stand in for the images to choose by and to test on, too, which
    scores do not look at.

    Args:
        folder: As ImageNet is laid out.
        count: How many.
        side: To which the shorter side is scaled; the middle is kept.
        seed: Decides which.

    Raises:
        MissingData: If there is no such folder.
        InvalidInput: If there are fewer than two classes, or fewer images.
        TableError: If a file cannot be read as an image.
    """
    train = folder / "train"
    if not train.is_dir():
        raise MissingData(f"there is no folder {train}; expected one with a folder a class")
    classes = sorted(at for at in train.iterdir() if at.is_dir())
    files = [
        (at, label)
        for label, own in enumerate(classes)
        for at in sorted(own.iterdir())
        if at.suffix.lower() in SUFFIXES
    ]
    if len(classes) < 2 or len(files) < count:
        raise InvalidInput(
            f"got {len(files)} images of {len(classes)} classes in {train}; expected at least "
            f"{count} images of two classes"
        )
    drawn = np.sort(stream(seed, "sample").permutation(len(files))[:count])
    images = np.stack([_pixels(files[at][0], side) for at in drawn])
    labels = np.array([files[at][1] for at in drawn])
    read = LabelledImages.of(images.transpose(0, 3, 1, 2), labels)
    return ImageData(f"{folder.name}-{side}px", read, read, read, len(classes))


def _pixels(path: Path, side: int) -> npt.NDArray[np.uint8]:
    """The pixels ``(H, W, 3)`` of a file."""
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise TableError(f"{path} cannot be read as an image: {error}") from error
    return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.BILINEAR))
