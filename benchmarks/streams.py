"""Random numbers that an architecture has of its own, whoever asks for it and when."""

from __future__ import annotations

import torch

from agnet.seeds import stream
from agnet.spaces import Architecture, SearchSpace

__all__ = ["architecture_generator"]


def architecture_generator(
    seed: int, purpose: str, space: SearchSpace, arch: Architecture
) -> torch.Generator:
    """Returns torch's generator for one purpose and one architecture.

    Raises:
        InvalidInput: If the seed is negative, or the architecture is of another space.
    """
    key = int.from_bytes(space.keys([arch]).tobytes(), "little")
    return torch.Generator().manual_seed(int(stream(seed, purpose, key).integers(2**63)))
