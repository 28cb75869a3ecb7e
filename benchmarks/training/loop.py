"""Real training of one network, in this process, with the time it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import nn

from agnet.benchmarks.training.batches import Batches, InMemory, Part
from agnet.benchmarks.training.data import ImageData
from agnet.benchmarks.training.epochs import (
    AfterEpoch,
    TrainingResult,
    check_finite,
    result_of,
    run_epochs,
)
from agnet.benchmarks.training.evaluation import accuracies
from agnet.benchmarks.training.execution import Execution
from agnet.benchmarks.training.parallel import Group
from agnet.benchmarks.training.recipe import Recipe
from agnet.benchmarks.training.state import TrainingState

__all__ = ["train"]


@runtime_checkable
class DropsPaths(Protocol):
    """A module that drops paths in training, with a probability that can be set."""

    drop_path: float


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
    runs = Group.here().wrapped(how.placed(model))
    state = TrainingState(model, recipe, generator, identity)

    def judged(part: Part) -> float:
        return accuracies(state.judged, batches.held_out(part), how)[0]

    with threadpool_limits(how.threads):
        run_epochs(
            state,
            recipe.epochs,
            lambda _: _updates(runs, state, batches, recipe, how),
            lambda: judged("validation"),
            patience=recipe.patience,
            checkpoint=checkpoint,
            after_epoch=after_epoch,
        )
        tested = judged("test") if test else None
    state.finish()
    return result_of(state, time.perf_counter() - started, tested)


def _updates(
    runs: nn.Module, state: TrainingState, batches: Batches, recipe: Recipe, how: Execution
) -> Iterator[tuple[float, float]]:
    """Makes the updates of one epoch, and yields the loss and the CPU seconds of each."""
    epoch, steps = state.epoch, batches.steps(recipe)
    given = batches.training(epoch, recipe, state.generator)
    for module in state.model.modules():
        if isinstance(module, DropsPaths):
            module.drop_path = recipe.dropped(epoch)
    runs.train()
    for step in range(steps):
        before = time.process_time()
        images, labels = next(given)
        state.set_rate(recipe.rate * recipe.share_of_rate(epoch + step / steps))
        made = how.run(runs, images)
        value = _update(state, made, labels.to(how.device), recipe)
        check_finite(value, f"update {step + 1} of {steps} in epoch {epoch + 1}", recipe.rate)
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
