from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import IterableDataset, TensorDataset

from agnet.benchmarks.training import from_dataset
from agnet.errors import InvalidInput

PIXELS = np.arange(20 * 3 * 2 * 2, dtype=np.uint8).reshape(20, 3, 2, 2)
LABELS = np.arange(20) % 4


def pairs(kind: str) -> list[tuple[Any, Any]]:
    makes: dict[str, Any] = {
        "bytes": torch.from_numpy,
        "floats": lambda pixels: torch.from_numpy(pixels / np.float32(255)),
        "array": lambda pixels: pixels,
        "pillow": lambda pixels: Image.fromarray(pixels.transpose(1, 2, 0)),
    }
    return [(makes[kind](image), int(label)) for image, label in zip(PIXELS, LABELS, strict=True)]


@pytest.mark.parametrize("kind", ["bytes", "floats", "array", "pillow"])
def test_pairs_of_every_kind_are_read(kind: str) -> None:
    made = pairs(kind)
    found = from_dataset(made[:12], made[12:16], made[16:], name="mine")
    assert (found.name, found.num_classes, found.image_shape) == ("mine", 4, (3, 2, 2))
    read = torch.cat([part.images for part in (found.train, found.validation, found.test)])
    assert torch.allclose(read, torch.from_numpy(PIXELS).float() / 255)
    labels = [part.labels for part in (found.train, found.validation, found.test)]
    assert torch.equal(torch.cat(labels), torch.from_numpy(LABELS))


def test_torch_data_sets_are_read_and_parts_held_out() -> None:
    given = TensorDataset(torch.rand(40, 1, 3, 3), torch.arange(40) % 2)
    found, again, other = (from_dataset(given, 0.25, 0.5, seed=seed) for seed in (0, 0, 1))
    assert [len(part) for part in (found.train, found.validation, found.test)] == [10, 10, 20]
    assert torch.equal(found.train.images, again.train.images)
    assert not torch.equal(found.train.images, other.train.images)
    every = torch.cat([part.images for part in (found.train, found.validation, found.test)])
    assert len({bytes(image.numpy()) for image in every}) == 40


def test_only_what_is_missing_is_held_out() -> None:
    made = pairs("bytes")
    found = from_dataset(made[:16], 0.25, made[16:])
    assert [len(part) for part in (found.train, found.validation, found.test)] == [12, 4, 4]


def test_grey_pictures_have_one_channel() -> None:
    made = [(Image.new("L", (3, 2), 51 * n), n) for n in range(3)]
    found = from_dataset(made, made, made)
    assert found.image_shape == (1, 2, 3)
    assert found.train.images[:, 0, 0, 0].tolist() == pytest.approx([0.0, 0.2, 0.4])


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


IMAGE = torch.zeros(1, 2, 2)
WRONG: list[tuple[Any, str]] = [
    (Endless(), "which has no length"),
    ([], "got no train images"),
    ([IMAGE, IMAGE], "got Tensor as item 0 of the train images; expected a pair"),
    ([(IMAGE, 0), (IMAGE, 0, 1)], "tuple as item 1"),
    ([("a.png", 0)], "an image of type str as item 0"),
    ([(IMAGE[0], 0)], r"an image \(2, 2\) of float32"),
    ([(IMAGE > 0, 0)], "of bool"),
    ([(IMAGE, 0.5)], "the label 0.5 of item 0"),
    ([(IMAGE, -1)], "the label -1"),
    ([(IMAGE, "cat")], "the label 'cat'"),
    ([(IMAGE, 0), (torch.zeros(1, 2, 3), 0)], r"\(1, 2, 3\) of float32 as item 1"),
    ([(IMAGE - 1, 0)], "from -1 to -1; expected 0 to 1; pixels are standardised by the recipe"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_pair_is_refused(given: Any, said: str) -> None:
    good = [(IMAGE, 0)]
    with pytest.raises(InvalidInput, match=said):
        from_dataset(given, good, good)


def test_the_message_names_the_part() -> None:
    good = [(IMAGE, 0)]
    with pytest.raises(InvalidInput, match="item 0 of the validation images"):
        from_dataset(good, [(IMAGE, "x")], good)
    with pytest.raises(InvalidInput, match="item 0 of the test images"):
        from_dataset(good, good, [(IMAGE, "x")])
