"""Real training of one network, in this process, with the time it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol, TypeAlias, final, runtime_checkable

import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import nn

from agnet.benchmarks.training.batches import Batches, InMemory
from agnet.benchmarks.training.data import ImageData
from agnet.benchmarks.training.evaluation import accuracies
from agnet.benchmarks.training.execution import Execution
from agnet.benchmarks.training.parallel import Group
from agnet.benchmarks.training.recipe import Recipe
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import TrainingDiverged

__all__ = ["AfterEpoch", "TrainingResult", "train"]


@runtime_checkable
class DropsPaths(Protocol):
    """A module that drops paths in training, with a probability that can be set."""

    drop_path: float


AfterEpoch: TypeAlias = Callable[[int, float, float], None]
"""Told the number of an epoch, its mean loss and the validation accuracy after it."""

WARM_UP: Final = 3  # updates at the start that do not count for the time, if there are others


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
        wall_seconds: What went by in the call, evaluations included; of a training that was gone
            on with, since then.
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
    data: ImageData | Batches,
    recipe: Recipe,
    generator: torch.Generator,
    *,
    test: bool = False,
    execution: Execution | None = None,
    checkpoint: Path | None = None,
    identity: str = "",
    after_epoch: AfterEpoch | None = None,
) -> TrainingResult:
    """Trains a network; its weights are changed.

    On CPU the outcome, but for its seconds, follows from the weights, the data, the recipe, the
    state of the generator and the execution; with a checkpoint also where it was killed and begun
    again any number of times. Where several processes have joined a group of torch.distributed each
    is to call this with the same arguments: it takes its part of each batch, and normalises by that
    part alone.

    Args:
        model: Maps images ``(B, C, H, W)`` to a number a class ``(B, classes)``; in training it may
            return a pair, the second of an auxiliary classifier.
        data: The images, or what hands them out.
        recipe: How to train.
        generator: Draws the order of images in memory and their changes. What a network draws
            itself, such as the paths that it drops, it should draw from the same, to be resumed
            exactly.
        test: Whether the test accuracy is wanted.
        execution: Where to compute; by default in one thread.
        checkpoint: A file that is written after each epoch, and gone on from if it is there.
        identity: Of the checkpoint, what the outcome depends on beside the recipe: one of another
            identity is refused.
        after_epoch: Is told the number of each epoch that is done, from 1, its loss and accuracy.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InvalidInput: If there are fewer than two training images, what hands them out cannot follow
            the recipe, or batches cannot be shared evenly among processes.
        CheckpointError: If the checkpoint is damaged or of another training.
        StorageError: If it cannot be written.
    """
    batches = InMemory(data) if isinstance(data, ImageData) else data
    batches.steps(recipe)  # says what is wrong before anything is written
    started, how = time.perf_counter(), execution or Execution()
    group = Group.here()
    runs = group.wrapped(how.placed(model))
    state = TrainingState(model, recipe, generator, identity)
    if checkpoint is not None and checkpoint.exists():
        state.load(checkpoint)
    elif checkpoint is not None and group.leads:
        state.save(checkpoint)  # what cannot be written should not be noticed after an epoch
    with threadpool_limits(how.threads):
        for epoch in range(state.epoch, recipe.epochs):
            if _waited(state.accuracies, recipe.patience):
                break
            for module in model.modules():
                if isinstance(module, DropsPaths):
                    module.drop_path = recipe.dropped(epoch)
            found = list(_updates(runs, state, batches, recipe, how))
            state.losses.append(sum(loss for loss, _ in found) / len(found))
            state.seconds += [taken for _, taken in found]
            state.accuracies += accuracies(state.judged, batches.held_out("validation"), how)
            if checkpoint is not None and group.leads:
                state.save(checkpoint)
            group.wait()
            if after_epoch is not None:
                after_epoch(epoch + 1, state.losses[-1], state.accuracies[-1])
        tested = accuracies(state.judged, batches.held_out("test"), how)[0] if test else None
    state.finish()
    return TrainingResult(
        tuple(state.losses),
        tuple(state.accuracies),
        median(state.seconds[WARM_UP:] or state.seconds),
        len(state.seconds),
        time.perf_counter() - started,
        tested,
    )


def _waited(accuracies: list[float], patience: int) -> bool:
    """Whether the last so many epochs were no better than the best before them."""
    if not patience or len(accuracies) <= patience:
        return False
    return max(accuracies[-patience:]) <= max(accuracies[:-patience])


def _updates(
    runs: nn.Module, state: TrainingState, batches: Batches, recipe: Recipe, how: Execution
) -> Iterator[tuple[float, float]]:
    """Makes the updates of one epoch, and yields the loss and the CPU seconds of each."""
    epoch, steps = state.epoch, batches.steps(recipe)
    given = batches.training(epoch, recipe, state.generator)
    runs.train()
    for step in range(steps):
        before = time.process_time()
        images, labels = next(given)
        for group in state.optimizer.param_groups:
            group["lr"] = recipe.rate * recipe.share_of_rate(epoch + step / steps)
        made = how.run(runs, images)
        value = _update(state, made, labels.to(how.device), recipe)
        if not isfinite(value):
            raise TrainingDiverged(
                f"the loss is {value} at update {step + 1} of {steps} in epoch {epoch + 1}; "
                f"expected a finite number: try a rate below {recipe.rate:g}"
            )
        yield value, time.process_time() - before


def _update(state: TrainingState, made: Any, labels: torch.Tensor, recipe: Recipe) -> float:
    """Makes one update for what the network made of images, and returns the loss."""
    scores, *others = made if isinstance(made, tuple) else (made,)
    loss = F.cross_entropy(scores, labels, label_smoothing=recipe.smoothing)
    for other in others:
        extra = F.cross_entropy(other, labels, label_smoothing=recipe.smoothing)
        loss = loss + recipe.auxiliary * extra
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    if recipe.clip:
        nn.utils.clip_grad_norm_(state.model.parameters(), recipe.clip)
    state.optimizer.step()
    state.averaged()
    return Group.here().mean(loss)
