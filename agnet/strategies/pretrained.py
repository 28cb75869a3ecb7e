"""The generator that a strategy starts with."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Final

import numpy as np

from agnet.errors import CheckpointError
from agnet.generators import GraphVAE, load_pretrained, recommended
from agnet.spaces import SearchSpace

__all__ = ["ready_generator"]

UPDATES: Final = 600
EXAMPLES: Final = 20_000


def ready_generator(space: SearchSpace, rng: np.random.Generator) -> GraphVAE:
    """Opens the generator that ships for a space; where none does, trains a small one, and says so.

    Args:
        space: Of its architectures.
        rng: What its training draws from, now and later.
    """
    try:
        return load_pretrained(space, rng)
    except CheckpointError:
        warnings.warn(
            f"no generator ships for {space.name}: one is trained now, on {UPDATES} batches of "
            "unlabelled architectures",
            stacklevel=2,
        )
    generator = GraphVAE(space, rng, replace(recommended(space), updates=UPDATES))
    generator.fit(space.sample(EXAMPLES, rng))
    return generator
