"""How often a network is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from agnet.benchmarks.training.batches import EVALUATED, Batch
from agnet.benchmarks.training.data import LabelledImages
from agnet.benchmarks.training.execution import Execution
from agnet.benchmarks.training.parallel import Group

__all__ = ["accuracies", "accuracy"]


def accuracy(model: nn.Module, data: LabelledImages, execution: Execution | None = None) -> float:
    """Returns the percentage of images whose class has the highest number."""
    rows = [slice(start, start + EVALUATED) for start in range(0, len(data), EVALUATED)]
    batches = ((data.images[own], data.labels[own]) for own in rows)
    return 100.0 * int(_right(model, batches, execution or Execution(), (1,))[0]) / len(data)


def accuracies(
    model: nn.Module, batches: Iterable[Batch], execution: Execution, top: Sequence[int] = (1,)
) -> list[float]:
    """Returns the percentages of images whose class is among the ``k`` highest numbers.

    Where several processes have joined a group, each is to call this with its own images: the
    network is that of the first of them, and what is returned is of all images together.

    Args:
        model: Maps images ``(B, C, H, W)`` to a number a class; of equal numbers, that of the first
            class is the higher.
        batches: What it is to judge.
        execution: Where to compute.
        top: Each ``k``.
    """
    group = Group.here()
    group.align(model)
    *right, every = group.total(_right(model, batches, execution, top)).tolist()
    return [100.0 * count / every for count in right]


@torch.no_grad()
def _right(
    model: nn.Module, batches: Iterable[Batch], how: Execution, top: Sequence[int]
) -> torch.Tensor:
    """How many images are judged right for each ``k``, and how many there are."""
    model.eval()
    found = torch.zeros(len(top) + 1, dtype=torch.int64, device=how.device)
    for images, labels in batches:
        ranked = how.run(model, images).argsort(dim=1, descending=True, stable=True)
        hits = ranked == labels.to(how.device)[:, None]
        found[:-1] += torch.stack([hits[:, :k].sum() for k in top])
        found[-1] += len(labels)
    return found
