from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks.training import (
    Batch,
    Batches,
    Group,
    ImageData,
    InMemory,
    Part,
    Recipe,
    train,
)
from agnet.errors import InvalidInput
from tests.benchmarks.training.images import bright
from tests.benchmarks.training.test_loop import FULL, PLAIN, Watched, outcome


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(2)


class Listed(Batches):
    """Batches that were made before, of an epoch each."""

    def __init__(self, data: ImageData, epochs: list[list[Batch]]) -> None:
        self._data, self._epochs = data, epochs
        self.asked: list[int] = []

    def steps(self, recipe: Recipe) -> int:
        return len(self._epochs[0])

    def training(self, epoch: int, recipe: Recipe, generator: torch.Generator) -> Iterator[Batch]:
        self.asked.append(epoch)
        return iter(self._epochs[epoch])

    def held_out(self, part: Part) -> Iterator[Batch]:
        images = self._data.validation if part == "validation" else self._data.test
        for start in range(0, len(images), 7):
            yield images.images[start : start + 7], images.labels[start : start + 7]


def test_batches_of_ones_own_are_trained_on_as_images_in_memory() -> None:
    data, made = bright(), InMemory(bright())
    drawn = generator()
    epochs = [list(made.training(epoch, FULL, drawn)) for epoch in range(FULL.epochs)]
    first, second, listed = Watched(), Watched(), Listed(data, epochs)
    expected = train(first, data, FULL, generator(), test=True)
    found = train(second, listed, FULL, generator(), test=True)
    assert outcome(found) == outcome(expected)
    assert torch.equal(first.linear.weight, second.linear.weight)
    assert listed.asked == [0, 1, 2]
    assert second.evaluated == [7, 7, 7, 3] * 3 + [7, 5]


def test_bytes_are_images_too() -> None:
    """Pixels of 0 and 255 are those of 0 and 1."""
    labels = torch.arange(12) % 3
    images = (labels[:, None, None, None] > torch.zeros(1, 4, 4)).float()
    given = [[[(images, labels)]], [[((255 * images).byte(), labels)]]]
    seen = []
    for epochs in given:
        model = Watched()
        recipe = replace(PLAIN, epochs=1)
        train(model, Listed(bright(), epochs), recipe, generator())
        seen.append((model.trained[0], model.linear.weight))
    assert torch.equal(seen[0][0], seen[1][0])
    assert torch.equal(seen[0][1], seen[1][1])


def test_every_held_out_image_comes_once() -> None:
    data = bright(2400)
    for part, expected in (("validation", data.validation), ("test", data.test)):
        batches = list(InMemory(data).held_out(part))  # type: ignore[arg-type]
        assert torch.equal(torch.cat([images for images, _ in batches]), expected.images)
        assert torch.equal(torch.cat([labels for _, labels in batches]), expected.labels)


def test_processes_share_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of each batch make the batch, changes included; held-out images are dealt out."""
    data = bright(2400)
    recipe = replace(FULL, batch=600)
    whole = list(InMemory(data).training(0, recipe, generator()))
    parts, held = [], []
    for rank in range(2):
        monkeypatch.setattr(Group, "here", lambda rank=rank: Group(rank, 2))
        parts.append(list(InMemory(data).training(0, recipe, generator())))
        held += [label for _, labels in InMemory(data).held_out("validation") for label in labels]
    for (images, labels), *shares in zip(whole, *parts, strict=True):
        assert torch.equal(images, torch.cat([share[0] for share in shares]))
        assert torch.equal(labels, torch.cat([share[1] for share in shares]))
    assert len(held) == len(data.validation)
    assert np.bincount(held).tolist() == np.bincount(data.validation.labels).tolist()


def test_one_image_is_too_few() -> None:
    with pytest.raises(InvalidInput, match="one training image"):
        InMemory(replace(bright(), train=bright().train[np.array([0])]))


def test_what_cannot_follow_the_recipe_says_so_before_anything_is_done() -> None:
    class Refusing(Listed):
        def steps(self, recipe: Recipe) -> int:
            raise InvalidInput("no such recipe")

    model = nn.Linear(1, 1)
    with pytest.raises(InvalidInput, match="no such recipe"):
        train(model, Refusing(bright(), [[]]), PLAIN, generator())
