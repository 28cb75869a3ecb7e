"""Adam, without the compiler that ``torch.optim`` imports: it would take seconds of each search."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import final

import torch

__all__ = ["Adam", "rise_and_fall"]


@final
class Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015."""

    def __init__(
        self, parameters: Iterable[torch.Tensor], betas: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        """Takes what is to be changed, and how slowly the averages of gradients move."""
        self._parameters = list(parameters)
        self._betas = betas
        self._means = [torch.zeros_like(one) for one in self._parameters]
        self._squares = [torch.zeros_like(one) for one in self._parameters]
        self._steps = 0

    def clear(self) -> None:
        """Forgets the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float, longest: float = math.inf) -> None:
        """Goes one step against the gradients.

        Args:
            rate: About how far each number moves.
            longest: Gradients that are longer, all taken together, are shortened to this norm.
        """
        found = [
            (one, one.grad, mean, square)
            for one, mean, square in zip(self._parameters, self._means, self._squares, strict=True)
            if one.grad is not None
        ]
        shrink = 1.0
        if longest < math.inf and found:
            norm = float(torch.stack([gradient.norm() for _, gradient, _, _ in found]).norm())
            shrink = min(1.0, longest / max(norm, 1e-12))
        self._steps += 1
        slow, slower = self._betas
        rate /= 1 - slow**self._steps
        bias = (1 - slower**self._steps) ** 0.5
        for parameter, gradient, mean, square in found:
            mean.mul_(slow).add_(gradient, alpha=(1 - slow) * shrink)
            square.mul_(slower).addcmul_(gradient, gradient, value=(1 - slower) * shrink**2)
            parameter.addcdiv_(mean, square.sqrt().div_(bias).add_(1e-8), value=-rate)


def rise_and_fall(update: int, updates: int, top: float) -> float:
    """The rate of an update: it rises for a tenth of them, then falls along a cosine to nothing."""
    rising = max(updates // 10, 1)
    if update < rising:
        return top * (update + 1) / rising
    return top * 0.5 * (1 + math.cos(math.pi * (update - rising) / max(updates - rising, 1)))
