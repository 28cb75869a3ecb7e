"""Fine-tuning what was found: a network leaves the super-network, and is trained on its own.

Sarti, Lomurno and Matteucci, "Neural Architecture Transfer 2", arXiv 2307.00960.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import torch
from torch import nn

from agnet.benchmarks.networks import (
    ElasticSkeleton,
    NetworkCost,
    SavedNetwork,
    check_keepable,
    network_cost,
    save_network,
)
from agnet.benchmarks.networks.elastic import PlainNetwork, Together
from agnet.benchmarks.real_training import NETWORK
from agnet.benchmarks.supernet import SuperNetwork, calibrate, extract
from agnet.benchmarks.training import (
    Execution,
    Group,
    ImageData,
    LabelledImages,
    Recipe,
    TrainingResult,
    train,
)
from agnet.errors import InvalidInput
from agnet.seeds import stream
from agnet.spaces import Architecture

__all__ = ["TUNING", "Finished", "check_tuning", "finish"]

TUNING: Final = Recipe(
    epochs=20, patience=6, batch=64, rate=2e-3, weight_decay=0.01, period=0, auxiliary=1.0
)
"""For super-networks of minutes; those that have converged want a rate of 1e-4, for longer."""

FIRST, SECOND = "first.pt", "second.pt"


@final
@dataclass(frozen=True, eq=False)
class Finished:
    """A network that was trained on its own.

    Attributes:
        network: It, in evaluation mode.
        arch: Its architecture.
        together: Whether all of its exits say together what it says.
        cost: Its parameters and multiply-adds, other exits included where they are together.
        epochs: For how long it was trained in the end.
        val_accuracies: After each epoch of the first training, by which that was chosen.
        test_accuracy: In percent, read once; None if not asked for.
    """

    network: nn.Module
    arch: Architecture
    together: bool
    cost: NetworkCost
    epochs: int
    val_accuracies: tuple[float, ...]
    test_accuracy: float | None


def finish(
    net: SuperNetwork,
    arch: Architecture,
    data: ImageData,
    recipe: Recipe = TUNING,
    *,
    together: bool = False,
    test: bool = False,
    calibration: int = 1000,
    seed: int = 0,
    execution: Execution | None = None,
    folder: Path | None = None,
) -> Finished:
    """Trains one network of a super-network in two stages.

    First on the training images, to find out after how many epochs the validation accuracy is best.
    Then it is cut out anew, and trained on training and validation images for just as many, the
    rate falling to 0 in the end: what it has learnt cannot be judged but by the test images. Where
    several processes have joined a group of torch.distributed each is to call this alike.

    Args:
        net: The super-network, which stays as it is.
        arch: Which of its networks.
        data: The images.
        recipe: How to train, at most for how long, and after how many epochs without a better
            accuracy the first stage stops.
        together: Whether the exits before its own come with it, are trained too, and have a say.
        test: Whether the test accuracy is wanted.
        calibration: On how many training images its norms are calibrated when it is cut out.
        seed: Of batches.
        execution: Where to compute; by default in one thread.
        folder: Where to keep the trainings, which are gone on with if they are there, and in the
            end the network.

    Raises:
        InvalidInput: If the architecture is of another space, the recipe standardises images, which
            super-networks do not, or the network could not be read again from a folder.
        TrainingDiverged: If the loss is no longer finite.
        CheckpointError: If other trainings lie in the folder.
        StorageError: If it cannot be written.
    """
    check_tuning(recipe)
    if folder is not None:
        check_keepable(arch)
    whole = replace(data, train=_joined(data.train, data.validation))
    images = data.to_calibrate(calibration)

    def trained(given: ImageData, how: Recipe, name: str) -> tuple[nn.Module, TrainingResult]:
        network = _cut(net, arch, images, together)
        result = train(
            network,
            given,
            how,
            _generator(seed, name, arch),
            test=test and name == SECOND,
            execution=execution,
            checkpoint=None if folder is None else folder / name,
            identity=f"{arch} {together} {data.name} {data.digest[:16]} {seed}",
        )
        return network, result

    found = trained(data, recipe, FIRST)[1].val_accuracies
    epochs = 1 + max(range(len(found)), key=found.__getitem__)
    network, result = trained(whole, replace(recipe, epochs=epochs, patience=0), SECOND)
    if folder is not None and Group.here().leads:
        shape, classes = data.image_shape, data.num_classes
        skeleton = ElasticSkeleton(together)
        kept = SavedNetwork(network, arch, skeleton, shape, classes, standardises=False)
        save_network(kept, folder / NETWORK)
    cost = network_cost(network, data.image_shape)
    return Finished(network.eval(), arch, together, cost, epochs, found, result.test_accuracy)


def check_tuning(recipe: Recipe) -> None:
    """Checks that networks of a super-network can be trained by a recipe.

    Raises:
        InvalidInput: If it standardises images.
    """
    if recipe.standardise:
        raise InvalidInput("got standardise; networks of a super-network take images as they are")


def _cut(
    net: SuperNetwork, arch: Architecture, images: torch.Tensor, together: bool
) -> PlainNetwork | Together:
    """Cuts a network out, with or without the exits before its own."""
    last = net.space.plan(arch).exit
    exits = tuple(one for one in net.config.exits if one <= last) if together else ()
    cut = extract(net, arch, calibrate(net, arch, images, exits=exits), exits)
    return Together(cut) if together else cut


def _generator(seed: int, purpose: str, arch: Architecture) -> torch.Generator:
    number = stream(seed, f"finishing {purpose} {arch}").integers(2**63)
    return torch.Generator().manual_seed(int(number))


def _joined(one: LabelledImages, other: LabelledImages) -> LabelledImages:
    return LabelledImages(
        torch.cat([one.images, other.images]), torch.cat([one.labels, other.labels])
    )
