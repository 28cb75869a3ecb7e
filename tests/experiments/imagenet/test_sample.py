from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agnet.errors import InvalidInput, MissingData, TableError
from experiments.imagenet.sample import sample
from tests.imagenet.pictures import write_pictures


def test_a_few_images_are_drawn_and_scaled(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "made")
    found, again, other = (sample(folder, 20, 8, seed) for seed in (0, 0, 1))
    assert (found.name, found.num_classes, found.image_shape) == ("made-8px", 3, (3, 8, 8))
    assert len(found.train) == 20
    assert found.digest == again.digest != other.digest
    assert torch.equal(found.train.images.mean((2, 3)).argmax(1), found.train.labels)


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="there is no folder"):
        sample(tmp_path, 2, 8)
    folder = write_pictures(tmp_path, train=2, val=1)
    with pytest.raises(InvalidInput, match=r"got 6 images of 3 classes.*at least 7"):
        sample(folder, 7, 8)
    (folder / "train" / "n00000001" / "train_1.JPEG").write_bytes(b"no picture")
    with pytest.raises(TableError, match=r"train_1.JPEG cannot be read as an image"):
        sample(folder, 6, 8)
