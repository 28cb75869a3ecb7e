"""A benchmark that trains: every architecture asked for becomes a network and learns the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, final

from torch import nn

from agnet.benchmarks.networks import (
    COSTS,
    SavedNetwork,
    Skeleton,
    check_keepable,
    host_latency_ms,
    read_skeleton,
    save_network,
    standardised,
)
from agnet.benchmarks.of_networks import NetworkBenchmark
from agnet.benchmarks.training import (
    AfterEpoch,
    Execution,
    Group,
    ImageData,
    InMemory,
    Recipe,
    TensorBoard,
    TrainingResult,
    open_images,
    train,
    within_memory,
)
from agnet.objectives import Metric
from agnet.spaces import Architecture, SearchSpace, open_space

__all__ = ["NETWORK", "TRAINING", "RealTraining", "open_real_training"]

METRICS: Final = (
    Metric("val_accuracy", "%", "maximize", description="validation, after the last epoch"),
    Metric("train_seconds", "s", "minimize", description="CPU time of all updates"),
    Metric("host_latency_ms", "ms", "minimize", description="this CPU, one image, untrained"),
    *COSTS,
    Metric("test_accuracy", "%", "maximize", held_out=True, description="after the last epoch"),
)
TRAINING, NETWORK = "training.pt", "network.pt"
TRAININGS, EVENTS = "trainings", "tensorboard"
LEARNT: Final = frozenset({"val_accuracy", "train_seconds", "test_accuracy"})


@final
class RealTraining(NetworkBenchmark):
    """Architectures, trained in the process that asks.

    Asked twice, it trains twice: accuracies are the same on CPU, seconds are not. Each architecture
    has random numbers of its own, so that neither the order of queries nor the number of workers
    changes an accuracy. Parameters and multiply-adds are counted without training, and test images
    are looked at only where their accuracy is asked for. A training that diverges raises, which a
    search records as a failed evaluation.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: ImageData,
        recipe: Recipe | None = None,
        skeleton: Skeleton | None = None,
        seed: int = 0,
        *,
        execution: Execution | None = None,
        tensorboard: bool = False,
        folder: Path | None = None,
    ) -> None:
        """Takes what to train, and how.

        Args:
            space: The architectures that can be asked for.
            data: What they learn.
            recipe: How they learn it; by default as in the search of POPNASv2.
            skeleton: How they become networks; by default as the space was published.
            seed: Other seeds are other weights and other batches.
            execution: Where to compute; by default in one thread.
            tensorboard: Whether trainings that have a folder write their curves for TensorBoard.
            folder: Where queries leave trainings that are under way: one that was killed is gone on
                with when it is asked for again. By default nowhere.

        Raises:
            InvalidInput: If the seed is negative, no networks of the space can be built, or the
                images do not fill a batch.
            MissingExtra: If TensorBoard is wanted and not installed.
        """
        super().__init__(space, data, skeleton, seed)
        self._recipe, self._execution = recipe or Recipe(), execution or Execution()
        InMemory(data).steps(self._recipe)  # rather than a failure of each query
        self._tensorboard, self._folder = tensorboard, folder
        if tensorboard:
            TensorBoard.check()

    @property
    def name(self) -> str:
        """``real_training``."""
        return "real_training"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Accuracies and seconds are measured, costs are computed."""
        return METRICS

    @property
    def source(self) -> str:
        """This machine."""
        return f"trained on {self._data.name} when asked for, {self._recipe.epochs} epochs"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What :func:`open_real_training` takes, if the images are of a source that has a name."""
        how = {"recipe": asdict(self._recipe), "execution": asdict(self._execution)}
        shown = {"tensorboard": True} if self._tensorboard else {}
        return {**super().settings, **how, **shown}

    def within(self, folder: Path) -> RealTraining:
        """Returns the same, leaving trainings that are under way in the run's folder."""
        return RealTraining(
            self._space,
            self._data,
            self._recipe,
            self._skeleton,
            self._seed,
            execution=self._execution,
            tensorboard=self._tensorboard,
            folder=folder,
        )

    def train(
        self,
        arch: Architecture,
        *,
        test: bool = False,
        folder: Path | None = None,
        after_epoch: AfterEpoch | None = None,
    ) -> TrainingResult:
        """Trains one architecture.

        Args:
            arch: The architecture.
            test: Whether the test accuracy is wanted.
            folder: Where to keep the training, ``training.pt``, from which it is gone on with if it
                is there, and in the end the network, ``network.pt``.
            after_epoch: As :func:`agnet.benchmarks.training.train` takes it.

        Raises:
            InvalidInput: If it is of another space, or is to be kept though its space is not opened
                by its name.
            TrainingDiverged: If the loss is no longer finite.
            OutOfMemory: If the network, or a batch, does not fit.
            CheckpointError: If another training lies in the folder.
            StorageError: If the folder cannot be written.
        """
        if folder is None:
            return self._train(arch, None, test, after_epoch)[0]
        check_keepable(arch)
        with self._shown(folder / EVENTS, after_epoch) as after:
            result, network = self._train(arch, folder / TRAINING, test, after)
        if Group.here().leads:
            shape, classes = self._data.image_shape, self._data.num_classes
            standardise = self._recipe.standardise
            kept = SavedNetwork(network, arch, self._skeleton, shape, classes, standardise)
            save_network(kept, folder / NETWORK)
        return result

    def _train(
        self,
        arch: Architecture,
        checkpoint: Path | None,
        test: bool,
        after_epoch: AfterEpoch | None = None,
    ) -> tuple[TrainingResult, nn.Module]:
        network, generator = self._build(arch, "training")
        if self._recipe.standardise:
            network = standardised(network, *self._data.moments)
        with within_memory(f"training {arch}", "use a smaller batch or network"):
            result = train(
                network,
                self._data,
                self._recipe,
                generator,
                test=test,
                execution=self._execution,
                checkpoint=checkpoint,
                identity="" if checkpoint is None else self._identity(arch),
                after_epoch=after_epoch,
            )
        return result, network

    def _identity(self, arch: Architecture) -> str:
        """What a training depends on beside its recipe."""
        return json.dumps(
            {
                "arch": str(arch),
                "network": self._skeleton.settings,
                "seed": self._seed,
                "data": f"{self._data.name} {self._data.digest[:16]}",
                "precision": self._execution.precision,
            }
        )

    def latency(self, arch: Architecture) -> float:
        """Measures milliseconds of one image on this machine's CPU, in the threads of a training.

        Raises:
            InvalidInput: If no network can be built of the architecture.
        """
        network, _ = self._build(arch, "latency")
        return host_latency_ms(network, self._data.image_shape, threads=self._execution.threads)

    def _measure(
        self, arch: Architecture, wanted: frozenset[str]
    ) -> tuple[dict[str, float], Mapping[str, tuple[float, ...]]]:
        found = {}
        if "host_latency_ms" in wanted:
            found["host_latency_ms"] = self.latency(arch)
        if not LEARNT & wanted:
            return found, {}
        with self._under_way(arch) as (checkpoint, after_epoch):
            result, _ = self._train(arch, checkpoint, "test_accuracy" in wanted, after_epoch)
        found["val_accuracy"] = result.val_accuracy
        found["train_seconds"] = result.train_seconds
        if result.test_accuracy is not None:
            found["test_accuracy"] = result.test_accuracy
        return found, {"loss": result.losses, "val_accuracy": result.val_accuracies}

    @contextmanager
    def _under_way(self, arch: Architecture) -> Iterator[tuple[Path | None, AfterEpoch | None]]:
        """Gives a file for a training while it lasts; one that is killed leaves it behind."""
        if self._folder is None:
            yield None, None
            return
        name = hashlib.sha256(str(arch).encode()).hexdigest()[:16]
        checkpoint = self._folder / TRAININGS / f"{name}.pt"
        try:
            with self._shown(self._folder / EVENTS / name, None) as after_epoch:
                yield checkpoint, after_epoch
        except Exception:  # a failure is recorded, and not tried again
            checkpoint.unlink(missing_ok=True)
            raise
        checkpoint.unlink(missing_ok=True)

    @contextmanager
    def _shown(self, folder: Path, told: AfterEpoch | None) -> Iterator[AfterEpoch | None]:
        """Writes for TensorBoard, if that is wanted, beside telling what is told of each epoch."""
        if not self._tensorboard or not Group.here().leads:
            yield told
            return
        with TensorBoard(folder) as board:

            def after_epoch(epoch: int, loss: float, accuracy: float) -> None:
                board(epoch, loss, accuracy)
                if told is not None:
                    told(epoch, loss, accuracy)

            yield after_epoch


