"""The epochs of a training, whatever its updates are: noted, written down, gone on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias, final

from agnet.benchmarks.training.parallel import Group
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import TrainingDiverged

__all__ = ["AfterEpoch", "TrainingResult", "check_finite", "result_of", "run_epochs"]

AfterEpoch: TypeAlias = Callable[[int, float, float], None]
"""Told the number of an epoch, its mean loss and the validation accuracy after it."""

Update: TypeAlias = tuple[float, float]
"""The loss of an update, and the CPU seconds that it took."""

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


def run_epochs(
    state: TrainingState,
    epochs: int,
    updates: Callable[[int], Iterable[Update]],
    judge: Callable[[], float],
    *,
    patience: int = 0,
    checkpoint: Path | None = None,
    after_epoch: AfterEpoch | None = None,
) -> None:
    """Runs the epochs that are left.

    Args:
        state: What is trained; from a checkpoint that is there, as it was then.
        epochs: How many there are in all.
        updates: Makes the updates of one epoch, of the number of which, from 0, it is told.
        judge: Finds the validation accuracy after an epoch.
        patience: After how many epochs without a better one it stops; 0 for never.
        checkpoint: A file that is written after each epoch, and gone on from if it is there. Of
            several processes, the first one writes it.
        after_epoch: Is told the number of each epoch that is done, from 1, its loss and accuracy.

    Raises:
        CheckpointError: If the checkpoint is damaged or of another training.
        StorageError: If it cannot be written.
    """
    group = Group.here()
    if checkpoint is not None and checkpoint.exists():
        state.load(checkpoint)
    elif checkpoint is not None and group.leads:
        state.save(checkpoint)  # what cannot be written should not be noticed after an epoch
    for epoch in range(state.epoch, epochs):
        if _waited(state.accuracies, patience):
            break
        found = list(updates(epoch))
        state.losses.append(sum(loss for loss, _ in found) / len(found))
        state.seconds += [taken for _, taken in found]
        state.accuracies.append(judge())
        if checkpoint is not None and group.leads:
            state.save(checkpoint)
        group.wait()
        if after_epoch is not None:
            after_epoch(epoch + 1, state.losses[-1], state.accuracies[-1])


def _waited(accuracies: list[float], patience: int) -> bool:
    """Whether the last so many epochs were no better than the best before them."""
    if not patience or len(accuracies) <= patience:
        return False
    return max(accuracies[-patience:]) <= max(accuracies[:-patience])


def result_of(
    state: TrainingState, wall_seconds: float, test_accuracy: float | None = None
) -> TrainingResult:
    """Sums up a training that is done."""
    return TrainingResult(
        tuple(state.losses),
        tuple(state.accuracies),
        median(state.seconds[WARM_UP:] or state.seconds),
        len(state.seconds),
        wall_seconds,
        test_accuracy,
    )


def check_finite(loss: float, where: str, rate: float) -> None:
    """Checks the loss of an update.

    Args:
        loss: The loss.
        where: Which update it was.
        rate: The learning rate of the training.

    Raises:
        TrainingDiverged: If it is no finite number.
    """
    if not isfinite(loss):
        raise TrainingDiverged(
            f"the loss is {loss} at {where}; expected a finite number: try a rate below {rate:g}"
        )
