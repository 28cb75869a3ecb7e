"""Ways through a latent space: around codes, between them, and up a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from agnet.errors import InvalidInput
from agnet.generators.optimizer import Adam

__all__ = ["Score", "around", "ascend", "interpolate"]

Score: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""A differentiable map of codes ``(B, Z)`` to values ``(B,)``, row by row."""


def around(z: torch.Tensor, radius: float, n: int, rng: np.random.Generator) -> torch.Tensor:
    """Draws codes near given ones: any direction, any distance up to a radius.

    Args:
        z: ``(B, Z)``.
        radius: The largest distance. In the generators that ship, codes one mutation apart are 3 to
            4 away from each other, those of random pairs 7 to 14.
        n: How many codes for each given one.
        rng: What they are drawn with.

    Returns:
        ``(B, n, Z)``.

    Raises:
        InvalidInput: If the codes are no matrix, or the radius or ``n`` is negative.
    """
    codes = _checked(z)
    if not 0 <= radius < np.inf or n < 0:
        raise InvalidInput(f"got the radius {radius!r} and n {n}; expected both to be at least 0")
    steps = rng.standard_normal((len(codes), n, codes.shape[1]))
    steps /= np.linalg.norm(steps, axis=2, keepdims=True).clip(1e-12)
    steps *= radius * rng.random((len(codes), n, 1))
    return codes[:, None] + torch.from_numpy(steps.astype(np.float32))


def interpolate(
    first: torch.Tensor, second: torch.Tensor, steps: int, *, spherical: bool = False
) -> torch.Tensor:
    """Returns ``steps`` codes from ``first (B, Z)`` to ``second (B, Z)``, both included.

    Args:
        first: Where the ways begin.
        second: Where they end.
        steps: At least 2.
        spherical: Turn the direction evenly and change the length evenly, instead of a straight
            line, which runs through the middle of the prior where few architectures are.

    Returns:
        ``(B, steps, Z)``.

    Raises:
        InvalidInput: If the shapes differ or there are fewer than two steps.
    """
    start, end = _checked(first), _checked(second)
    if start.shape != end.shape or steps < 2:
        raise InvalidInput(
            f"got codes of shapes {tuple(start.shape)} and {tuple(end.shape)} and {steps} steps; "
            "expected equal shapes and at least 2 steps"
        )
    way = torch.linspace(0, 1, steps)[None, :, None]
    start, end = start[:, None], end[:, None]
    straight = start + way * (end - start)
    if not spherical:
        return straight
    lengths = [code.norm(dim=2, keepdim=True) for code in (start, end)]
    cosine = (start * end).sum(2, keepdim=True) / (lengths[0] * lengths[1]).clamp_min(1e-9)
    angle = cosine.clamp(-1, 1).arccos()
    sine = angle.sin()
    turned = ((1 - way) * angle).sin() / sine * (start / lengths[0]) + (
        way * angle
    ).sin() / sine * (end / lengths[1])
    scaled = turned * (lengths[0] + way * (lengths[1] - lengths[0]))
    # Codes (nearly) in one line have no direction to turn in.
    return torch.where((sine > 5e-3) & scaled.isfinite(), scaled, straight)


def ascend(
    z: torch.Tensor,
    score: Score,
    *,
    steps: int = 50,
    rate: float = 0.1,
    prior: float = 0.0,
    target: float | None = None,
) -> torch.Tensor:
    """Moves codes up the gradient of a score, or towards a wanted value of it.

    Maximises ``score(z) + prior * log N(z; 0, I)``, or with a target
    ``-(score(z) - target)^2 + prior * log N(z; 0, I)``, for each code on its own.

    Args:
        z: Where to start, ``(B, Z)``: codes of architectures, or draws from the prior.
        score: What to raise.
        steps: How many steps of Adam.
        rate: How far a step goes in each dimension, about.
        prior: How strongly codes are kept where the generator knows architectures.
        target: The wanted value of the score, if it is not the highest.

    Returns:
        ``(B, Z)``, the best point on the way of each code, the start included.

    Raises:
        InvalidInput: If the codes are no matrix, or the score is none of shape ``(B,)`` that
            depends on the codes.
    """
    start = _checked(z)
    codes = start.clone().requires_grad_(True)
    best, highest = start.clone(), torch.full((len(start),), -torch.inf)
    optimizer = Adam([codes], betas=(0.9, 0.999))
    with torch.enable_grad():
        for step in range(steps + 1):
            values = score(codes)
            if values.shape != (len(start),) or not (values.requires_grad or not len(start)):
                raise InvalidInput(
                    f"got a score of shape {tuple(values.shape)}; expected a differentiable one of "
                    f"shape ({len(start)},)"
                )
            aim = values if target is None else -(values - target).square()
            aim = aim - prior * 0.5 * codes.square().sum(1)
            better = aim.detach() > highest
            best[better], highest[better] = codes.detach()[better], aim.detach()[better].float()
            if step == steps or not len(start):
                break
            (codes.grad,) = torch.autograd.grad(-aim.sum(), codes)
            optimizer.step(rate)
    return best


def _checked(z: torch.Tensor) -> torch.Tensor:
    codes = torch.as_tensor(z, dtype=torch.float32).detach()
    if codes.ndim != 2 or not bool(codes.isfinite().all()):
        raise InvalidInput(f"got codes of shape {tuple(codes.shape)}; expected finite ones (B, Z)")
    return codes
