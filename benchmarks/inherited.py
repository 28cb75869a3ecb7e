"""A benchmark of networks with the weights that a super-network lends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.networks import COSTS, host_latency_ms
from agnet.benchmarks.of_networks import NetworkBenchmark
from agnet.benchmarks.supernet import ElasticSharing, WeightSharing, check_images, load_supernet
from agnet.benchmarks.training import Execution, ImageData, accuracy, open_images
from agnet.errors import InvalidInput
from agnet.objectives import Metric
from agnet.spaces import Architecture

__all__ = ["METRICS", "Inherited", "open_inherited"]

METRICS: Final = (
    Metric("val_accuracy", "%", "maximize", description="validation, with shared weights"),
    Metric("host_latency_ms", "ms", "minimize", description="this CPU, one image"),
    *COSTS,
    Metric("test_accuracy", "%", "maximize", held_out=True, description="with shared weights"),
)
CALIBRATION: Final = 1000


@final
class Inherited(NetworkBenchmark):
    """Networks of a super-network, not trained on their own.

    The norms of each network are calibrated on training images before it is evaluated. As long as
    the shared weights stay as they are, an answer does too.
    """

    def __init__(
        self,
        sharing: WeightSharing,
        data: ImageData,
        *,
        calibration: int = CALIBRATION,
        execution: Execution | None = None,
        weights: str = "",
    ) -> None:
        """Takes what lends weights, and what networks are judged on.

        Args:
            sharing: The super-network, trained.
            data: Some of its training images calibrate, its validation images judge.
            calibration: How many calibrate.
            execution: Where to compute; by default in one thread.
            weights: The file that the super-network came from, if it did.

        Raises:
            InvalidInput: If there are fewer than two images to calibrate on.
        """
        super().__init__(sharing.space, data, None, 0)
        if calibration < 2:
            raise InvalidInput(f"got calibration = {calibration}; expected at least 2 images")
        self._sharing, self._calibration = sharing, calibration
        self._execution, self._weights = execution or Execution(), weights

    @property
    def name(self) -> str:
        """``inherited``."""
        return "inherited"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Accuracies and latency are measured, costs are computed."""
        return METRICS

    @property
    def source(self) -> str:
        """The super-network."""
        where = f" of {self._weights}" if self._weights else ""
        return f"weights shared in a super-network{where}, on {self._data.name}"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What :func:`open_inherited` takes, if the super-network came from a file."""
        opened = super().settings
        return {
            "name": self.name,
            "weights": self._weights,
            **{name: opened[name] for name in ("data", "size", "images")},
            "calibration": self._calibration,
            "execution": asdict(self._execution),
        }

    def costs(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Counts parameters and multiply-adds of ``B`` networks, ``(B, 2)``.

        Raises:
            InvalidInput: If an architecture is of another space.
        """
        return self._sharing.costs(archs, self._data.image_shape)

    def _measure(
        self, arch: Architecture, wanted: frozenset[str]
    ) -> tuple[dict[str, float], Mapping[str, tuple[float, ...]]]:
        data = self._data
        network = self._sharing.network(arch, data.to_calibrate(self._calibration))
        found = {}
        if "host_latency_ms" in wanted:
            threads = self._execution.threads
            found["host_latency_ms"] = host_latency_ms(network, data.image_shape, threads=threads)
        network = self._execution.placed(network)
        for name, part in (("val_accuracy", "validation"), ("test_accuracy", "test")):
            if name in wanted:
                found[name] = accuracy(network, getattr(data, part), self._execution)
        return found, {}


def open_inherited(
    weights: str,
    data: str = "digits",
    size: int | None = None,
    images: Sequence[int] | None = None,
    calibration: int = CALIBRATION,
    execution: Mapping[str, Any] | None = None,
) -> Inherited:
    """Makes the benchmark of plain values, as configurations hold them.

    Args:
        weights: The file of a super-network, see :func:`agnet.benchmarks.supernet.save_supernet`.
        data: What :func:`agnet.benchmarks.training.open_images` takes,
        size: and the side that it brings images to.
        images: How many there have to be to train on, to choose by and to test on.
        calibration: How many training images calibrate the norms of a network.
        execution: Settings of :class:`Execution`; by default ``channels_last``, in which such
            networks are faster.

    Raises:
        InvalidInput: If the images do not fit the super-network, or a setting cannot be used.
        MissingData: If there are no such images.
        CheckpointError: If the file holds no super-network.
        TableError: If a file of images is damaged.
        StorageError: If one cannot be read.
    """
    net, opened = load_supernet(Path(weights)), open_images(data, size, images)
    check_images(net.config, opened)
    return Inherited(
        ElasticSharing(net),
        opened,
        calibration=calibration,
        execution=Execution.from_table({"channels_last": True} | dict(execution or {})),
        weights=weights,
    )
