"""What networks of a super-network learn from: labels at their exits, and one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal, TypeAlias, final

import torch
import torch.nn.functional as F

from agnet.errors import InvalidInput

__all__ = ["ExitWeights", "Teaching", "exit_weights", "joint_loss", "soft_labels"]

ExitWeights: TypeAlias = Literal["asc", "desc", "mix", "unif"]
PATTERNS: Final[dict[str, tuple[int, int]]] = {
    "asc": (1, 1),
    "desc": (-1, -1),
    "mix": (-1, 1),
    "unif": (0, 0),
}
"""Whether the weights of losses and of outputs grow with depth, 1, or shrink, -1."""


@final
@dataclass(frozen=True)
class Teaching:
    """How labels and teachers count.

    Attributes:
        exits: The pattern of the exits' weights, in the loss of a network that is trained at all of
            its exits and in what they say together: growing with depth (``asc``), shrinking
            (``desc``), losses shrinking and outputs growing (``mix``), or equal (``unif``).
        distillation: The weight of a frozen teacher's soft labels beside that of the labels.
        calibration: On how many training images the norms of a network that is evaluated are
            calibrated.
    """

    exits: ExitWeights = "asc"
    distillation: float = 1.0
    calibration: int = 1000

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is out of range.
        """
        if self.exits not in PATTERNS:
            raise InvalidInput(f"got exits = {self.exits!r}; expected one of {', '.join(PATTERNS)}")
        if not (isfinite(self.distillation) and self.distillation >= 0) or self.calibration < 2:
            raise InvalidInput(
                f"got distillation = {self.distillation} and calibration = {self.calibration}; "
                "expected a number from 0, and at least two images"
            )


def exit_weights(pattern: ExitWeights, count: int) -> tuple[list[float], list[float]]:
    """Returns the weights of the losses and of the outputs of exits, each of sum 1.

    From 1 to the number of exits, rising or falling, divided by their sum (Sarti, Lomurno, Falanti
    and Matteucci, "Anticipate, Ensemble and Prune", arXiv 2301.12168).
    """
    made = []
    for direction in PATTERNS[pattern]:
        ranks = [1] * count if direction == 0 else list(range(1, count + 1))[::direction]
        made.append([rank / sum(ranks) for rank in ranks])
    return made[0], made[1]


def joint_loss(
    scores: Sequence[torch.Tensor], labels: torch.Tensor, pattern: ExitWeights, smoothing: float
) -> torch.Tensor:
    """Returns the weighted loss of all exits, of their ``(B, classes)`` and labels ``(B,)``."""
    weights, _ = exit_weights(pattern, len(scores))
    losses = [F.cross_entropy(one, labels, label_smoothing=smoothing) for one in scores]
    return sum(
        (weight * loss for weight, loss in zip(weights, losses, strict=True)),
        start=torch.zeros((), device=labels.device),
    )


def soft_labels(scores: Sequence[torch.Tensor], pattern: ExitWeights) -> torch.Tensor:
    """Returns the probabilities ``(B, classes)`` that exits give together, to be learnt from.

    They are those of the weighted sum of what the exits say before it is a probability.
    """
    _, weights = exit_weights(pattern, len(scores))
    total = torch.zeros_like(scores[0])
    for weight, one in zip(weights, scores, strict=True):
        total = total + weight * one.detach()
    return total.softmax(dim=1)
