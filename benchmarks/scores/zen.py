"""Zen-NAS: how much a network changes where its input does, with normalisations made up for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from torch import nn

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.hooks import NORMALISATIONS, copied, hooked
from agnet.errors import EvaluationError

__all__ = ["HasFeatures", "zen"]


@runtime_checkable
class HasFeatures(Protocol):
    """A network that shows what its classifier would pool and judge."""

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Maps ``(B, C, H, W)`` to as many maps, of any shape."""


Features: TypeAlias = Callable[[torch.Tensor], torch.Tensor]

REPEATS = 8
IMAGES = 16  # at most
STEP = 1e-2  # of the input, in deviations of what it is made of


@torch.no_grad()
def zen(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """The logarithm of how far features move, and of what each normalisation divides by, summed.

    Weights and inputs are Gaussian. Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance
    Image Recognition", ICCV 2021, equations 4 and 5.

    Args:
        network: Has a method ``features``, of images ``(B, C, H, W)``.
        batch: Of its images it takes the shape.
        generator: Draws weights and inputs.

    Raises:
        EvaluationError: If the features do not depend on the input.
    """
    made = copied(network)
    if not isinstance(made, HasFeatures):
        raise EvaluationError("the network has no method 'features', which the score is of")
    shape = batch.images[:IMAGES].shape
    found = [_once(made, made.features, shape, generator) for _ in range(REPEATS)]
    value = float(torch.stack(found).mean())
    if value == -torch.inf or value != value:
        raise EvaluationError("the features do not depend on the input")
    return value


def _once(
    made: nn.Module, features: Features, shape: torch.Size, generator: torch.Generator
) -> torch.Tensor:
    for module in made.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.normal_(generator=generator)
    first, other = (torch.randn(shape, generator=generator) for _ in range(2))
    divided: list[torch.Tensor] = []

    def note(_: nn.Module, given: tuple[torch.Tensor, ...], __: torch.Tensor) -> None:
        divided.append(given[0].var(dim=(0, 2, 3), correction=0).mean().sqrt().log())

    with hooked(made, NORMALISATIONS, note):
        before = features(first)
    after = features(first + STEP * other)
    moved = (before - after).abs().sum(dim=(1, 2, 3)).mean().log()
    return torch.stack([moved, *divided]).sum()
