"""All scores by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, final

import torch
from torch import nn

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.gradients import grad_norm, snip, synflow
from agnet.benchmarks.scores.kernel import ntk_condition
from agnet.benchmarks.scores.separation import jacov, linear_regions, naswot
from agnet.benchmarks.scores.zen import zen
from agnet.objectives import Direction, Metric

__all__ = ["SCORES", "Score"]

Function: TypeAlias = Callable[[nn.Module, Batch, torch.Generator], float]


@final
@dataclass(frozen=True)
class Score:
    """One score.

    Attributes:
        metric: Its name, and which way is better.
        of: Computes it of a network, which it leaves alone.
    """

    metric: Metric
    of: Function


def _scores(*rows: tuple[Function, Direction, str]) -> Mapping[str, Score]:
    return MappingProxyType(
        {
            function.__name__: Score(
                Metric(function.__name__, "", direction, description=description), function
            )
            for function, direction, description in rows
        }
    )


SCORES: Final = _scores(
    (naswot, "maximize", "how differently images switch rectifiers"),
    (synflow, "maximize", "flow through the absolute weights, as a logarithm"),
    (zen, "maximize", "how far features move with the input, as a logarithm"),
    (snip, "maximize", "how much the loss depends on weights being there"),
    (grad_norm, "maximize", "length of the loss's gradients"),
    (jacov, "maximize", "how little the gradients at images correlate"),
    (ntk_condition, "minimize", "condition of the neural tangent kernel"),
    (linear_regions, "maximize", "linear pieces that the images lie in"),
)
"""Scores by name; most are of little meaning but for comparing architectures of one space."""
