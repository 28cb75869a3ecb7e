"""What benchmarks share that build a network of each architecture, for images of one's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.benchmarks.base import Benchmark, Observation, find_metric
from agnet.benchmarks.networks import COSTS, NetworkCost, Skeleton, skeleton_of
from agnet.benchmarks.streams import architecture_generator
from agnet.benchmarks.training import ImageData, within_memory
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, SearchSpace

__all__ = ["NetworkBenchmark"]

SMALLER: Final = "use a smaller network"
COUNTED_NAMES: Final = tuple(metric.name for metric in COSTS)
COUNTED: Final = frozenset(COUNTED_NAMES)


class NetworkBenchmark(Benchmark):
    """Builds networks, of which parameters and multiply-adds are counted.

    Each architecture has random numbers of its own, so that neither the order of queries nor the
    number of workers changes an answer.
    """

    def __init__(
        self, space: SearchSpace, data: ImageData, skeleton: Skeleton | None, seed: int
    ) -> None:
        """Takes what networks are of, and for.

        Args:
            space: The architectures that can be asked for.
            data: The images.
            skeleton: How architectures become networks; by default as the space was published.
            seed: Other seeds are other weights.

        Raises:
            InvalidInput: If the seed is negative, or no networks of the space can be built.
        """
        if seed < 0:
            raise InvalidInput(f"got seed {seed}; expected at least 0")
        self._space, self._data, self._seed = space, data, seed
        self._skeleton = skeleton or skeleton_of(space)

    @property
    def dataset(self) -> str:
        """The name of the data."""
        return self._data.name

    @property
    def space(self) -> SearchSpace:
        """What was given."""
        return self._space

    @property
    def instant(self) -> bool:
        """It is not."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """What opens it by its name again, if the images are of a source that has a name."""
        data = self._data
        return {
            "name": self.name,
            "space": self._space.name,
            "data": data.source or data.name,
            "size": data.size,
            "images": [len(part) for part in (data.train, data.validation, data.test)],
            "network": self._skeleton.settings,
            "seed": self._seed,
        }

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Measures ``K`` metrics of ``B`` architectures one by one; costs are counted at once.

        Raises:
            InvalidInput: If a metric is unknown or an architecture is of another space.
            TrainingDiverged: If one is trained and its loss is no longer finite.
        """
        for name in metrics:
            find_metric(self, name)
        batch, columns = self._space.batch(archs), dict[str, Any]()
        if COUNTED & set(metrics):
            columns |= zip(COUNTED_NAMES, self.costs(batch).T / 1e6, strict=True)
        if set(metrics) - COUNTED:
            rows = [self._measure(arch, frozenset(metrics))[0] for arch in batch]
            columns |= {name: [row[name] for row in rows] for name in set(metrics) - COUNTED}
        found = np.array([columns[name] for name in metrics], dtype=np.float64)
        return np.asarray(found.reshape(len(metrics), len(batch)).T)

    def observe(self, arch: Architecture, metrics: Sequence[str]) -> Observation:
        """Measures ``K`` metrics of one architecture, and says how it went where it is trained.

        Raises:
            InvalidInput: As :meth:`query`, and
            TrainingDiverged: as that too.
        """
        for name in metrics:
            find_metric(self, name)
        (one,) = self._space.batch([arch])
        found, curves = self._measure(one, frozenset(metrics))
        if COUNTED & set(metrics):
            found |= self.cost(one).metrics
        return Observation(tuple(found[name] for name in metrics), curves)

    def costs(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Counts parameters and multiply-adds of ``B`` networks, ``(B, 2)``.

        Raises:
            InvalidInput: If no network can be built of an architecture.
            OutOfMemory: If a network does not fit.
        """
        with within_memory("building networks", SMALLER):
            return self._skeleton.costs(archs, self._data.image_shape, self._data.num_classes)

    def cost(self, arch: Architecture) -> NetworkCost:
        """Counts parameters and multiply-adds of the network of one architecture.

        Raises:
            InvalidInput: If no network can be built of it.
            OutOfMemory: If the network does not fit.
        """
        with within_memory(f"building {arch}", SMALLER):
            return self._skeleton.cost(arch, self._data.image_shape, self._data.num_classes)

    @abstractmethod
    def _measure(
        self, arch: Architecture, wanted: frozenset[str]
    ) -> tuple[dict[str, float], Mapping[str, tuple[float, ...]]]:
        """Returns those of the metrics, costs apart, that are wanted, and curves of a training."""

    def _build(self, arch: Architecture, purpose: str) -> tuple[nn.Module, torch.Generator]:
        """Builds the network of an architecture, and returns the generator of its weights."""
        generator = architecture_generator(self._seed, purpose, self._space, arch)
        shape, classes = self._data.image_shape, self._data.num_classes
        with within_memory(f"building {arch}", SMALLER):
            return self._skeleton.build(arch, shape, classes, generator), generator
