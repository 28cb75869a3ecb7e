"""Real training of one network, in this process, with the time it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Final, final

import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import nn

from agnet.benchmarks.training.augmentation import mirrored, translated
from agnet.benchmarks.training.data import ImageData, LabelledImages
from agnet.benchmarks.training.recipe import Recipe
from agnet.errors import InvalidInput, TrainingDiverged

__all__ = ["TrainingResult", "accuracy", "train"]

WARM_UP: Final = 3  # updates at the start that do not count for the time, if there are others
EVALUATED: Final = 500  # images at a time


@final
@dataclass(frozen=True)
class TrainingResult:
    """What a training gave.

    Attributes:
        losses: The mean loss of each epoch, on the training images as they were changed.
        val_accuracies: Percent of the validation images classified correctly after each epoch.
        step_seconds: CPU seconds of an update: the median over all of them, but for the first few,
            in which much is done for the first time.
        steps: Updates.
        wall_seconds: What went by from the beginning to the end, evaluations included.
        test_accuracy: Percent of the test images, after the last epoch; None if not asked for.
    """

    losses: tuple[float, ...]
    val_accuracies: tuple[float, ...]
    step_seconds: float
    steps: int
    wall_seconds: float
    test_accuracy: float | None = None

    @property
    def val_accuracy(self) -> float:
        """After the last epoch: the best of all epochs would be too good, being chosen."""
        return self.val_accuracies[-1]

    @property
    def train_seconds(self) -> float:
        """CPU seconds of all updates, each counted as the median one, evaluations left out."""
        return self.step_seconds * self.steps


def train(
    model: nn.Module,
    data: ImageData,
    recipe: Recipe,
    generator: torch.Generator,
    *,
    test: bool = False,
    threads: int = 1,
) -> TrainingResult:
    """Trains a network; its weights are changed.

    On CPU the outcome, but for its seconds, follows from the weights, the data, the recipe, the
    state of the generator and the number of threads.

    Args:
        model: Maps images ``(B, C, H, W)`` to a number a class ``(B, classes)``.
        data: The images.
        recipe: How to train.
        generator: Draws the order of the images and their changes.
        test: Whether the test accuracy is wanted.
        threads: How many to use; the rest of the process has as many as before.

    Raises:
        InvalidInput: If there are no threads.
        TrainingDiverged: If the loss is no longer finite.
    """
    if threads < 1:
        raise InvalidInput(f"got {threads} threads; expected 1 or more")
    started = time.perf_counter()
    losses: list[float] = []
    accuracies: list[float] = []
    seconds: list[float] = []
    with threadpool_limits(threads):
        optimizer = _optimizer(model, recipe)
        for epoch in range(recipe.epochs):
            model.train()
            found = list(_updates(model, optimizer, data.train, recipe, epoch, generator))
            losses.append(sum(loss for loss, _ in found) / len(found))
            seconds += [taken for _, taken in found]
            accuracies.append(accuracy(model, data.validation))
        tested = accuracy(model, data.test) if test else None
    return TrainingResult(
        tuple(losses),
        tuple(accuracies),
        median(seconds[WARM_UP:] or seconds),
        len(seconds),
        time.perf_counter() - started,
        tested,
    )


@torch.no_grad()
def accuracy(model: nn.Module, data: LabelledImages) -> float:
    """Returns the percentage of images whose class has the highest number."""
    model.eval()
    correct = 0
    for start in range(0, len(data), EVALUATED):
        rows = slice(start, start + EVALUATED)
        scores = model(data.images[rows])
        correct += int((scores.argmax(dim=1) == data.labels[rows]).sum())
    return 100.0 * correct / len(data)


def _updates(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: LabelledImages,
    recipe: Recipe,
    epoch: int,
    generator: torch.Generator,
) -> Iterator[tuple[float, float]]:
    """Makes the updates of one epoch, and yields the loss and the CPU seconds of each."""
    batch = min(recipe.batch, len(data))
    steps = len(data) // batch
    order = torch.randperm(len(data), generator=generator)
    for step in range(steps):
        before = time.process_time()
        rows = order[step * batch : (step + 1) * batch]
        images = data.images[rows]
        if recipe.flip:
            images = mirrored(images, generator)
        if recipe.translation:
            images = translated(images, recipe.translation, generator)
        share = recipe.share_of_rate(epoch + step / steps)
        for group in optimizer.param_groups:
            group["lr"] = share * recipe.rate
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), data.labels[rows], label_smoothing=recipe.smoothing)
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        value = float(loss.detach())
        if not isfinite(value):
            raise TrainingDiverged(
                f"the loss is {value} at update {step + 1} of {steps} in epoch {epoch + 1}; "
                f"expected a finite number: try a rate below {recipe.rate:g}"
            )
        yield value, time.process_time() - before


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = list(model.parameters())
    decay = recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=recipe.rate, momentum=recipe.momentum, weight_decay=decay
        )
    return torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=decay)
