"""A benchmark that trains nothing: scores of networks as they begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
from torch import nn

from agnet.benchmarks.networks import COSTS, Skeleton, read_skeleton, skeleton_of, standardised
from agnet.benchmarks.of_networks import NetworkBenchmark
from agnet.benchmarks.scores import SCORES, Batch
from agnet.benchmarks.training import ImageData, open_images
from agnet.errors import EvaluationError, InvalidInput
from agnet.objectives import Metric
from agnet.seeds import stream
from agnet.spaces import Architecture, SearchSpace, open_space

__all__ = ["TrainingFree", "open_training_free"]


@final
class TrainingFree(NetworkBenchmark):
    """What networks that have learnt nothing tell, from one batch of training images.

    The batch is the same for all architectures, and each has weights of its own, which follow from
    the seed: the answer is the same whenever and in whatever process it is asked for. A score that
    an architecture has not, such as one whose output ignores the image, is missing.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: ImageData,
        skeleton: Skeleton | None = None,
        seed: int = 0,
        *,
        batch: int = 64,
    ) -> None:
        """Takes what to score, and on what.

        Args:
            space: The architectures that can be asked for.
            data: Of its training images the batch is drawn.
            skeleton: How architectures become networks; by default as the space was published.
            seed: Other seeds are other weights and another batch.
            batch: How many images; at most as many as there are.

        Raises:
            InvalidInput: If a number is out of range, or no networks of the space can be built.
        """
        if not 2 <= batch <= len(data.train):
            raise InvalidInput(f"got a batch of {batch}; expected 2 to {len(data.train)} images")
        super().__init__(space, data, (skeleton or skeleton_of(space)).bare(), seed)
        self._batch = batch

    @property
    def name(self) -> str:
        """``training_free``."""
        return "training_free"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The scores, and parameters and multiply-adds."""
        return (*(score.metric for score in SCORES.values()), *COSTS)

    @property
    def source(self) -> str:
        """This machine."""
        return f"computed when asked for, on {self._batch} images of {self._data.name}"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What :func:`open_training_free` takes, if the images are of a source that has a name."""
        return {**super().settings, "batch": self._batch}

    def _measure(
        self, arch: Architecture, wanted: frozenset[str]
    ) -> tuple[dict[str, float], Mapping[str, tuple[float, ...]]]:
        names = [name for name in SCORES if name in wanted]
        if not names:
            return {}, {}
        network, generator = self._build(arch, "score")
        state, found = generator.get_state(), {}
        for name in names:
            generator.set_state(state)  # so that it does not matter what else is asked for
            try:
                found[name] = SCORES[name].of(network, self._images, generator)
            except EvaluationError:  # an architecture that has none of the kind
                found[name] = np.nan
        return found, {}

    @cached_property
    def _images(self) -> Batch:
        """The batch, standardised as training images are."""
        rng = stream(self._seed, "score batch")
        rows = np.sort(rng.permutation(len(self._data.train))[: self._batch])
        drawn = self._data.train[rows]
        standardise = standardised(nn.Identity(), *self._data.moments)
        return Batch(standardise(drawn.images), drawn.labels)


def open_training_free(
    space: str = "nasbench201",
    data: str = "digits",
    size: int | None = None,
    network: Mapping[str, Any] | None = None,
    seed: int = 0,
    batch: int = 64,
    images: Sequence[int] | None = None,
) -> TrainingFree:
    """Makes the benchmark of plain values, as configurations hold them.

    Args:
        space: The name of the space.
        data: What :func:`agnet.benchmarks.training.open_images` takes,
        size: and the side that it brings images to.
        network: What differs from the skeleton that the space was published with.
        seed: Of weights and the batch.
        batch: How many images.
        images: How many there have to be to train on, to choose by and to test on.

    Raises:
        InvalidInput: If there are others, or a setting is unknown or cannot be used.
        MissingData: If there are no such images.
        TableError: If a file of them is damaged.
        StorageError: If one cannot be read.
    """
    opened = open_space(space)
    skeleton = read_skeleton(opened, network or {})
    return TrainingFree(opened, open_images(data, size, images), skeleton, seed, batch=batch)
