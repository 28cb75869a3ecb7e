from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from agnet.benchmarks.supernet import Teaching
from agnet.benchmarks.supernet.teaching import exit_weights, joint_loss, soft_labels
from agnet.errors import InvalidInput


def test_weights_of_exits() -> None:
    rising = [1 / 15, 2 / 15, 3 / 15, 4 / 15, 5 / 15]
    assert exit_weights("asc", 5) == (rising, rising)
    assert exit_weights("desc", 5) == (rising[::-1], rising[::-1])
    assert exit_weights("mix", 5) == (rising[::-1], rising)
    assert exit_weights("unif", 4) == ([0.25] * 4, [0.25] * 4)
    assert exit_weights("desc", 1) == ([1.0], [1.0])


def test_losses_and_soft_labels_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = [torch.randn(3, 4, generator=generator).requires_grad_() for _ in range(2)]
    labels = torch.tensor([0, 2, 3])
    first, second = (F.cross_entropy(one, labels, label_smoothing=0.1) for one in scores)
    assert torch.allclose(joint_loss(scores, labels, "mix", 0.1), 2 * first / 3 + second / 3)
    soft = soft_labels(scores, "mix")
    assert torch.allclose(soft, (scores[0] / 3 + 2 * scores[1] / 3).softmax(dim=1))
    assert not soft.requires_grad


@pytest.mark.parametrize(
    "wrong",
    [{"exits": "up"}, {"distillation": -1.0}, {"distillation": float("nan")}]
    + [{"calibration": 1}],
)
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        Teaching(**wrong)
