"""Random streams derived from (seed, purpose, index), so that no part of a run disturbs another."""

from __future__ import annotations

import hashlib

import numpy as np

from agnet.errors import InvalidInput

__all__ = ["stream"]


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Returns the generator of one purpose within one run.

    Args:
        seed: The run's seed, at least 0.
        purpose: What the numbers are for, such as ``"initial"`` or ``"strategy"``. Streams of
        different
            purposes are independent.
        index: Distinguishes several streams of one purpose.

    Raises:
        InvalidInput: If the seed or the index is negative.
    """
    if seed < 0 or index < 0:
        raise InvalidInput(f"got seed {seed} and index {index}; both must be at least 0")
    digest = hashlib.sha256(purpose.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in (0, 4, 8, 12)]
    return np.random.default_rng(np.random.SeedSequence([seed, index, *words]))
