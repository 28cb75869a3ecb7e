"""Scores of the gradients of the weights, after one batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.hooks import copied, weights, without_normalisation

__all__ = ["grad_norm", "snip", "synflow"]


def grad_norm(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """The lengths of the gradients of the loss, one a layer, summed.

    Abdelfattah, Mehrotra, Dudziak and Lane, "Zero-Cost Proxies for Lightweight NAS", ICLR 2021.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images.
        generator: Is not drawn from.
    """
    made = copied(network)
    loss = F.cross_entropy(made(batch.images), batch.labels)
    return float(sum(gradient.norm() for gradient in _gradients(loss, weights(made))))


def snip(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """How much the loss depends on each weight's being there: sum of ``|w dL/dw|``.

    Lee, Ajanthan and Torr, "SNIP: Single-shot Network Pruning based on Connection Sensitivity",
    ICLR 2019; summed over weights as by Abdelfattah et al., ICLR 2021.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images.
        generator: Is not drawn from.
    """
    made = copied(network)
    own = weights(made)
    loss = F.cross_entropy(made(batch.images), batch.labels)
    return float(_sensitivity(own, _gradients(loss, own)))


def synflow(network: nn.Module, batch: Batch, generator: torch.Generator) -> float:
    """The flow of an image of ones through the absolute weights: ``log(1 + sum |w dR/dw|)``.

    ``R`` is the sum of the outputs, without normalisations. Needs neither images nor labels: of the
    images it takes the shape.

    Tanaka, Kunin, Yamins and Ganguli, "Pruning neural networks without any data by iteratively
    conserving synaptic flow", NeurIPS 2020; summed as by Abdelfattah et al., ICLR 2021.

    Args:
        network: Maps images to a number a class.
        batch: ``B`` images; their classes are not looked at.
        generator: Is not drawn from.
    """
    made = copied(network, torch.float64).eval()  # one image is too few for normalisations
    with torch.no_grad():
        for weight in made.parameters():
            weight.abs_()
    own = weights(made)
    with without_normalisation(made):
        flow = made(torch.ones(1, *batch.images.shape[1:], dtype=torch.float64)).sum()
    return float(torch.log1p(_sensitivity(own, _gradients(flow, own))))


def _gradients(value: torch.Tensor, own: list[torch.Tensor]) -> list[torch.Tensor]:
    """Of weights that the value does not depend on the gradient is 0."""
    found = torch.autograd.grad(value, own, allow_unused=True)
    return [
        torch.zeros_like(weight) if gradient is None else gradient
        for weight, gradient in zip(own, found, strict=True)
    ]


def _sensitivity(own: list[torch.Tensor], gradients: list[torch.Tensor]) -> torch.Tensor:
    parts = [
        (weight.detach() * gradient).abs().sum()
        for weight, gradient in zip(own, gradients, strict=True)
    ]
    return torch.stack(parts).sum()
