"""The moments of what the normalisations of a plain network are given, pooled over batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

import torch
from torch import nn

from agnet.benchmarks.supernet.normalising import Moments
from agnet.errors import InvalidInput

__all__ = ["AT_A_TIME", "norms_of", "pooled_moments", "take_moments"]

AT_A_TIME: Final = 100


def norms_of(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Returns the normalisations of a plain network, in their order."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def pooled_moments(network: nn.Module, images: torch.Tensor, batch: int = AT_A_TIME) -> Moments:
    """Finds mean and variance of what each normalisation of a network is given.

    Batches are normalised by themselves, and their moments pooled: the variance between batches
    counts, and a smaller batch counts for less. A norm that nothing comes through keeps its own.

    Args:
        network: Of one architecture, which is of no other use afterwards.
        images: ``(N, C, H, W)``.
        batch: How many at a time.

    Raises:
        InvalidInput: If there are fewer than two images.
    """
    if len(images) < 2 or batch < 2:
        raise InvalidInput(
            f"got {len(images)} images, {batch} at a time; expected at least two of both"
        )
    device = next(network.parameters()).device
    found = {norm: _Pool() for norm in norms_of(network)}
    notes = [norm.register_forward_pre_hook(_noting(pool)) for norm, pool in found.items()]
    for norm in found:
        norm.momentum = 0.0
    network.train()
    # A last batch of one image, which nothing could be normalised by, joins the one before.
    starts = range(0, max(len(images) - 1, 1), batch)
    for start in starts:
        stop = len(images) if start == starts[-1] else start + batch
        network(images[start:stop].to(device))
    for note in notes:
        note.remove()
    return tuple(pool.moments if pool.count else _own(norm) for norm, pool in found.items())


def take_moments(network: nn.Module, moments: Moments) -> None:
    """Gives a network the moments of its normalisations, and puts it in evaluation mode.

    Raises:
        InvalidInput: If the moments are of another network.
    """
    norms = norms_of(network)
    fitting = len(norms) == len(moments) and all(
        mean.shape == norm.weight.shape for norm, (mean, _) in zip(norms, moments, strict=True)
    )
    if not fitting:
        raise InvalidInput(
            f"got the moments of {len(moments)} normalisations for a network of {len(norms)}; "
            "expected those that calibrate() found for the same architecture"
        )
    for norm, (mean, variance) in zip(norms, moments, strict=True):
        norm.running_mean, norm.running_var = mean.clone(), variance.clone()
    network.eval()


@final
@dataclass
class _Pool:
    """Mean and squared deviation of values that come in batches, ``(C,)``, in 64 bits.

    Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", COMPSTAT 1982.
    """

    count: int = 0
    mean: torch.Tensor | float = 0.0
    squares: torch.Tensor | float = 0.0

    def add(self, values: torch.Tensor) -> None:
        """Takes in ``(B, C, H, W)``."""
        count = values.numel() // values.shape[1]
        variance, mean = torch.var_mean(values, dim=(0, 2, 3), correction=0)
        total = self.count + count
        apart = mean.double() - self.mean
        self.squares = (
            self.squares + count * variance.double() + apart**2 * (self.count * count / total)
        )
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance, the latter as an estimate from a sample, as torch keeps it."""
        variance = torch.as_tensor(self.squares) / max(self.count - 1, 1)
        return torch.as_tensor(self.mean).float(), variance.float()


def _own(norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """What torch gives a norm at first."""
    return torch.zeros_like(norm.weight), torch.ones_like(norm.weight)


def _noting(pool: _Pool) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def note(_: nn.Module, given: tuple[Any, ...]) -> None:
        pool.add(given[0])

    return note
