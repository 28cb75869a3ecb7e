"""What is known of a DARTS genotype before any training: two scores, and what its network costs.

The scores are those of TE-NAS (Chen, Gong and Wang, "Neural Architecture Search on ImageNet in Four
GPU Hours", ICLR 2021), of thin networks: how well a network can be trained, by the condition of its
tangent kernel on small images, and how much it can express, by the linear regions that random
inputs lie in. Costs are of the network that is to be trained in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.benchmarks import Benchmark, TrainingFree, find_metric
from agnet.benchmarks.networks import COSTS, DARTSSkeleton, host_latency_ms
from agnet.benchmarks.training import ImageData, LabelledImages
from agnet.objectives import Metric, Objective
from agnet.seeds import stream
from agnet.spaces import DARTS, Architecture

__all__ = ["CONDITION", "REGIONS", "Deployed", "Scores"]

CONDITION, REGIONS = "ntk_log_condition", "linear_regions"
METRICS: Final = (
    Metric(CONDITION, "", "minimize", description="logarithm of the tangent kernel's condition"),
    Metric(REGIONS, "", "maximize", description="linear pieces that random inputs lie in"),
    Metric("host_latency_ms", "ms", "minimize", description="this CPU, one image, full size"),
    *COSTS,
)
KERNEL: Final = DARTSSkeleton(channels=4, layers=3)
KERNEL_IMAGES: Final = 16
# As thin as can be, and of inputs of as few numbers: of larger ones, each has a region of its own.
PIECES: Final = DARTSSkeleton(channels=1, layers=3)
PIECES_SHAPE: Final = (1, 2, 2)
PIECES_INPUTS: Final = 3_000


@final
@dataclass(frozen=True)
class Deployed:
    """The network that is to be trained in the end; by default that of ImageNet.

    Attributes:
        channels: Of each node before the first reduction cell.
        layers: Cells.
        side: Of its images.
        num_classes: Its outputs.
    """

    channels: int = 48
    layers: int = 14
    side: int = 224
    num_classes: int = 1000

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (3, self.side, self.side)

    @property
    def skeleton(self) -> DARTSSkeleton:
        """How genotypes become networks; the second classifier is for training alone."""
        return DARTSSkeleton(self.channels, self.layers, "imagenet")

    def costs(self, archs: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """Counts parameters and multiply-adds of ``B`` networks, ``(B, 2)``."""
        return self.skeleton.costs(archs, self.image, self.num_classes)

    def latency(self, arch: Architecture) -> float:
        """Measures milliseconds of one image on this CPU, in one thread."""
        generator = torch.Generator().manual_seed(0)
        network = self.skeleton.build(arch, self.image, self.num_classes, generator)
        return host_latency_ms(network, self.image)


@final
class Scores(Benchmark):
    """Genotypes, scored several times with other weights; scores are means."""

    def __init__(
        self, data: ImageData, deployed: Deployed | None = None, repeats: int = 3, seed: int = 0
    ) -> None:
        """Takes what to score on.

        Args:
            data: Small images, of which the kernel is.
            deployed: Whose costs are counted; by default those of ImageNet.
            repeats: How many weights are drawn of a genotype.
            seed: Other seeds are other weights and inputs.

        Raises:
            InvalidInput: If there are fewer images than the kernel is of.
        """
        self._data, self._repeats, self._seed = data, repeats, seed
        self._deployed = deployed or Deployed()
        seeds = range(seed * repeats, (seed + 1) * repeats)
        self._kernels = [
            TrainingFree(DARTS(), data, KERNEL, one, batch=KERNEL_IMAGES) for one in seeds
        ]
        noise = _noise(seed)
        self._pieces = [
            TrainingFree(DARTS(), noise, PIECES, one, batch=PIECES_INPUTS) for one in seeds
        ]

    @property
    def name(self) -> str:
        """``imagenet_scores``."""
        return "imagenet_scores"

    @property
    def dataset(self) -> str:
        """The name of the images."""
        return self._data.name

    @property
    def space(self) -> DARTS:
        """All genotypes."""
        return DARTS()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Two scores, a measured latency, and what can be counted."""
        return METRICS

    @property
    def instant(self) -> bool:
        """It is not."""
        return False

    @property
    def default_objective(self) -> Objective:
        """How well it can be trained."""
        return Objective(CONDITION, "minimize")

    @property
    def source(self) -> str:
        """This machine."""
        return f"computed when asked for, on {KERNEL_IMAGES} images of {self.dataset}"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What tells it from another; it is opened by ``experiments.imagenet.search`` alone."""
        return {
            "name": self.name,
            "data": self.dataset,
            "digest": self._data.digest[:16],
            "network": self._deployed.skeleton.settings,
            "image": list(self._deployed.image),
            "num_classes": self._deployed.num_classes,
            "repeats": self._repeats,
            "seed": self._seed,
        }

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Scores ``B`` genotypes; costs are counted at once."""
        for name in metrics:
            find_metric(self, name)
        batch, columns = self.space.batch(archs), dict[str, Any]()
        if {metric.name for metric in COSTS} & set(metrics):
            counted = self._deployed.costs(batch).T / 1e6
            columns |= zip([metric.name for metric in COSTS], counted, strict=True)
        if CONDITION in metrics:
            found = [one.query(batch, ["ntk_condition"])[:, 0] for one in self._kernels]
            columns[CONDITION] = np.mean(np.log(found), axis=0)
        if REGIONS in metrics:
            found = [one.query(batch, ["linear_regions"])[:, 0] for one in self._pieces]
            columns[REGIONS] = np.mean(found, axis=0)
        if "host_latency_ms" in metrics:
            columns["host_latency_ms"] = [self._deployed.latency(arch) for arch in batch]
        values = np.array([columns[name] for name in metrics], dtype=np.float64)
        return np.asarray(values.reshape(len(metrics), len(batch)).T)


def _noise(seed: int) -> ImageData:
    """Images of evenly spread random numbers, all of one class."""
    rng = stream(seed, "regions")
    pixels = rng.random((PIECES_INPUTS, *PIECES_SHAPE), dtype=np.float32)
    every = LabelledImages.of(pixels, np.zeros(PIECES_INPUTS, dtype=np.int64))
    return ImageData("noise", every, every, every, 2)