def open_real_training(
    space: str = "nasbench201",
    data: str = "digits",
    size: int | None = None,
    recipe: Mapping[str, Any] | None = None,
    network: Mapping[str, Any] | None = None,
    seed: int = 0,
    execution: Mapping[str, Any] | None = None,
    images: Sequence[int] | None = None,
    tensorboard: bool = False,
) -> RealTraining:
    """Makes the benchmark of plain values, as configurations hold them.

    Args:
        space: The name of the space.
        data: What :func:`agnet.benchmarks.training.open_images` takes,
        size: and the side that it brings images to.
        recipe: What :meth:`Recipe.from_table` takes; by default the preset ``smoke``.
        network: What differs from the skeleton that the space was published with.
        seed: Of weights and batches.
        execution: Settings of :class:`Execution`.
        images: How many there have to be to train on, to choose by and to test on.
        tensorboard: Whether trainings that have a folder write their curves for TensorBoard.

    Raises:
        InvalidInput: If there are others, or a setting is unknown or cannot be used.
        MissingData: If there are no such images.
        TableError: If a file of them is damaged.
        StorageError: If one cannot be read.
        MissingExtra: If TensorBoard is wanted and not installed.
    """
    opened = open_space(space)
    return RealTraining(
        opened,
        open_images(data, size, images),
        Recipe.from_table(recipe or {"preset": "smoke"}),
        read_skeleton(opened, network or {}),
        seed,
        execution=Execution.from_table(execution or {}),
        tensorboard=tensorboard,
    )
