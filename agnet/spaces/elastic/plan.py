"""An elastic network as a network builder reads it: values in place of genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from agnet.spaces.elastic.config import Layer

__all__ = ["Plan"]


@final
@dataclass(frozen=True)
class Plan:
    """What there is in a network, and nothing else.

    Attributes:
        resolution: Side of its images.
        width: The position of its width among those of the configuration: which weights it shares.
        stages: The layers of each stage; it ends at the exit after the last of them.
    """

    resolution: int
    width: int
    stages: tuple[tuple[Layer, ...], ...]

    @property
    def exit(self) -> int:
        """After which stage it ends, from 1."""
        return len(self.stages)
