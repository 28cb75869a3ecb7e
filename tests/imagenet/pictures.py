"""A folder laid out as ImageNet's: the class of a picture can be seen by its colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200))


def write_pictures(folder: Path, train: int = 12, val: int = 4) -> Path:
    """Writes so many pictures of each of three classes, of several shapes."""
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("val", val)):
        for label, colour in enumerate(COLOURS):
            own = folder / part / f"n{label:08d}"
            own.mkdir(parents=True)
            for at in range(count):
                height, width = rng.integers(20, 40, 2)
                noise = rng.integers(-40, 41, (height, width, 3))
                pixels = (np.array(colour) + noise).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(own / f"{part}_{at}.JPEG")
    return folder
