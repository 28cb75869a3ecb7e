from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from agnet.benchmarks.training import ImageData, image_folder
from agnet.errors import AgnetError, InvalidInput, MissingData, TableError


def write(path: Path, shade: int, size: tuple[int, int] = (4, 3), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    color = (shade, 0, 255 - shade) if mode == "RGB" else shade
    Image.new(mode, size, color).save(path)


def tree(folder: Path, per_class: int = 5, mode: str = "RGB") -> Path:
    """Two classes, whose images are of ten shades each; the file's number is in its shade."""
    for label, name in enumerate(("cat", "dog")):
        for at in range(per_class):
            write(folder / name / f"{at}.png", 100 * label + 10 * at, mode=mode)
    return folder


def shades(data: ImageData, part: str) -> list[int]:
    images = getattr(data, part).images
    return sorted((255 * images[:, 0, 0, 0]).round().int().tolist())


def test_shares_are_held_out_of_a_tree_of_classes(tmp_path: Path) -> None:
    data = image_folder(tree(tmp_path / "pets"))
    assert (data.name, data.num_classes, data.image_shape) == ("pets", 2, (3, 3, 4))
    assert [len(data.train), len(data.validation), len(data.test)] == [6, 2, 2]
    found = shades(data, "train") + shades(data, "validation") + shades(data, "test")
    assert sorted(found) == [100 * label + 10 * at for label in (0, 1) for at in range(5)]
    for part in (data.train, data.validation, data.test):
        assert torch.equal(part.labels, (part.images[:, 0, 0, 0] > 0.35).long())
        assert torch.allclose(part.images[:, 2], 1 - part.images[:, 0])
    again = image_folder(tmp_path / "pets", seed=1)
    assert {shades(again, "test")[0], shades(data, "test")[0]} != {shades(data, "test")[0]}


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [
        (("train", "val", "test"), [10, 2, 4]),
        (("train", "val"), [8, 2, 2]),  # what is tested on
        (("train", "test"), [8, 2, 4]),
        (("train",), [6, 2, 2]),
    ],
)
def test_parts_that_are_there_are_taken(
    parts: tuple[str, ...], sizes: list[int], tmp_path: Path
) -> None:
    for part in parts:
        tree(tmp_path / part, {"train": 5, "val": 1, "test": 2}[part])
    data = image_folder(tmp_path)
    assert [len(data.train), len(data.validation), len(data.test)] == sizes


def test_grey_images_have_one_channel_unless_others_are_coloured(tmp_path: Path) -> None:
    tree(tmp_path, mode="L")
    assert image_folder(tmp_path).image_shape == (1, 3, 4)
    write(tmp_path / "dog" / "colour.png", 50)
    data = image_folder(tmp_path)
    assert data.image_shape == (3, 3, 4)
    grey = data.train.images[data.train.labels == 0]
    assert torch.equal(grey[:, 0], grey[:, 2])


def test_images_of_several_sizes_are_brought_to_one(tmp_path: Path) -> None:
    """The middle of a wide image is kept: its left and right thirds are cut off."""
    tree(tmp_path)
    wide = np.zeros((6, 18, 3), dtype=np.uint8)
    wide[:, 6:12, 1] = 255
    Image.fromarray(wide).save(tmp_path / "cat" / "wide.png")
    with pytest.raises(InvalidInput, match=r"18x6; say a size"):
        image_folder(tmp_path)
    data = image_folder(tmp_path, 6)
    assert data.image_shape == (3, 6, 6)
    every = torch.cat([data.train.images, data.validation.images, data.test.images])
    (found,) = [image for image in every if image[1].max() > 0]
    assert torch.equal(found[1], torch.ones(6, 6))


def test_what_is_no_such_tree_is_refused(tmp_path: Path) -> None:
    def refused(error: type[AgnetError], said: str, folder: Path, size: int | None = None) -> None:
        with pytest.raises(error, match=said):
            image_folder(folder, size)

    refused(MissingData, "no folder", tmp_path / "nowhere")
    write(tmp_path / "one" / "cat" / "0.png", 5)
    refused(InvalidInput, "1 classes", tmp_path / "one")
    (tmp_path / "one" / "dog").mkdir()
    refused(InvalidInput, r"no image in .*dog", tmp_path / "one")
    write(tmp_path / "one" / "dog" / "0.png", 5)
    refused(InvalidInput, "share", tmp_path / "one")
    refused(InvalidInput, "0 pixels", tmp_path / "one", 0)


def test_images_of_16_bits_are_scaled_and_other_kinds_refused(tmp_path: Path) -> None:
    tree(tmp_path, mode="L")
    ramp = np.linspace(0, 65535, 12).reshape(3, 4).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "dog" / "deep.png")
    data = image_folder(tmp_path)
    every = torch.cat([data.train.images, data.validation.images, data.test.images])
    (found,) = [image[0] for image in every if image.std() > 0.1]
    assert torch.allclose(found, torch.from_numpy(ramp / 65535).float(), atol=1 / 255)
    Image.fromarray(ramp.astype(np.float32)).save(tmp_path / "dog" / "float.tiff")
    with pytest.raises(TableError, match=r"float\.tiff.*mode F"):
        image_folder(tmp_path)


def test_parts_have_to_be_of_the_same_classes(tmp_path: Path) -> None:
    for part in ("train", "val"):
        tree(tmp_path / part)
    write(tmp_path / "val" / "cow" / "0.png", 5)
    with pytest.raises(InvalidInput, match=r"'cow'.*val"):
        image_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no image", None], ids=["empty", "text", "truncated"])
def test_a_damaged_file_is_named(content: bytes | None, tmp_path: Path) -> None:
    tree(tmp_path)
    path = tmp_path / "dog" / "3.png"
    if content is None:
        noise = np.random.default_rng(0).integers(0, 256, (30, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        content = path.read_bytes()[:900]
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"dog.3\.png cannot be read"):
        image_folder(tmp_path, 4)
