"""Training a super-network: every update runs several of its networks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from agnet.benchmarks.networks.elastic import PlainNetwork
from agnet.benchmarks.supernet.drawn import check_plain
from agnet.benchmarks.supernet.inheritance import inherited_accuracy
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.phases import Phase, sandwich
from agnet.benchmarks.supernet.sharing import ElasticSharing
from agnet.benchmarks.supernet.teaching import Teaching
from agnet.benchmarks.supernet.updates import Updates
from agnet.benchmarks.training import (
    AfterEpoch,
    Execution,
    ImageData,
    Recipe,
    TrainingResult,
)
from agnet.benchmarks.training.epochs import result_of, run_epochs
from agnet.errors import InvalidInput
from agnet.spaces.elastic import ElasticConfig, Options

__all__ = ["check_images", "train_supernet"]


def train_supernet(
    net: SuperNetwork,
    data: ImageData,
    recipe: Recipe,
    phases: Sequence[Phase] = (),
    *,
    teaching: Teaching | None = None,
    teacher: PlainNetwork | None = None,
    seed: int = 0,
    execution: Execution | None = None,
    checkpoint: Path | None = None,
    identity: str = "",
    after_epoch: AfterEpoch | None = None,
) -> TrainingResult:
    """Trains a super-network; its weights are changed.

    On CPU the outcome, but for its seconds, follows from the weights, the data and the settings;
    with a checkpoint also where it was killed and begun again any number of times. Where several
    processes have joined a group of torch.distributed each is to call this with the same arguments:
    it takes its part of each batch, and all run the same networks.

    Args:
        net: The super-network.
        data: The images.
        recipe: Batches, optimiser, changes of images; epochs, rate and warm-up are those of the
            phases.
        phases: What is trained when; by default everything at once by the sandwich rule, as long as
            the recipe says.
        teaching: What networks learn from.
        teacher: A largest network with all exits that phases with the teacher ``kept`` learn from
            until one has a new one; by default cut out of the super-network as it is. Its norms go
            by the batch, as those of its pupils do.
        seed: Of the order and changes of images, and of the networks drawn.
        execution: Where to compute; by default in one thread.
        checkpoint: A file that is written after each epoch, and gone on from if it is there.
        identity: Of the checkpoint, what the outcome depends on beside the arguments here, such as
            the data; one of another identity is refused.
        after_epoch: Is told the number of each epoch that is done, from 1, its mean loss, and the
            validation accuracy of the largest network.

    Returns:
        Losses, and validation accuracies of the largest network, calibrated.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InvalidInput: If the recipe asks for what super-networks do not have, the data are of
            another form than the networks, or batches cannot be shared evenly among processes.
        CheckpointError: If the checkpoint is damaged or of another training.
        StorageError: If it cannot be written.
    """
    how, taught = execution or Execution(), teaching or Teaching()
    schedule = tuple(phases) or sandwich(net.config, recipe)
    _check(net, data, recipe, how)
    started = time.perf_counter()
    updates = Updates(net, data, recipe, schedule, taught, how, seed, teacher)
    state = updates.state(identity)
    sharing, largest = ElasticSharing(net), Options.every(net.config).largest(net.space)

    def worth() -> float:
        return inherited_accuracy(sharing, largest, data, images=taught.calibration, execution=how)

    with threadpool_limits(how.threads):
        run_epochs(
            state,
            sum(phase.epochs for phase in schedule),
            lambda epoch: updates.of_epoch(state, epoch),
            worth,
            checkpoint=checkpoint,
            after_epoch=after_epoch,
        )
    return result_of(state, time.perf_counter() - started)


def check_images(config: ElasticConfig, data: ImageData) -> None:
    """Checks that images are of the form that the networks take.

    Raises:
        InvalidInput: If they have other channels or classes.
    """
    if data.image_shape[0] != config.channels or data.num_classes != config.classes:
        raise InvalidInput(
            f"got images of {data.image_shape[0]} channels and {data.num_classes} classes for a "
            f"super-network of {config.channels} and {config.classes}; expected the same"
        )


def _check(net: SuperNetwork, data: ImageData, recipe: Recipe, how: Execution) -> None:
    check_images(net.config, data)
    check_plain(recipe, how)
    if recipe.patience:
        raise InvalidInput("got a patience; phases say how long they last: set it to 0")
