"""Images of which the class can be seen: the brighter one half, the higher its number."""

from __future__ import annotations

import numpy as np

from agnet.benchmarks.training import ImageData, LabelledImages


def labelled(count: int, classes: int, side: int = 4, seed: int = 0) -> LabelledImages:
    labels = np.arange(count) % classes
    images = np.random.default_rng(seed).uniform(0, 0.2, (count, 1, side, side))
    images[:, :, : side // 2] += 0.8 * labels[:, None, None, None] / max(classes - 1, 1)
    return LabelledImages.of(images, labels)


def bright(count: int = 48, classes: int = 3) -> ImageData:
    train, validation, test = (
        labelled(size, classes, seed=size) for size in (count, count // 2, count // 4)
    )
    return ImageData("bright", train, validation, test, classes)
