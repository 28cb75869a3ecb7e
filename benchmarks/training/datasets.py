"""Images of one's own, from whatever hands out pairs of an image and its class."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from agnet.benchmarks.training.data import ImageData, LabelledImages, hold_out
from agnet.errors import InvalidInput
from agnet.seeds import stream

__all__ = ["Pairs", "from_dataset"]


class Pairs(Protocol):
    """What a ``torch.utils.data.Dataset`` of known length is: also a list of pairs."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def from_dataset(
    train: Pairs,
    validation: Pairs | float = 0.2,
    test: Pairs | float = 0.2,
    *,
    name: str = "dataset",
    seed: int = 0,
) -> ImageData:
    """Reads data sets of pairs ``(image, label)`` into memory, each pair once.

    An image is a tensor or an array ``(C, H, W)``, of bytes or of numbers from 0 to 1, or one of
    pillow's; all are of one shape. A label is a whole number from 0 on. Changes that are drawn at
    random, and normalisation, are the business of the recipe: leave them out.

    Args:
        train: What networks are trained on.
        validation: What a search chooses by, or which share of all images it is.
        test: What is looked at in the end, or which share of all images it is.
        name: What to call the data.
        seed: Decides which images are held out.

    Raises:
        InvalidInput: If one has no length or no images, an item is no such pair, or the parts do
            not fit together; the message says which item.
    """
    every = _read(train, "train")
    share = validation
    if isinstance(test, float):
        every, tested = hold_out(every, test, stream(seed, "hold-out", 0))
        share = validation / (1 - test) if isinstance(validation, float) else validation
    else:
        tested = _read(test, "test")
    if isinstance(share, float):
        every, chosen = hold_out(every, share, stream(seed, "hold-out", 1))
    else:
        chosen = _read(share, "validation")
    classes = 1 + max(int(part.labels.max()) for part in (every, chosen, tested))
    return ImageData(name, every, chosen, tested, classes)


def _read(data: Pairs, part: str) -> LabelledImages:
    try:
        count = len(data)
    except TypeError as error:
        raise InvalidInput(
            f"got {type(data).__name__} as the {part} images, which has no length; expected a data "
            "set whose items are numbered, or a share such as 0.2"
        ) from error
    if not count:
        raise InvalidInput(f"got no {part} images; expected at least one")
    items = [_item(data[at], f"item {at} of the {part} images") for at in range(count)]
    usual = items[0][0]
    for at, (image, _) in enumerate(items):
        if (image.shape, image.dtype) != (usual.shape, usual.dtype):
            raise InvalidInput(
                f"got {image.shape} of {image.dtype} as item {at} of the {part} images, and "
                f"{usual.shape} of {usual.dtype} as item 0; expected one shape and type"
            )
    try:
        return LabelledImages.of(
            np.stack([image for image, _ in items]), np.array([label for _, label in items])
        )
    except InvalidInput as error:
        raise InvalidInput(
            f"the {part} images: {error}; pixels are standardised by the recipe, not by the data"
        ) from error


def _item(pair: Any, where: str) -> tuple[npt.NDArray[Any], int]:
    """The pixels ``(C, H, W)`` and the class of one item."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise InvalidInput(f"got {type(pair).__name__} as {where}; expected a pair (image, label)")
    image, label = pair
    if isinstance(image, Image.Image):
        coloured = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        pixels = coloured[None] if coloured.ndim == 2 else coloured.transpose(2, 0, 1)
    elif isinstance(image, (torch.Tensor, np.ndarray)):
        pixels = image.numpy(force=True) if isinstance(image, torch.Tensor) else image
    else:
        raise InvalidInput(
            f"got an image of type {type(image).__name__} as {where}; expected a tensor, an array "
            "or one of pillow's"
        )
    if pixels.ndim != 3 or pixels.dtype.kind not in "uif":
        raise InvalidInput(
            f"got an image {pixels.shape} of {pixels.dtype} as {where}; expected numbers (C, H, W)"
        )
    number = np.asarray(label)
    if number.ndim or number.dtype.kind not in "ui" or number < 0:
        raise InvalidInput(f"got the label {label!r} of {where}; expected a whole number from 0 on")
    return pixels, int(number)
