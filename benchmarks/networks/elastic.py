"""The network of one elastic architecture as an ordinary module, with no trace of elasticity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, final

import torch
from torch import nn

from agnet.benchmarks.networks.mobilenet import FixedBlock, InvertedResidual, bare, conv_norm
from agnet.spaces._ofa_mbv3_cost import Slot
from agnet.spaces.elastic import CONV, ELASTIC, LIGHT, ElasticConfig, Layer, Plan, Stage

__all__ = ["Exit", "Level", "PlainNetwork", "PlainStage", "Together", "dense_input"]


@final
class PlainNetwork(nn.Module):
    """A stem, the stages of a plan, and one exit or several, their weights not yet set.

    Attributes:
        resize: Brings images to the resolution of the architecture.
        stem: A convolution, and the block that all networks of a configuration have.
        stages: One after another.
        exits: By the number of the stage that they follow, from 1, in rising order.
    """

    def __init__(self, config: ElasticConfig, plan: Plan, exits: Sequence[int] = ()) -> None:
        """Builds the network.

        Args:
            config: Of which family.
            plan: What there is in it.
            exits: After which stages it is to end, by default after its last only.
        """
        super().__init__()
        width = config.widths[plan.width]
        channels = config.stem_channels(width)
        self.resize = nn.Upsample((plan.resolution, plan.resolution), mode="bilinear")
        self.stem = conv_norm(
            config.channels, channels, 3, config.stem_stride, activation=nn.Hardswish()
        )
        if config.fixed_block:
            self.stem.append(FixedBlock(channels))
        slots = config.slots(width)
        self.stages = nn.ModuleList(
            PlainStage(config.stages[at], slots[at], stage, config.dense)
            for at, stage in enumerate(plan.stages)
        )
        self.exits = nn.ModuleDict(
            {
                str(last): Exit(*config.head_channels(last - 1, width), config.classes)
                for last in exits or (plan.exit,)
            }
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``.

        Of several exits it returns a tuple, that of the earliest first.
        """
        made = [self.stem(self.resize(images))]
        for stage in self.stages:
            made.append(stage(made[-1]))
        scores = tuple(end(made[int(last)]) for last, end in self.exits.items())
        return scores if len(scores) > 1 else scores[0]

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what its last exit reads, ``(B, C, H, W)``."""
        made: torch.Tensor = self.stem(self.resize(images))
        for stage in self.stages:
            made = stage(made)
        return made

    def level(self, stage: int, layer: int) -> Level:
        """Returns one of its layers; both are counted from 0."""
        return cast("Level", cast("PlainStage", self.stages[stage]).levels[layer])


@final
class Together(nn.Module):
    """A network whose exits say together what it says: the mean before it is a probability.

    In training it returns what each exit says, its own first, to be learnt from alike (Sarti,
    Lomurno, Falanti and Matteucci, "Anticipate, Ensemble and Prune", arXiv 2301.12168).

    Attributes:
        network: With its exits.
    """

    def __init__(self, network: PlainNetwork) -> None:
        """Takes a network with one exit or several."""
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Returns a number a class, ``(B, classes)``; in training one of each exit."""
        made = self.network(images)
        scores = made if isinstance(made, tuple) else (made,)
        return scores[::-1] if self.training else torch.stack(scores).mean(dim=0)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what its last exit reads, ``(B, C, H, W)``."""
        return self.network.features(images)


@final
class PlainStage(nn.Module):
    """Layers one after another; with dense skips, earlier outputs are added to later ones."""

    def __init__(
        self, stage: Stage, slots: Sequence[Slot], layers: Sequence[Layer], dense: bool
    ) -> None:
        """Builds the layers, as many as there are, in the first slots of the stage."""
        super().__init__()
        self.levels = nn.ModuleList(
            Level(stage, slot, layer) for slot, layer in zip(slots, layers, strict=False)
        )
        self.dense = dense

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what the stage makes of ``(B, C, H, W)``."""
        made: list[torch.Tensor] = []
        for level in self.levels:
            made.append(level(dense_input(made, self.dense) if made else images))
        return dense_input(made, self.dense)


def dense_input(made: Sequence[torch.Tensor], dense: bool) -> torch.Tensor:
    """Returns what follows layers of a stage that made ``y_1 .. y_i``.

    That is ``y_i``, with dense skips ``y_i + y_1 + .. + y_(i-2)``: the block that made ``y_i`` has
    added ``y_(i-1)`` itself (Sarti, Lomurno and Matteucci, arXiv 2302.01888).
    """
    total = made[-1]
    for earlier in made[:-2] if dense else ():
        total = total + earlier
    return total


@final
class Level(nn.Module):
    """The branches of a layer, whose outputs are summed; usually it is one."""

    def __init__(self, stage: Stage, slot: Slot, layer: Layer) -> None:
        """Builds the branches that the layer has."""
        super().__init__()
        self.branches = nn.ModuleDict()
        if layer.branches & ELASTIC:
            self.branches["elastic"] = InvertedResidual(
                slot, layer.kernel, layer.expansion, _activation(stage)
            )
        if layer.branches & CONV:
            self.branches["conv"] = conv_norm(
                slot.inputs, slot.outputs, stride=slot.stride, activation=_activation(stage)
            )
        if layer.branches & LIGHT:
            self.branches["light"] = _light(slot, _activation(stage))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the sum ``(B, outputs, H', W')``."""
        first, *others = (branch(images) for branch in self.branches.values())
        total: torch.Tensor = first
        for other in others:
            total = total + other
        return total


def _light(slot: Slot, activation: nn.Module) -> nn.Sequential:
    """A pooling where the image is halved, a convolution where channels change, a norm."""
    pooling = [nn.MaxPool2d(3, 2, padding=1)] if slot.stride == 2 else []
    convolution = bare(slot.inputs, slot.outputs) if slot.inputs != slot.outputs else []
    return nn.Sequential(*pooling, *convolution, nn.BatchNorm2d(slot.outputs), activation)


def _activation(stage: Stage) -> nn.Module:
    return nn.ReLU() if stage.activation == "relu" else nn.Hardswish()


@final
class Exit(nn.Module):
    """Widens, takes the mean of the image, mixes features and classifies, ``(B, classes)``."""

    def __init__(self, channels: int, expanded: int, features: int, classes: int) -> None:
        """Builds it, its weights not yet set."""
        super().__init__()
        self.widen = conv_norm(channels, expanded, activation=nn.Hardswish())
        self.mix = nn.Sequential(*bare(expanded, features), nn.Hardswish())
        self.classifier = nn.Linear(features, classes, device="meta").to_empty(device="cpu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns a number a class of what a stage made."""
        return self.classified(self.widen(images))

    def classified(self, widened: torch.Tensor) -> torch.Tensor:
        """Returns a number a class of what it has widened."""
        mixed = self.mix(widened.mean(dim=(2, 3), keepdim=True))
        scores: torch.Tensor = self.classifier(mixed.flatten(1))
        return scores
