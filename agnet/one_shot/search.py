"""A one-shot search: networks of several complexities from one training of shared weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

import torch
from threadpoolctl import threadpool_limits

from agnet.benchmarks.supernet import WeightSharing
from agnet.benchmarks.supernet.drawn import check_plain
from agnet.benchmarks.training import AfterEpoch, Execution, ImageData, Recipe, TrainingResult
from agnet.benchmarks.training.epochs import result_of, run_epochs
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import InvalidInput
from agnet.one_shot.alternation import Alternation
from agnet.one_shot.settings import OneShot
from agnet.seeds import stream
from agnet.strategies.importance.reports import Mode

__all__ = ["OneShotResult", "one_shot"]


@final
@dataclass(frozen=True)
class OneShotResult:
    """What a one-shot search gave.

    Attributes:
        log: Where each distribution was after each epoch, the lowest price first.
        units: What was computed, in forward passes of one network on one batch; a training pass
            counts as three, and accuracies noted after epochs do not count.
        training: Losses of the weights, and the mean validation accuracy of the modes, by shared
            weights, after each epoch; NaN as long as no distribution has moved.
    """

    log: tuple[tuple[Mode, ...], ...]
    units: int
    training: TrainingResult

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Where each distribution has come to: what is to be trained on its own."""
        return self.log[-1]


def one_shot(
    nets: Sequence[WeightSharing],
    data: ImageData,
    recipe: Recipe,
    settings: OneShot | None = None,
    *,
    seed: int = 0,
    execution: Execution | None = None,
    checkpoint: Path | None = None,
    identity: str = "",
    after_epoch: AfterEpoch | None = None,
) -> OneShotResult:
    """Searches by weights that are trained on the way, and are changed.

    An iteration draws some networks of all distributions, of which the weights learn a batch of
    training images; and others, which are evaluated on a batch of validation images. By their
    losses, and what they cost, each distribution takes a step of the natural gradient, towards what
    is best at its price; samples of the others count by importance ratios.

    On CPU the outcome, but for its seconds, follows from the weights, the data and the settings;
    with a checkpoint also where it was killed and begun again any number of times.

    Args:
        nets: The super-network that all distributions share; or one for each distribution, of the
            same space, with which the searches are separate, to compare with.
        data: The images; the weights never learn those to choose by.
        recipe: How the weights are trained; it also says how long the search takes, and how many
            images are seen at a time.
        settings: Of the search.
        seed: Of the order and changes of images, and of the networks drawn.
        execution: Where to compute; by default in one thread.
        checkpoint: A file that is written after each epoch, and gone on from if it is there.
        identity: Of the checkpoint, what the outcome depends on beside the arguments here, such as
            the data; one of another identity is refused.
        after_epoch: Is told the number of each epoch that is done, from 1, its mean loss, and the
            mean validation accuracy of the modes, NaN as long as no distribution has moved.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InvalidInput: If there is neither one super-network nor one for each distribution, they are
            of several spaces, the recipe asks for what they do not have, or images do not fill a
            batch.
        CheckpointError: If the checkpoint is damaged or of another search.
        StorageError: If it cannot be written.
    """
    chosen, how, started = settings or OneShot(), execution or Execution(), time.perf_counter()
    check_plain(recipe, how)
    _check(nets, data, recipe, chosen)
    alternation = Alternation(nets, data, recipe, chosen, how, seed)
    generator = torch.Generator()
    generator.manual_seed(int(stream(seed, "supernet-images").integers(2**63)))
    known = f"one-shot search of {nets[0].space.name}, {len(nets)} nets, {asdict(chosen)}"
    name = f"{known}, seed {seed} {identity}".strip()
    state = TrainingState(alternation.model, recipe, generator, name)
    with threadpool_limits(how.threads):
        run_epochs(
            state,
            recipe.epochs,
            lambda _: alternation.of_epoch(state),
            alternation.judge,
            checkpoint=checkpoint,
            after_epoch=after_epoch,
        )
    found = alternation.distributions
    return OneShotResult(
        tuple(found.modes(epoch) for epoch in range(recipe.epochs)),
        int(found.units),
        result_of(state, time.perf_counter() - started),
    )


def _check(
    nets: Sequence[WeightSharing], data: ImageData, recipe: Recipe, settings: OneShot
) -> None:
    if recipe.patience:
        raise InvalidInput("got a patience; how long a search takes is known before: set it to 0")
    if len(nets) not in (1, settings.count):
        raise InvalidInput(
            f"got {len(nets)} super-networks for {settings.count} distributions; expected one that "
            "they share, or one for each"
        )
    if len({net.space for net in nets}) > 1 or len({id(net.weights) for net in nets}) < len(nets):
        raise InvalidInput(
            "got super-networks of several spaces, or one of them twice; expected one space, and "
            "weights of its own for each"
        )
    if len(data.validation) < recipe.batch:
        raise InvalidInput(
            f"got {len(data.validation)} validation images for batches of {recipe.batch}; expected "
            "at least one batch: set batch to less, or hold out more images"
        )
