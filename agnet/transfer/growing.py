"""Training a super-network on the data of a user, from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from agnet.benchmarks.supernet import Phase, SuperNetwork, Teaching, train_supernet
from agnet.benchmarks.training import AfterEpoch, Execution, ImageData, Recipe, TrainingResult
from agnet.spaces.elastic import ElasticConfig, Options

__all__ = ["RECIPE", "grow", "growth"]

RECIPE: Final = Recipe(
    batch=64, optimizer="sgd", rate=0.4, nesterov=True, weight_decay=1e-4, period=0, clip=5.0
)
"""What the preset ``tiny`` learns 10,000 images of CIFAR-10 by in minutes."""

GENTLER: Final = 0.5  # what is left of the rate where all networks are trained together


def growth(config: ElasticConfig, recipe: Recipe, epochs: tuple[int, int]) -> list[Phase]:
    """The phases that :func:`grow` trains: ``largest``, and then ``sandwich``.

    Channels are sorted in between: narrow networks begin with those that matter most.
    """
    every, (first, second) = Options.every(config), epochs
    return [
        Phase("largest", first, recipe.rate, every, "largest"),
        Phase("sandwich", second, GENTLER * recipe.rate, every, sort=True),
    ]


def grow(
    config: ElasticConfig,
    data: ImageData,
    recipe: Recipe = RECIPE,
    epochs: tuple[int, int] = (10, 20),
    *,
    teaching: Teaching | None = None,
    seed: int = 0,
    execution: Execution | None = None,
    checkpoint: Path | None = None,
    after_epoch: AfterEpoch | None = None,
) -> tuple[SuperNetwork, TrainingResult]:
    """Trains the largest network at all of its exits, then all of them by the sandwich rule.

    Args:
        config: What there is to choose from.
        data: The images.
        recipe: Batches, optimiser, rate, changes of images.
        epochs: Of the largest network, and of all.
        teaching: What networks learn from.
        seed: Of weights, batches and networks drawn.
        execution: Where to compute; by default in one thread.
        checkpoint: A file that is written after each epoch, and gone on from if it is there.
        after_epoch: As :func:`agnet.benchmarks.supernet.train_supernet` takes it.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InvalidInput: If the images do not fit the configuration, or a setting cannot be used.
        CheckpointError: If the checkpoint is damaged or of another training.
        StorageError: If it cannot be written.
    """
    net = SuperNetwork(config, torch.Generator().manual_seed(seed))
    result = train_supernet(
        net,
        data,
        recipe,
        growth(config, recipe, epochs),
        teaching=teaching,
        seed=seed,
        execution=execution,
        checkpoint=checkpoint,
        identity=f"{data.name} {data.digest[:16]}",
        after_epoch=after_epoch,
    )
    return net, result
