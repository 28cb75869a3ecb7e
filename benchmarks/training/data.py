"""Labelled images to train on, to choose by, and to test on in the end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import InvalidInput
from agnet.seeds import stream

__all__ = ["ImageData", "LabelledImages", "hold_out"]


@final
@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and their classes.

    Attributes:
        images: ``(N, C, H, W)``, 32-bit, from 0 to 1.
        labels: ``(N,)``, 64-bit integers.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        """Checks shapes, types and range.

        Raises:
            InvalidInput: If they are not as described, or there are no images.
        """
        images, labels = self.images, self.labels
        if (
            images.ndim != 4
            or images.dtype != torch.float32
            or labels.shape != images.shape[:1]
            or labels.dtype != torch.int64
            or not images.numel()
        ):
            raise InvalidInput(
                f"got images {tuple(images.shape)} of {images.dtype} and labels "
                f"{tuple(labels.shape)} of {labels.dtype}; expected (N, C, H, W) of torch.float32 "
                "and (N,) of torch.int64, N at least 1"
            )
        low, high = float(images.min()), float(images.max())
        if not (low >= 0.0 and high <= 1.0):  # so that NaN is found too
            raise InvalidInput(f"got images from {low:g} to {high:g}; expected 0 to 1")

    @classmethod
    def of(cls, images: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]) -> LabelledImages:
        """Takes arrays; images of bytes, 0 to 255, become 0 to 1.

        Raises:
            InvalidInput: As the constructor.
        """
        if images.dtype.kind not in "uif" or labels.dtype.kind not in "ui":
            raise InvalidInput(
                f"got images of {images.dtype} and labels of {labels.dtype}; expected numbers, and "
                "whole ones for labels"
            )
        pixels = torch.from_numpy(np.ascontiguousarray(images).astype(np.float32))
        if images.dtype == np.uint8:
            pixels /= 255
        return cls(pixels, torch.from_numpy(np.asarray(labels).astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: npt.NDArray[np.integer]) -> LabelledImages:
        at = torch.from_numpy(rows)
        return LabelledImages(self.images[at], self.labels[at])


@final
@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set in three parts.

    Attributes:
        name: What it is called, the split included where there are several.
        train: What networks are trained on.
        validation: What a search sees.
        test: What is looked at in the end.
        num_classes: How many classes there are; labels are below.
        source: What :func:`open_images` opened it by; nothing for images that came otherwise.
        size: The side that it brought them to, if it did.
    """

    name: str
    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    num_classes: int
    source: str = ""
    size: int | None = None

    def __post_init__(self) -> None:
        """Checks that the parts fit together.

        Raises:
            InvalidInput: If the images differ in shape, or a label is no class.
        """
        parts = (self.train, self.validation, self.test)
        shapes = {tuple(part.images.shape[1:]) for part in parts}
        if len(shapes) > 1:
            raise InvalidInput(f"got images of the shapes {sorted(shapes)}; expected one shape")
        least = min(int(part.labels.min()) for part in parts)
        most = max(int(part.labels.max()) for part in parts)
        if least < 0 or most >= self.num_classes:
            raise InvalidInput(
                f"got labels from {least} to {most}; expected 0 to {self.num_classes - 1}, "
                f"there being {self.num_classes} classes"
            )

    @cached_property
    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and deviation of the training pixels of each channel, ``(C,)`` each.

        A channel that is the same everywhere has the deviation 1.
        """
        pixels = self.train.images.transpose(0, 1).flatten(1)
        deviation = pixels.std(dim=1, correction=0)
        return pixels.mean(dim=1), torch.where(deviation > 0, deviation, 1.0)

    @cached_property
    def digest(self) -> str:
        """Tells data sets apart: of all images and labels, in their order."""
        found = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            found.update(part.images.numpy().tobytes())
            found.update(part.labels.numpy().tobytes())
        return found.hexdigest()

    def to_calibrate(self, n: int) -> torch.Tensor:
        """Training images ``(n, C, H, W)`` to find moments on, always the same; at most all.

        They are drawn from all over: the first ones are of few classes where a source sorts them.
        """
        rows = stream(0, "calibration").permutation(len(self.train))[:n]
        return self.train.images[torch.from_numpy(rows)]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


def hold_out(
    data: LabelledImages, share: float, rng: np.random.Generator
) -> tuple[LabelledImages, LabelledImages]:
    """Splits off a share of every class, rounded; both parts keep the order of the images.

    Returns:
        What is kept, and what is held out.

    Raises:
        InvalidInput: If the share is not between 0 and 1, or one of the parts would be empty.
    """
    if not 0.0 < share < 1.0:
        raise InvalidInput(f"got the share {share} to hold out; expected a number between 0 and 1")
    labels = data.labels.numpy()
    held = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        held[rows[: round(share * len(rows))]] = True
    if held.all() or not held.any():
        raise InvalidInput(
            f"got {len(labels)} images, of which {int(held.sum())} would be held out; "
            "expected some in each part: change the share"
        )
    return data[np.flatnonzero(~held)], data[np.flatnonzero(held)]
