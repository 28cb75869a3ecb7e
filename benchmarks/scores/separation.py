"""Scores of how a network tells images apart before it has learnt anything."""

from __future__ import annotations

import torch
from torch import nn

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.hooks import copied, patterns
from agnet.errors import EvaluationError

__all__ = ["jacov", "linear_regions", "naswot"]

SMALL = 1e-5  # is added to eigenvalues


def naswot(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """The log-determinant of how many rectifiers two images have in the same state.

    Mellor, Turner, Storkey and Crowley, "Neural Architecture Search without Training", ICML 2021.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images; their classes are not looked at.
        generator: Is not drawn from.

    Raises:
        EvaluationError: If the network has no rectifiers, or cannot tell two of the images apart.
    """
    kernel = torch.zeros(len(batch), len(batch), dtype=torch.float64)
    for states in _states(network, batch):
        on, off = states.double(), 1.0 - states.double()
        kernel += on @ on.mT + off @ off.mT
    sign, value = torch.linalg.slogdet(kernel)
    if not (sign > 0 and value.isfinite()):
        raise EvaluationError("two of the images have all rectifiers in the same state")
    return float(value)


def linear_regions(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """How many linear pieces of the network the images lie in.

    Chen, Gong and Wang, "Neural Architecture Search on ImageNet in Four GPU Hours" (TE-NAS), ICLR
    2021.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images, so that there are at most as many; classes are not looked at.
        generator: Is not drawn from.

    Raises:
        EvaluationError: If the network has no rectifiers.
    """
    return float(len(torch.unique(torch.cat(_states(network, batch), dim=1), dim=0)))


def jacov(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """How little the gradients at two images correlate, by the eigenvalues of the correlations.

    Mellor et al., "Neural Architecture Search without Training", arXiv 2006.04647v1.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images; their classes are not looked at.
        generator: Is not drawn from.

    Raises:
        EvaluationError: If the output does not depend on one of the images.
    """
    given = batch.images.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(copied(network)(given).sum(), given)
    rows = gradients.flatten(1).double()
    if not (rows.std(dim=1) > 0).all():
        raise EvaluationError("the output does not depend on one of the images")
    values = torch.linalg.eigvalsh(torch.corrcoef(rows)).clamp(min=0.0) + SMALL
    return float(-(values.log() + 1.0 / values).sum())


@torch.no_grad()
def _states(network: nn.Module, batch: Batch) -> list[torch.Tensor]:
    made = copied(network)
    with patterns(made) as found:
        made(batch.images)
    if not found:
        raise EvaluationError("the network has no rectifiers (torch.nn.ReLU) to look at")
    return found
