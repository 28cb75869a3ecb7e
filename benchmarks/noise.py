"""Which of several recorded repeats a noisy benchmark shows: a hash of (seed, architecture)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput

__all__ = ["pick_repeat"]

INCREMENT: Final = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def pick_repeat(
    keys: npt.NDArray[np.int64], counts: npt.NDArray[np.integer], seed: int
) -> npt.NDArray[np.int64]:
    """Picks one of ``counts`` repeats for each key, the same one whenever and with whomever asked.

    The pick is a pure function of (seed, key, count), so that it depends neither on the order of
    queries nor on the batch. Different seeds, and different keys, pick independently.

    Args:
        keys: ``(B,)``, one number per architecture, such as its row in the table.
        counts: ``(B,)``, how many repeats each has; where there is none the pick is 0.
        seed: The benchmark's seed, at least 0.

    Returns:
        ``(B,)``, from 0 to ``counts - 1``.

    Raises:
        InvalidInput: If the seed or a count is negative, or the shapes differ.
    """
    if not 0 <= seed < 2**63:
        raise InvalidInput(f"got seed {seed}; it must be from 0 to 2**63 - 1")
    if keys.ndim != 1 or keys.shape != counts.shape or bool((counts < 0).any()):
        raise InvalidInput(
            f"got keys {keys.shape} and counts {counts.shape}; expected (B,) both, no count below 0"
        )
    start = _mix(np.array([seed], dtype=np.uint64))
    bits = _mix(keys.astype(np.int64).view(np.uint64) ^ start) >> np.uint64(32)
    # Multiply and shift maps 32 bits evenly onto a small range, with no bias worth a rejection.
    picked: npt.NDArray[np.uint64] = (bits * counts.astype(np.uint64)) >> np.uint64(32)
    return picked.astype(np.int64)


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """One step of splitmix64 (Steele, Lea and Flood, OOPSLA 2014) from each state."""
    word = state + INCREMENT
    word = (word ^ (word >> np.uint64(30))) * FIRST
    word = (word ^ (word >> np.uint64(27))) * SECOND
    mixed: npt.NDArray[np.uint64] = word ^ (word >> np.uint64(31))
    return mixed
