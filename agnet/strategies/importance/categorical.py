"""Distributions of independent choices, many at a time.

Everything is dense: a variable of fewer than ``C`` options has probability 0 in the others. Leading
dimensions (``...``) are searches that are run side by side, ``K`` the distributions of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import numpy.typing as npt

__all__ = [
    "Array",
    "Integers",
    "Variables",
    "draw",
    "entropies",
    "log_probabilities",
    "modes",
    "one_hot",
    "origins",
]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@final
@dataclass(frozen=True)
class Variables:
    """What is drawn.

    Attributes:
        sizes: How many options each of the ``D`` variables has, at most ``C``.
    """

    sizes: tuple[int, ...]

    @cached_property
    def mask(self) -> npt.NDArray[np.bool_]:
        """``(D, C)``, which options there are."""
        sizes = np.array(self.sizes)
        return np.asarray(np.arange(sizes.max(initial=1)) < sizes[:, None])

    @cached_property
    def uniform(self) -> Array:
        """``(D, C)``, where all options of a variable are equally likely."""
        return np.asarray(self.mask / self.mask.sum(axis=1, keepdims=True))

    @property
    def free(self) -> int:
        """How many probabilities can be chosen freely: all but one of each variable."""
        return sum(self.sizes) - len(self.sizes)


def origins(
    k: int, own: int, rng: np.random.Generator, draw: str, lead: Sequence[int] = ()
) -> Integers:
    """Says which of ``k`` distributions each of ``n = k own`` samples is drawn from, ``(..., n)``.

    Args:
        k: How many distributions there are.
        own: How many samples there are for each.
        rng: Draws them, if they are.
        draw: ``stratified`` for ``own`` from each, in order; ``mixture`` for a random one a sample.
        lead: The leading dimensions.
    """
    if draw == "mixture":
        return np.asarray(rng.integers(k, size=(*lead, k * own)), dtype=np.int64)
    return np.array(np.broadcast_to(np.repeat(np.arange(k), own), (*lead, k * own)))


def draw(theta: Array, origin: Integers, rng: np.random.Generator) -> Integers:
    """Draws choices ``(..., n, D)``, each sample from the distribution it is told.

    Args:
        theta: Probabilities ``(..., K, D, C)``.
        origin: ``(..., n)``, of which distribution each sample is.
        rng: The random stream.
    """
    rows = np.take_along_axis(theta, origin[..., None, None], axis=-3)
    below = rng.random((*origin.shape, theta.shape[-2], 1)) >= rows.cumsum(axis=-1)
    last = np.arange(theta.shape[-1]) * (rows > 0)  # by rounding, a sum may stay below 1
    return np.asarray(np.minimum(below.sum(axis=-1), last.max(axis=-1)), dtype=np.int64)


def one_hot(choices: npt.NDArray[np.integer], options: int) -> Array:
    """Writes choices ``(..., n, D)`` as zeros and ones ``(..., n, D, C)``: the statistics T."""
    return np.asarray(choices[..., None] == np.arange(options), dtype=np.float64)


def log_probabilities(theta: Array, hot: Array) -> Array:
    """The logarithm ``(..., K, n)`` of how likely each distribution draws each sample.

    Args:
        theta: Probabilities ``(..., K, D, C)``, above 0 for every option that is there.
        hot: Samples ``(..., n, D, C)`` of zeros and ones.
    """
    logs = np.log(np.where(theta > 0, theta, 1.0))
    flat = (*theta.shape[:-2], -1), (*hot.shape[:-2], -1)
    return np.asarray(logs.reshape(flat[0]) @ hot.reshape(flat[1]).swapaxes(-1, -2))


def modes(theta: Array) -> Integers:
    """The likeliest choices ``(..., K, D)``; of equals the first."""
    return np.asarray(theta.argmax(axis=-1), dtype=np.int64)


def entropies(theta: Array) -> Array:
    """The entropy ``(..., K)`` of each distribution, in nats."""
    logs = np.log(np.where(theta > 0, theta, 1.0))
    return np.asarray(-(theta * logs).sum(axis=(-2, -1)))
