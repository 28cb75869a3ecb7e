from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from agnet.benchmarks.training import Batch, Group, preset
from agnet.errors import InvalidInput, MissingData, TableError
from experiments.imagenet.stream import ImageStream
from tests.imagenet.pictures import write_pictures

pytestmark = pytest.mark.imagenet

RECIPE = replace(preset("darts-imagenet"), batch=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def epoch(made: ImageStream, at: int) -> list[Batch]:
    return list(made.training(at, RECIPE, generator()))


def same(first: list[Batch], second: list[Batch]) -> bool:
    return len(first) == len(second) and all(
        torch.equal(one, other)
        for pair in zip(first, second, strict=True)
        for one, other in zip(*pair, strict=True)
    )


def test_batches_follow_from_seed_and_epoch_however_many_load_them(folder: Path) -> None:
    before, drawn = torch.get_rng_state(), generator()
    expected = [epoch(ImageStream(folder, 16, seed=3), at) for at in range(2)]
    loaded = ImageStream(folder, 16, seed=3, workers=2)
    assert same(list(loaded.training(1, RECIPE, drawn)), expected[1])
    assert same(epoch(loaded, 0), expected[0])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn.get_state(), generator().get_state())
    for other in (expected[1], epoch(ImageStream(folder, 16, seed=4), 0)):
        assert not torch.equal(other[0][0], expected[0][0][0])
        assert not torch.equal(
            torch.cat([labels for _, labels in other]),
            torch.cat([labels for _, labels in expected[0]]),
        )


def test_every_image_once_an_epoch_but_for_an_incomplete_batch(folder: Path) -> None:
    made = ImageStream(folder, 16)
    batches = epoch(made, 0)
    assert made.counts == (36, 12)
    assert len(batches) == made.steps(RECIPE) == 4
    for images, labels in batches:
        assert (images.shape, images.dtype) == ((8, 3, 16, 16), torch.uint8)
        assert (labels.shape, labels.dtype) == ((8,), torch.int64)
    counts = torch.cat([labels for _, labels in batches]).bincount()
    assert counts.sum() == 32
    assert counts.max() <= 12
    whole = list(made.training(0, replace(RECIPE, batch=36), generator()))
    assert whole[0][1].bincount().tolist() == [12, 12, 12]
    assert len({bytes(image.numpy()) for image in whole[0][0]}) == 36


def test_held_out_images_are_the_middles_of_scaled_pictures(tmp_path: Path) -> None:
    """A picture whose shorter side is 8 needs no scaling for a side of 7: 256 to 224."""
    pixels = np.random.default_rng(0).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    for part in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / part / name).mkdir(parents=True)
            Image.fromarray(pixels).save(tmp_path / part / name / "0.png")
    made = ImageStream(tmp_path, 7)
    for part in ("validation", "test"):
        ((images, labels),) = made.held_out(part)  # type: ignore[arg-type]
        assert labels.tolist() == [0, 1]
        expected = torch.from_numpy(pixels[:7, 2:9].transpose(2, 0, 1).copy())
        offsets = [
            torch.from_numpy(pixels[row : row + 7, column : column + 7].transpose(2, 0, 1).copy())
            for row in (0, 1)
            for column in (2, 3)
        ]
        assert any(torch.equal(images[0], one) for one in (expected, *offsets))


def test_processes_share_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts, held = epoch(ImageStream(folder, 8), 0), [], 0
    for rank in range(2):
        monkeypatch.setattr(Group, "here", lambda rank=rank: Group(rank, 2))
        parts.append(epoch(ImageStream(folder, 8), 0))
        held += sum(len(labels) for _, labels in ImageStream(folder, 8).held_out("validation"))
    joint = [
        (torch.cat([first[0], second[0]]), torch.cat([first[1], second[1]]))
        for first, second in zip(*parts, strict=True)
    ]
    assert same(joint, whole)
    assert held == 12


def test_names_tell_images_apart(folder: Path, tmp_path: Path) -> None:
    other = write_pictures(tmp_path / folder.name)
    (other / "train" / "n00000000" / "train_0.JPEG").rename(
        other / "train" / "n00000000" / "more.JPEG"
    )
    names = [ImageStream(at, side).name for at, side in ((folder, 8), (folder, 9), (other, 8))]
    assert len(set(names)) == 3
    assert ImageStream(folder, 8, workers=1).name == names[0]


def test_grey_pictures_have_three_channels(tmp_path: Path) -> None:
    write_pictures(tmp_path, train=8)
    Image.new("L", (30, 30), 100).save(tmp_path / "val" / "n00000000" / "grey.JPEG")
    ((images, _),) = ImageStream(tmp_path, 8).held_out("test")
    assert images.shape == (13, 3, 8, 8)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_named(workers: int, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    (tmp_path / "val" / "n00000001" / "val_2.JPEG").write_bytes(b"\xff\xd8 cut off")
    with pytest.raises(TableError, match=r"val_2.JPEG cannot be read as an image"):
        list(ImageStream(tmp_path, 8, workers=workers).held_out("validation"))


def test_folders_that_do_not_fit_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="there is no folder"):
        ImageStream(tmp_path)
    write_pictures(tmp_path)
    (tmp_path / "val" / "n00000001").rename(tmp_path / "val" / "other")
    with pytest.raises(InvalidInput, match="got other classes in"):
        ImageStream(tmp_path)
    (tmp_path / "val" / "empty").mkdir()
    with pytest.raises(InvalidInput, match="holds no image of some class"):
        ImageStream(tmp_path)
    with pytest.raises(InvalidInput, match="side of 0"):
        ImageStream(folder, 0)


def test_recipes_that_cannot_be_followed_are_refused(folder: Path) -> None:
    made = ImageStream(folder, 8)
    with pytest.raises(InvalidInput, match=r"cutout = 0.5; image files are cropped at random"):
        made.steps(replace(RECIPE, cutout=0.5))
    with pytest.raises(InvalidInput, match="batch of 37; expected at most 36"):
        made.steps(replace(RECIPE, batch=37))
