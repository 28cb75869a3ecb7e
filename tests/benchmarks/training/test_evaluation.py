from __future__ import annotations

import pytest
import torch
from torch import nn

from agnet.benchmarks.training import Execution, accuracies

SCORES = torch.tensor(
    [
        [0.9, 0.5, 0.1, 0.3],
        [0.9, 0.5, 0.1, 0.3],
        [0.9, 0.5, 0.1, 0.3],
        [0.2, 0.2, 0.2, 0.2],
        [0.2, 0.2, 0.2, 0.2],
    ]
)
LABELS = torch.tensor([0, 1, 2, 0, 3])


class Echo(nn.Module):
    """Takes the first column of pixels for scores."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, :, 0]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_accuracies_by_hand(size: int) -> None:
    """Classes 0, 1 and 2 are the first, second and last; of equal scores the first class counts."""
    images = SCORES[:, None, :, None]
    rows = [slice(start, start + size) for start in range(0, len(LABELS), size)]
    batches = [(images[own], LABELS[own]) for own in rows]
    found = accuracies(Echo(), batches, Execution(), (1, 2, 3, 4, 9))
    assert found == [40.0, 60.0, 60.0, 100.0, 100.0]


def test_scores_that_are_no_numbers_count_as_the_highest() -> None:
    scores = torch.tensor([[0.5, torch.nan, 0.9]])
    batches = [(scores[:, None, :, None], torch.tensor([label])) for label in (1, 2)]
    assert [accuracies(Echo(), [batch], Execution())[0] for batch in batches] == [100.0, 0.0]
    assert int(scores.argmax()) == 1
