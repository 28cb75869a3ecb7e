"""Networks of residual MLPs against what they are made of."""

from __future__ import annotations

import pytest
import torch

from agnet.spaces import Architecture
from experiments.residual_mlp import SPACE, WIDTHS, ResidualSharing, _Weights, taught


@pytest.mark.parametrize("row", [(0,) * 6, (4,) * 6, (0, 1, 2, 3, 4, 0)])
def test_residual_networks_cost_what_they_are_made_of(row: tuple[int, ...]) -> None:
    widths = [[WIDTHS[choice]] for choice in row if choice]
    made = _Weights(widths, (), torch.Generator().manual_seed(0))
    (params, _), *_ = ResidualSharing(0).costs([Architecture(SPACE, row)], (1, 1, 6))
    assert params == sum(weight.numel() for weight in made.parameters())


def test_blocks_that_are_skipped_say_nothing() -> None:
    sharing, images = ResidualSharing(0), taught().test.images[:4]
    empty, first = Architecture(SPACE, (0,) * 6), Architecture(SPACE, (3, 0, 0, 0, 0, 0))
    with torch.no_grad():
        before = sharing.scores(images, empty)
        for block in list(sharing.weights.named_parameters()):
            if block[0].startswith("_blocks.0.2."):
                block[1].zero_()
        torch.testing.assert_close(sharing.scores(images, first), before)
