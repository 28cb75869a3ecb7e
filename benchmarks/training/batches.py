"""Where a training takes its images from, a batch at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, final

import torch

from agnet.benchmarks.training.augmentation import changed
from agnet.benchmarks.training.data import ImageData
from agnet.benchmarks.training.parallel import Group
from agnet.benchmarks.training.recipe import Recipe
from agnet.errors import InvalidInput

__all__ = ["Batch", "Batches", "InMemory", "Part", "whole_batches"]

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Images ``(B, C, H, W)``, bytes or numbers from 0 to 1, and their classes ``(B,)``."""

Part: TypeAlias = Literal["validation", "test"]

# Images at a time. With 500, what layers make goes beyond the 32 MB that malloc keeps for the next
# one: a third of the time of an evaluation on a CPU went into fetching the same memory anew.
EVALUATED: Final = 100


class Batches(ABC):
    """Hands a training its images.

    What it hands out may depend on the epoch, on what it was made with and on the generator, and on
    nothing else: a training that was killed and begun again asks for the epochs that are left.
    Where several processes have joined a group, each is handed its own part.
    """

    @abstractmethod
    def steps(self, recipe: Recipe) -> int:
        """Returns how many updates an epoch has, at least one.

        Raises:
            InvalidInput: If it cannot do what the recipe says.
        """

    @abstractmethod
    def training(self, epoch: int, recipe: Recipe, generator: torch.Generator) -> Iterator[Batch]:
        """Yields the batches of an epoch, changed as the recipe says: as many as :meth:`steps`.

        Args:
            epoch: From 0.
            recipe: How to train.
            generator: The random stream of the training, from which it may draw.

        Raises:
            InvalidInput: If batches cannot be shared evenly among processes.
        """

    @abstractmethod
    def held_out(self, part: Part) -> Iterator[Batch]:
        """Yields the images that are not trained on, as they are."""


@final
class InMemory(Batches):
    """Images that all lie in memory; their order and changes are drawn from the generator."""

    def __init__(self, data: ImageData) -> None:
        """Takes the images.

        Raises:
            InvalidInput: If there are fewer than two to train on.
        """
        if len(data.train) < 2:
            raise InvalidInput("got one training image; expected at least two, to normalise over")
        self._data = data

    def steps(self, recipe: Recipe) -> int:
        """As many as there are whole batches.

        Raises:
            InvalidInput: If there is none.
        """
        return whole_batches(len(self._data.train), recipe)

    def training(self, epoch: int, recipe: Recipe, generator: torch.Generator) -> Iterator[Batch]:
        """Yields each image once, but for those of an incomplete batch."""
        given, batch = self._data.train, recipe.batch
        own = Group.here().part(batch)
        order = torch.randperm(len(given), generator=generator)
        for step in range(self.steps(recipe)):
            rows = order[step * batch : (step + 1) * batch]
            # All are changed, whoever has them, so that all processes draw the same numbers.
            images = changed(given.images[rows], recipe, self._data, generator)
            yield images[own], given.labels[rows[own]]

    def held_out(self, part: Part) -> Iterator[Batch]:
        """Yields every image once, a hundred at a time."""
        given = self._data.validation if part == "validation" else self._data.test
        for start in Group.here().dealt(range(0, len(given), EVALUATED)):
            rows = slice(start, start + EVALUATED)
            yield given.images[rows], given.labels[rows]


def whole_batches(images: int, recipe: Recipe) -> int:
    """Returns how many batches so many images fill.

    Raises:
        InvalidInput: If they do not fill one.
    """
    if recipe.batch > images:
        raise InvalidInput(
            f"got a batch of {recipe.batch} and {images} images to train on; expected at most as "
            f"many: set batch to {images} or less"
        )
    return images // recipe.batch
