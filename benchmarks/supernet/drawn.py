"""Training what all networks of a space share: each update runs some that are drawn.

One that is drawn uniformly: Guo, Zhang, Mu, Heng, Liu, Wei and Sun, "Single Path One-Shot Neural
Architecture Search with Uniform Sampling", ECCV 2020. As many as there are options, which have each
of them once: Chu, Zhang and Xu, "FairNAS", ICCV 2021.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final, Literal, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import nn

from agnet.benchmarks.supernet.inheritance import inherited_accuracy
from agnet.benchmarks.supernet.sharing import WeightSharing
from agnet.benchmarks.training import (
    AfterEpoch,
    Batches,
    Execution,
    Group,
    ImageData,
    InMemory,
    Recipe,
    TrainingResult,
)
from agnet.benchmarks.training.epochs import check_finite, result_of, run_epochs
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import InvalidInput
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures, SearchSpace

__all__ = ["Drawing", "check_plain", "learn_from", "networks_of_update", "train_drawn"]

Drawing: TypeAlias = Literal["uniform", "fair"]
DRAWINGS: Final = ("uniform", "fair")
WATCHED: Final = 2  # networks whose accuracy is noted after each epoch


def train_drawn(
    sharing: WeightSharing,
    data: ImageData,
    recipe: Recipe,
    *,
    drawing: Drawing = "uniform",
    drawn: int = 1,
    calibration: int = 500,
    seed: int = 0,
    execution: Execution | None = None,
    checkpoint: Path | None = None,
    identity: str = "",
    after_epoch: AfterEpoch | None = None,
) -> TrainingResult:
    """Trains a super-network by networks that are drawn; its weights are changed.

    An update learns the mean loss of its networks. Weights that none of them has stay as they are,
    without decay or momentum; of a weight that they have a part of, all decays.

    On CPU the outcome, but for its seconds, follows from the weights, the data and the settings;
    with a checkpoint also where it was killed and begun again any number of times. Where several
    processes have joined a group of torch.distributed each is to call this with the same arguments.

    Args:
        sharing: The super-network.
        data: The images.
        recipe: How to train.
        drawing: ``uniform`` for any networks, ``fair`` for as many as a choice has options, in
            which each option occurs once.
        drawn: How many uniform ones make an update.
        calibration: On how many training images the norms of networks that are evaluated are.
        seed: Of the order and changes of images, and of the networks drawn.
        execution: Where to compute; by default in one thread.
        checkpoint: A file that is written after each epoch, and gone on from if it is there.
        identity: Of the checkpoint, what the outcome depends on beside the arguments here, such as
            the data; one of another identity is refused.
        after_epoch: Is told the number of each epoch that is done, from 1, its mean loss, and the
            mean validation accuracy of two networks, always the same ones.

    Returns:
        Losses, and those accuracies.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InvalidInput: If the recipe asks for what super-networks do not have, the space has no fair
            networks, or there are too few images.
        CheckpointError: If the checkpoint is damaged or of another training.
        StorageError: If it cannot be written.
    """
    how, started = execution or Execution(), time.perf_counter()
    check_plain(recipe, how)
    batches, space = InMemory(data), sharing.space
    batches.steps(recipe)
    how.placed(sharing.weights)
    generator = torch.Generator()
    generator.manual_seed(int(stream(seed, "supernet-images").integers(2**63)))
    known = f"networks of {space.name}, {drawn} {drawing}, {calibration} to calibrate, seed {seed}"
    state = TrainingState(sharing.weights, recipe, generator, f"{known} {identity}".strip())

    def draw(update: int) -> Architectures:
        return networks_of_update(space, drawing, drawn, stream(seed, "drawn-networks", update))

    draw(0)  # or it says why not, before anything is written
    watched = space.sample(WATCHED, stream(seed, "watched"))

    def judge() -> float:
        return fmean(
            inherited_accuracy(sharing, arch, data, images=calibration, execution=how)
            for arch in watched
        )

    with threadpool_limits(how.threads):
        run_epochs(
            state,
            recipe.epochs,
            lambda _: _updates(state, sharing, batches, recipe, how, draw),
            judge,
            patience=recipe.patience,
            checkpoint=checkpoint,
            after_epoch=after_epoch,
        )
    return result_of(state, time.perf_counter() - started)


def _updates(
    state: TrainingState,
    sharing: WeightSharing,
    batches: Batches,
    recipe: Recipe,
    how: Execution,
    draw: Callable[[int], Sequence[Architecture]],
) -> Iterator[tuple[float, float]]:
    """Makes the updates of one epoch, and yields the loss and the CPU seconds of each."""
    epoch, steps = state.epoch, batches.steps(recipe)
    given = batches.training(epoch, recipe, state.generator)
    for step in range(steps):
        before = time.process_time()
        images, labels = next(given)
        state.optimizer.zero_grad()
        loss = learn_from(sharing, draw(epoch * steps + step), images, labels, recipe, how)
        state.set_rate(recipe.rate * recipe.share_of_rate(epoch + step / steps))
        state.optimizer.step()
        check_finite(loss, f"update {step + 1} of {steps} in epoch {epoch + 1}", recipe.rate)
        yield loss, time.process_time() - before


def learn_from(
    sharing: WeightSharing,
    archs: Sequence[Architecture],
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    how: Execution,
) -> float:
    """Adds the gradients of the mean loss of networks, clipped, and returns that loss.

    Args:
        sharing: The super-network, whose gradients are none before.
        archs: Which networks.
        images: ``(B, C, H, W)``, of this process.
        labels: ``(B,)``.
        recipe: How far labels are smoothed, and gradients clipped.
        how: Where to compute.
    """
    there, total = labels.to(how.device), torch.zeros((), device=how.device)
    for arch in archs:
        scores = how.run(partial(sharing.scores, arch=arch), images)
        loss = F.cross_entropy(scores, there, label_smoothing=recipe.smoothing) / len(archs)
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        total += loss.detach()
    group = Group.here()
    group.average_gradients(sharing.weights)
    if recipe.clip:
        nn.utils.clip_grad_norm_(sharing.weights.parameters(), recipe.clip)
    return group.mean(total)


def networks_of_update(
    space: SearchSpace, drawing: Drawing, drawn: int, rng: np.random.Generator
) -> Architectures:
    """Draws the networks of an update.

    Raises:
        InvalidInput: If there is no such drawing, nothing is drawn, or the space has no fair
            networks: choices differ in their numbers of options, or not all options go together.
    """
    if drawing not in DRAWINGS or drawn < 1:
        raise InvalidInput(
            f"got the drawing {drawing!r} of {drawn} networks; expected {' or '.join(DRAWINGS)}, "
            "and at least 1"
        )
    if drawing == "uniform":
        return space.sample(drawn, rng)
    sizes = space.choice_sizes
    columns = [rng.permutation(size) for size in sizes]
    rows = np.stack(columns, axis=1) if len(set(sizes)) == 1 else None
    if rows is None or not space.is_valid(rows).all():
        raise InvalidInput(
            f"got the drawing 'fair' for {space.name}; expected a space whose choices all have the "
            "same number of options, all of which go together: use 'uniform'"
        )
    return space.from_choices(rows)


def check_plain(recipe: Recipe, how: Execution) -> None:
    """Checks that nothing is asked for that super-networks do not have.

    Raises:
        InvalidInput: If something is.
    """
    if recipe.average or recipe.auxiliary or recipe.drop_path or recipe.standardise:
        raise InvalidInput(
            "got average, auxiliary, drop_path or standardise in the recipe; a super-network has "
            "no such thing, and normalises images in its stem: set them to 0 and false"
        )
    if how.compiled:
        raise InvalidInput("got compiled; each network of a super-network is a program of its own")
