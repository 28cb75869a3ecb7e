"""The super-network: shared weights, run as any of its networks.

Cai, Gan, Wang, Zhang and Han, "Once-for-All: Train One Network and Specialize it for Efficient
Deployment", ICLR 2020; with early exits, dense skips and parallel blocks Sarti, Lomurno and
Matteucci, "Enhancing Once-For-All", arXiv 2302.01888.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast, final

import torch
from torch import nn

from agnet.benchmarks.networks.elastic import PlainNetwork, dense_input
from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.supernet.normalising import Moments, Normaliser, without_buffers
from agnet.benchmarks.supernet.passing import run_exit, run_level, run_stem
from agnet.benchmarks.supernet.slicing import kernel_maps
from agnet.spaces import Architecture
from agnet.spaces.elastic import ElasticConfig, ElasticSpace, Options, Plan

__all__ = ["SharedWeights", "SuperNetwork"]


@final
class SharedWeights(nn.Module):
    """The weights of one width.

    Attributes:
        largest: The network of the last of all options, with all exits: all others are parts of it.
        maps: The kernel maps of each layer, by ``stage-layer``, both from 0.
    """

    def __init__(self, space: ElasticSpace, width: float, generator: torch.Generator) -> None:
        """Draws the weights."""
        super().__init__()
        config = space.config
        every = Options.every(config)
        plan = space.plan(every.largest(space))
        plan = Plan(plan.resolution, config.widths.index(width), plan.stages)
        self.largest = PlainNetwork(config, plan, config.exits)
        initialise(self.largest, generator)
        without_buffers(self.largest)
        self.maps = nn.ModuleDict(
            {
                f"{stage}-{layer}": kernel_maps(config.kernels)
                for stage in range(len(config.stages))
                for layer in range(config.layers)
            }
        )

    def maps_of(self, stage: int, layer: int) -> dict[str, torch.Tensor]:
        """Returns the kernel maps of a layer, from large to small."""
        named = cast("nn.ParameterDict", self.maps[f"{stage}-{layer}"]).items()
        return dict(sorted(named, key=lambda one: -int(one[0].split("to")[0])))


@final
class SuperNetwork(nn.Module):
    """All networks of a configuration in one set of weights a width.

    It keeps no active network: the architecture is an argument of every call, and so are the
    moments of its normalisations. Whether it is in training mode makes no difference.

    Attributes:
        space: The architectures.
        weights: Those of each width.
    """

    def __init__(self, config: ElasticConfig, generator: torch.Generator) -> None:
        """Draws the weights.

        Args:
            config: What there is to choose from.
            generator: Draws the weights; kernel maps begin as the identity.
        """
        super().__init__()
        self.space = ElasticSpace(config)
        made = [SharedWeights(self.space, width, generator) for width in config.widths]
        self.weights = nn.ModuleList(made)

    @property
    def config(self) -> ElasticConfig:
        """What there is to choose from."""
        return self.space.config

    def of_width(self, plan: Plan) -> SharedWeights:
        """Returns the weights that a network shares."""
        return cast("SharedWeights", self.weights[plan.width])

    def forward(
        self, images: torch.Tensor, arch: Architecture, moments: Moments | None = None
    ) -> torch.Tensor:
        """Returns what one network says, ``(B, classes)``, of images ``(B, C, H, W)``.

        Args:
            images: Of any size; they are brought to the resolution of the architecture.
            arch: Which network.
            moments: Of its normalisations, see :func:`calibrate`; by default those of the batch.

        Raises:
            InvalidInput: If the architecture is of another space, or the moments are not its own.
        """
        plan = self.space.plan(arch)
        return self._run(images, plan, (plan.exit,), moments)[0]

    def exits(
        self, images: torch.Tensor, arch: Architecture, moments: Moments | None = None
    ) -> tuple[torch.Tensor, ...]:
        """Returns what one network says at each exit up to its own, the earliest first.

        Raises:
            InvalidInput: As :meth:`forward`.
        """
        plan = self.space.plan(arch)
        exits = [last for last in self.config.exits if last <= plan.exit]
        return self._run(images, plan, exits, moments)

    def _run(
        self, images: torch.Tensor, plan: Plan, exits: Sequence[int], moments: Moments | None
    ) -> tuple[torch.Tensor, ...]:
        weights, normaliser = self.of_width(plan), Normaliser(moments)
        stem = run_stem(weights.largest, images, plan.resolution, normaliser)
        made = [stem, *self._stages(weights, plan, stem, normaliser)]
        return tuple(run_exit(weights.largest, at, made[at], normaliser) for at in exits)

    def _stages(
        self, weights: SharedWeights, plan: Plan, images: torch.Tensor, normaliser: Normaliser
    ) -> Iterator[torch.Tensor]:
        slots = self.config.slots(self.config.widths[plan.width])
        for stage, layers in enumerate(plan.stages):
            made: list[torch.Tensor] = []
            for at, layer in enumerate(layers):
                given = dense_input(made, self.config.dense) if made else images
                level, maps = weights.largest.level(stage, at), weights.maps_of(stage, at)
                made.append(run_level(level, slots[stage][at], layer, maps, given, normaliser))
            images = dense_input(made, self.config.dense)
            yield images
