"""Draws that are not uniform over networks: those that searches begin and super-networks learn by.

Lu et al., "Neural Architecture Transfer", TPAMI 2021, draw uniformly over genes; Sarti, Lomurno and
Matteucci, "Neural Architecture Transfer 2", arXiv 2307.00960, over depths.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces.architectures import Architecture, Architectures
from agnet.spaces.elastic.config import ElasticConfig
from agnet.spaces.elastic.space import ElasticSpace

__all__ = ["Options", "sample_filled", "sample_genes"]


@final
@dataclass(frozen=True)
class Options:
    """What may be drawn, as a part of what a configuration has.

    Attributes:
        resolutions: Sides of images.
        widths: Multipliers of channels.
        exits: After which stages networks end.
        depths: How many layers stages have.
        expansions: How many times wider layers are inside.
        kernels: Sides of kernels.
        patterns: Which branches layers have.
    """

    resolutions: tuple[int, ...]
    widths: tuple[float, ...]
    exits: tuple[int, ...]
    depths: tuple[int, ...]
    expansions: tuple[int, ...]
    kernels: tuple[int, ...]
    patterns: tuple[int, ...]

    @classmethod
    def every(cls, config: ElasticConfig) -> Options:
        """Returns all that there are."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})

    def largest(self, space: ElasticSpace) -> Architecture:
        """Returns the network of the last of all options.

        Raises:
            InvalidInput: If the space has no such options.
        """
        last = {field.name: getattr(self, field.name)[-1:] for field in fields(self)}
        return _only(space, Options(**last))

    def smallest(self, space: ElasticSpace) -> Architecture:
        """Returns the network of the first of all options, and of the lightest branches.

        Raises:
            InvalidInput: If the space has no such options.
        """
        first = {field.name: getattr(self, field.name)[:1] for field in fields(self)}
        # The elastic branch weighs more than the two others, and the light one least.
        lightest = min(self.patterns, key=lambda pattern: int(f"{pattern:03b}"[::-1], 2))
        return _only(space, Options(**{**first, "patterns": (lightest,)}))


def _only(space: ElasticSpace, options: Options) -> Architecture:
    return sample_filled(space, 1, np.random.default_rng(0), options)[0]


def sample_genes(space: ElasticSpace, n: int, rng: np.random.Generator) -> Architectures:
    """Draws each gene uniformly from its values: nearly all stages are as deep as can be."""
    heads = rng.integers(space.genes.options, size=(n, 3))
    shape = (n, len(space.config.stages), space.config.layers)
    required = np.arange(space.config.layers) < space.config.depths[0]
    codes = rng.integers(required.astype(np.int64), len(space.config.codes), size=shape)
    return Architectures(space, space.genes.join(heads, codes))


def sample_filled(
    space: ElasticSpace, n: int, rng: np.random.Generator, options: Options | None = None
) -> Architectures:
    """Draws resolution, width, exit, depths, and all there is in a layer, each uniformly.

    Args:
        space: The networks.
        n: How many.
        rng: Draws them.
        options: What may be drawn; everything by default.

    Raises:
        InvalidInput: If the space does not have these options.
    """
    config = space.config
    every = Options.every(config)
    chosen = options or every

    def draw(name: str, *shape: int) -> npt.NDArray[np.int64]:
        return rng.choice(_positions(chosen, every, name), size=(n, *shape))

    heads = np.stack([draw(name) for name in ("resolutions", "widths", "exits")], axis=1)
    stages, layers = len(config.stages), config.layers
    depth = draw("depths", stages, 1) + config.depths[0]
    pattern, expansion, kernel = (
        draw(name, stages, layers) for name in ("patterns", "expansions", "kernels")
    )
    inside = pattern * len(config.expansions) + expansion
    codes = 1 + inside * len(config.kernels) + kernel
    return Architectures(space, space.genes.join(heads, codes * (np.arange(layers) < depth)))


def _positions(chosen: Options, every: Options, name: str) -> npt.NDArray[np.int64]:
    """Where the options of a name stand among those there are."""
    wanted, there = getattr(chosen, name), getattr(every, name)
    if not wanted or not set(wanted) <= set(there):
        raise InvalidInput(f"got {name} = {wanted} to draw from; expected some of {there}")
    return np.array([there.index(option) for option in wanted], dtype=np.int64)
