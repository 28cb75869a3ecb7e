"""What elastic networks are made of, as probabilities to draw others by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces.architectures import Architecture, Architectures
from agnet.spaces.elastic.space import ElasticSpace

__all__ = ["GeneDistribution"]

Probabilities: TypeAlias = tuple[float, ...]

SMOOTHING: Final = 0.5  # of a network, added to each option
UNIFORM: Final = 0.1  # of all draws, so that no option dies


@final
@dataclass(frozen=True)
class GeneDistribution:
    """One independent distribution for each option of a network.

    Depths and layers are those of the networks that have the stage and the layer. After Lu et al.,
    "Neural Architecture Transfer", TPAMI 2021; options have no order here, so their frequencies are
    taken and no continuous distribution is fitted.

    Attributes:
        heads: Of resolution, width and exit.
        depths: Of each stage.
        layers: Of each layer of each stage, over what different layers there are.
    """

    heads: tuple[Probabilities, ...]
    depths: tuple[Probabilities, ...]
    layers: tuple[tuple[Probabilities, ...], ...]

    @classmethod
    def of(
        cls,
        space: ElasticSpace,
        archs: Sequence[Architecture],
        *,
        smoothing: float = SMOOTHING,
        uniform: float = UNIFORM,
    ) -> GeneDistribution:
        """Takes the frequencies in ``B`` networks.

        Args:
            space: The networks that can be drawn.
            archs: Those whose frequencies count; none is as good as all.
            smoothing: What is added to the number of times that an option is there.
            uniform: The share of draws that knows no frequencies.

        Raises:
            InvalidInput: If nothing is added and a share is out of range, or a network is of
                another space.
        """
        if smoothing < 0 or not 0 <= uniform <= 1 or (smoothing == 0 and uniform == 0):
            raise InvalidInput(
                f"got smoothing = {smoothing} and uniform = {uniform}; expected at least 0, a "
                "share from 0 to 1, and not both 0: options would never come back"
            )
        genes = space.genes
        heads, codes = genes.split(space.to_choices(archs))
        depths, least = genes.depths(codes), space.config.depths[0]
        kinds = np.searchsorted(genes.distinct, codes)

        def shares(values: npt.NDArray[np.int64], options: int) -> Probabilities:
            counts = np.bincount(values, minlength=options) + smoothing
            total = counts.sum()
            known = counts / total if total else np.full(options, 1 / options)
            return tuple(((1 - uniform) * known + uniform / options).tolist())

        stages, layers = range(codes.shape[1]), range(codes.shape[2])
        return cls(
            tuple(shares(heads[:, at], options) for at, options in enumerate(genes.options)),
            tuple(
                shares(depths[:, at][depths[:, at] > 0] - least, len(space.config.depths))
                for at in stages
            ),
            tuple(
                tuple(
                    shares(kinds[:, at, layer][codes[:, at, layer] > 0], len(genes.distinct))
                    for layer in layers
                )
                for at in stages
            ),
        )

    def sample(self, space: ElasticSpace, n: int, rng: np.random.Generator) -> Architectures:
        """Draws ``n`` networks: depths first, then the layers that there are."""
        genes = space.genes

        def draw(shares: Probabilities) -> npt.NDArray[np.int64]:
            return rng.choice(len(shares), size=n, p=shares)

        heads = np.stack([draw(shares) for shares in self.heads], axis=1)
        depths = np.stack([draw(shares) for shares in self.depths], axis=1)
        kinds = np.stack(
            [np.stack([draw(shares) for shares in stage], axis=1) for stage in self.layers], axis=1
        )
        there = np.arange(kinds.shape[2]) < (depths + space.config.depths[0])[..., None]
        return Architectures(space, genes.join(heads, genes.distinct[kinds] * there))
