"""Small networks that share weights, on a task where depth and width pay, quick enough for seeds.

Residual MLPs of six blocks, each of them a skip or of 2, 8, 24 or 48 hidden units; each width of
each block has weights of its own. What is learnt are the classes that a random network of the same
kind, only deeper and wider, gives to random points.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.supernet.sharing import WeightSharing
from agnet.benchmarks.training import ImageData, LabelledImages
from agnet.spaces import Architecture, ChoiceSpace

__all__ = ["SPACE", "ResidualSharing", "alone", "taught"]

WIDTHS: Final = (0, 2, 8, 24, 48)
BLOCKS: Final = 6
SPACE: Final = ChoiceSpace.of(**{f"block{at}": WIDTHS for at in range(1, BLOCKS + 1)})
INPUTS, STREAM, CLASSES = 6, 16, 5
SIZES: Final = (10240, 4096, 8192)  # points to learn from, to choose by, to test on
TEACHER: Final = (6, 48)  # blocks and their width
ROUGH: Final = 1.5  # times that the blocks of the teacher add as much as those of other networks
SURE: Final = 8.0  # the deviation that its scores are made to have: the more, the less chance
UPDATES, BATCH, RATE = 700, 128, 0.004
ALONE: Final = 3  # trainings of a network on its own


@final
class ResidualSharing(WeightSharing):
    """All widths of all blocks."""

    def __init__(self, seed: int) -> None:
        """Draws the weights."""
        generator = torch.Generator().manual_seed(seed)
        self._net = _Weights([WIDTHS[1:]] * BLOCKS, (), generator)

    @property
    def space(self) -> ChoiceSpace:
        """A width for each block."""
        return SPACE

    @property
    def weights(self) -> nn.Module:
        """All of them."""
        return self._net

    def scores(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Runs one network; see :meth:`WeightSharing.scores`."""
        return self._net.run(_points(images), [choice - 1 for choice in arch.choices])

    def network(self, arch: Architecture, images: torch.Tensor) -> nn.Module:
        """The network itself: it has no norms to calibrate."""
        return _Bound(self, arch)

    def costs(
        self, archs: Sequence[Architecture], image: tuple[int, int, int]
    ) -> npt.NDArray[np.int64]:
        """Counts weights; there are as many multiply-adds, but for biases."""
        widths = np.array(WIDTHS)[SPACE.to_choices(archs)]
        products = 2 * STREAM * widths.sum(axis=1) + STREAM * (INPUTS + CLASSES)
        biases = widths.sum(axis=1) + STREAM * (widths > 0).sum(axis=1) + STREAM + CLASSES
        return np.stack([products + biases, products], axis=1)


@final
class _Bound(nn.Module):
    """A network, with the weights that it shares."""

    def __init__(self, sharing: ResidualSharing, arch: Architecture) -> None:
        super().__init__()
        self._sharing, self._arch = sharing, arch

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self._sharing.scores(images, self._arch)


@final
class _Weights(nn.Module):
    """Weights of blocks of several widths each; or of several networks at once, by ``lead``."""

    def __init__(
        self, widths: Sequence[Sequence[int]], lead: tuple[int, ...], generator: torch.Generator
    ) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, gain: float = 1.0) -> nn.ParameterList:
            weight = torch.randn(*lead, inputs, outputs, generator=generator)
            bias = torch.zeros(*lead, 1, outputs)
            return nn.ParameterList([gain * weight * inputs**-0.5, bias])

        self._stem, self._head = layer(INPUTS, STREAM), layer(STREAM, CLASSES)
        self._blocks = nn.ModuleList(
            nn.ModuleList(
                nn.ModuleList([layer(STREAM, width, 2**0.5), layer(width, STREAM, 0.5)])
                for width in each
            )
            for each in widths
        )

    def run(self, points: torch.Tensor, chosen: Sequence[int]) -> torch.Tensor:
        """Scores ``(..., B, classes)`` of points ``(..., B, inputs)``; -1 is no block."""
        weight, bias = self._stem
        stream = points @ weight + bias
        for block, at in zip(self._blocks, chosen, strict=True):
            if at >= 0:
                (first, low), (second, high) = block[at]  # type: ignore[index]
                stream = stream + torch.relu(stream @ first + low) @ second + high
        weight, bias = self._head
        scores: torch.Tensor = stream @ weight + bias
        return scores


@cache
def taught(seed: int = 0) -> ImageData:
    """The task: points as images of one row, and classes drawn as sure as the teacher is."""
    generator = torch.Generator().manual_seed(seed)
    depth, width = TEACHER
    teacher = _Weights([[width]] * depth, (), generator)
    images = torch.rand(sum(SIZES), 1, 1, INPUTS, generator=generator)
    with torch.no_grad():
        for block in teacher._blocks:
            block[0][1][0].mul_(ROUGH)  # type: ignore[index]
        scores = teacher.run(_points(images), [0] * depth)
        sure = SURE * (scores - scores.mean(dim=0)) / scores.std(dim=0)
        labels = torch.multinomial(F.softmax(sure, dim=1), 1, generator=generator)[:, 0]
    ends = np.cumsum((0, *SIZES)).tolist()
    train, validation, test = (
        LabelledImages(images[start:end], labels[start:end])
        for start, end in zip(ends, ends[1:], strict=False)
    )
    return ImageData("taught", train, validation, test, CLASSES)


@cache
def alone(arch: Architecture) -> float:
    """The cross-entropy of a network trained from nothing on test points, a mean of trainings."""
    data, generator = taught(), torch.Generator().manual_seed(0)
    widths = [[width] for width in (WIDTHS[choice] for choice in arch.choices) if width]
    nets, rows = _Weights(widths, (ALONE,), generator), len(data.train)
    optimizer = torch.optim.Adam(nets.parameters(), lr=RATE)
    every = [0] * len(widths)
    for update in range(UPDATES):
        optimizer.param_groups[0]["lr"] = RATE * (1 + np.cos(np.pi * update / UPDATES)) / 2
        own = torch.randint(rows, (ALONE, BATCH), generator=generator)
        scores = nets.run(_points(data.train.images[own]), every)
        # Each learns as on its own: the gradients of a sum are theirs.
        loss = ALONE * F.cross_entropy(scores.flatten(0, 1), data.train.labels[own].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    with torch.no_grad():
        scores = nets.run(_points(data.test.images), every)
        labels = data.test.labels.repeat(ALONE)
        return round(float(F.cross_entropy(scores.flatten(0, 1), labels)), 4)


def _points(images: torch.Tensor) -> torch.Tensor:
    """Numbers ``(..., inputs)`` of deviation 1 around 0, of images ``(..., 1, 1, inputs)``."""
    return (images[..., 0, 0, :] - 0.5) * 12**0.5
