"""The condition of the neural tangent kernel."""

from __future__ import annotations

import torch
from torch import nn

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.hooks import copied
from agnet.errors import EvaluationError

__all__ = ["ntk_condition"]

IMAGES = 16  # at most: each is a pass through the whole network
SINGULAR = 1e-14  # of the largest eigenvalue: less is rounding


def ntk_condition(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """The largest eigenvalue of the kernel of a batch by the smallest; small is good.

    The kernel is of the gradients of each image's summed outputs in all weights. Jacot, Gabriel and
    Hongler, NeurIPS 2018; as a score by Chen, Gong and Wang (TE-NAS), ICLR 2021.

    Args:
        network: Maps images to a number a class.
        batch: Images, of which the first 16 are taken; their classes are not looked at.
        generator: Is not drawn from.

    Raises:
        EvaluationError: If the kernel is singular.
    """
    made = copied(network)
    outputs = made(batch.images[:IMAGES]).sum(dim=1)
    parameters = list(made.parameters())
    rows = [
        torch.autograd.grad(output, parameters, retain_graph=True, allow_unused=True)
        for output in outputs
    ]
    # One weight at a time: all gradients side by side would be many times the network.
    kernel = torch.zeros(len(outputs), len(outputs), dtype=torch.float64)
    for parts in zip(*rows, strict=True):
        if parts[0] is not None:
            gradients = torch.stack([part.flatten() for part in parts]).double()
            kernel += gradients @ gradients.mT
    values = torch.linalg.eigvalsh(kernel)
    if not values[0] > SINGULAR * values[-1]:
        raise EvaluationError("the tangent kernel of the images is singular")
    return float(values[-1] / values[0])
