"""What boundaries are drawn in: architectures as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from agnet.generators import Generator
from agnet.spaces import Architecture, SearchSpace
from agnet.strategies.lamoo.region import Inputs
from agnet.surrogates.embeddings import as_written

__all__ = ["Encoding", "integer", "latent", "onehot"]

Encoding: TypeAlias = Callable[[Sequence[Architecture]], Inputs]
"""Turns ``B`` architectures into inputs ``(B, F)``."""


def onehot(space: SearchSpace) -> Encoding:
    """One coordinate an option of each choice: no option is nearer to one than to another."""
    return lambda archs: as_written(space, archs)[0].astype(np.float64)


def integer(space: SearchSpace) -> Encoding:
    """One coordinate a choice, from 0 for its first option to 1 for its last."""
    last = np.array(space.choice_sizes, dtype=np.float64) - 1.0
    return lambda archs: space.to_choices(archs) / np.maximum(last, 1.0)


def latent(generator: Generator) -> Encoding:
    """The codes of a generator."""
    return lambda archs: generator.encode(archs).numpy().astype(np.float64)
