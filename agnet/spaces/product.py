"""Moves on choice vectors, for spaces where choices are (nearly) independent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnet.spaces.architectures import Choices

__all__ = ["change_one", "in_range", "mixed_radix", "one_change_variants", "uniform_crossover"]


def in_range(choices: npt.NDArray[np.integer], sizes: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Says for each row ``(B, C)`` whether every choice is one of its options."""
    inside = (choices >= 0) & (choices < np.asarray(sizes))
    return np.asarray(inside.all(axis=1))


def mixed_radix(choices: npt.NDArray[np.integer], sizes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Numbers choice vectors ``(B, C)`` by reading them as digits, the highest first."""
    radix = np.asarray(sizes, dtype=np.int64)
    places = np.concatenate([np.cumprod(radix[:0:-1])[::-1], [1]]).astype(np.int64)
    return choices.astype(np.int64) @ places


def change_one(
    choices: Choices,
    sizes: npt.ArrayLike,
    rng: np.random.Generator,
    active: npt.NDArray[np.bool_] | None = None,
) -> Choices:
    """Gives one random choice of each row ``(B, C)`` another value.

    Args:
        choices: The rows to change.
        sizes: ``(C,)``, the options of each choice.
        rng: Draws the position and the value, both uniformly.
        active: ``(B, C)``, which choices may be changed; all by default.
    """
    radix = np.asarray(sizes)
    weight = rng.random(choices.shape)
    weight[:, radix < 2] = -1.0
    if active is not None:
        weight[~active] = -1.0
    at = weight.argmax(axis=1)
    rows = np.arange(len(choices))
    step = rng.integers(1, np.maximum(radix[at], 2))
    changed: Choices = choices.copy()
    changed[rows, at] = (changed[rows, at] + step) % radix[at]
    return changed


def one_change_variants(row: Choices, sizes: npt.ArrayLike) -> Choices:
    """Returns every vector that differs from ``row (C,)`` in exactly one choice."""
    radix = np.asarray(sizes)
    at = np.repeat(np.arange(len(radix)), radix - 1)
    step = np.concatenate([np.arange(1, size) for size in radix.tolist()])
    variants = np.repeat(row[None], len(at), axis=0)
    variants[np.arange(len(at)), at] = (row[at] + step) % radix[at]
    return variants


def uniform_crossover(first: Choices, second: Choices, rng: np.random.Generator) -> Choices:
    """Takes each choice of ``B`` children from either parent with equal probability."""
    return np.where(rng.random(first.shape) < 0.5, first, second)
