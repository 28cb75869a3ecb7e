"""The network of a Once-for-All MobileNetV3 architecture, on its own.

Howard et al., "Searching for MobileNetV3", ICCV 2019; Cai, Gan, Wang, Zhang and Han, "Once-for-All:
Train One Network and Specialize it for Efficient Deployment", ICLR 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks.ends import check_ends
from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.networks.layers import Convolution
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, OFAMobileNetV3
from agnet.spaces._ofa_mbv3_cost import CODES, LAYERS, RESOLUTIONS, Slot, eighths, skeleton
from agnet.spaces.ofa_mbv3 import layer_codes

__all__ = [
    "FixedBlock",
    "InvertedResidual",
    "MobileNetV3",
    "SqueezeExcitation",
    "bare",
    "conv_norm",
]

# The fixed block and the elastic stages before this one have ReLU, the others hard swish.
FIRST_HARD_SWISH_STAGE: Final = 2


@final
class MobileNetV3(nn.Module):
    """A stem, the layers of the architecture, and a head, as the supernet has them.

    A layer widens its input by a 1x1 convolution, convolves each channel, weighs the channels by
    squeeze-and-excitation in the stages that have it, and narrows them again; its input is added
    where the shape has stayed. The head widens once more, takes the mean of the image, mixes
    features without normalisation and classifies. There is no dropout.

    Attributes:
        resolution: Side of the images that the architecture is made for, 128 to 224. Others work
            as well: images are taken as they come.
    """

    def __init__(
        self,
        arch: Architecture,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        generator: torch.Generator,
    ) -> None:
        """Builds the network.

        Args:
            arch: The architecture, of :class:`agnet.spaces.OFAMobileNetV3`, whose space says how
                wide the supernet is.
            num_classes: Outputs.
            in_channels: Channels of an image.
            generator: Draws the weights.

        Raises:
            InvalidInput: If the architecture is of another space, or there are no classes or no
                channels.
        """
        super().__init__()
        space = arch.space
        if not isinstance(space, OFAMobileNetV3):
            raise InvalidInput(f"got an architecture of {space.name}; expected one of ofa_mbv3")
        check_ends(in_channels, num_classes)
        net = skeleton(space.width_multiplier)
        self.resolution: int = RESOLUTIONS[arch.choices[0]]
        self._stem = conv_norm(in_channels, net.stem, 3, stride=2, activation=nn.Hardswish())
        self._layers = nn.Sequential(FixedBlock(net.stem), *_elastic_layers(arch, net.slots))
        last = net.slots[-1].outputs
        self._widen = conv_norm(last, net.expanded, activation=nn.Hardswish())
        self._mix = nn.Sequential(*bare(net.expanded, net.features), nn.Hardswish())
        self._classifier = nn.Linear(net.features, num_classes, device="meta").to_empty(
            device="cpu"
        )
        initialise(self, generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns a number a class, ``(B, classes)``, of images ``(B, C, H, W)``."""
        mixed = self._mix(self.features(images).mean(dim=(2, 3), keepdim=True))
        scores: torch.Tensor = self._classifier(mixed.flatten(1))
        return scores

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Returns what is pooled, mixed and classified, of images ``(B, C, H, W)``."""
        made: torch.Tensor = self._widen(self._layers(self._stem(images)))
        return made


@final
class FixedBlock(nn.Module):
    """The layer that all architectures begin with: it keeps the channels and adds its input."""

    def __init__(self, channels: int) -> None:
        """Builds it, its weights not yet set."""
        super().__init__()
        self._depthwise = conv_norm(channels, channels, 3, groups=channels, activation=nn.ReLU())
        self._narrow = conv_norm(channels, channels)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns images ``(B, C, H, W)`` of the shape of those given."""
        made: torch.Tensor = images + self._narrow(self._depthwise(images))
        return made


@final
class InvertedResidual(nn.Module):
    """An inverted residual of a kernel and an expansion, ``(B, outputs, H', W')``."""

    def __init__(self, slot: Slot, kernel: int, expand: int, activation: nn.Module) -> None:
        """Builds it, its weights not yet set."""
        super().__init__()
        middle = eighths(slot.inputs * expand)
        self._shortcut = bool(slot.shortcut)
        self._layers = nn.Sequential(
            conv_norm(slot.inputs, middle, activation=activation),
            conv_norm(middle, middle, kernel, slot.stride, middle, activation),
            SqueezeExcitation(middle) if slot.squeeze else nn.Identity(),
            conv_norm(middle, slot.outputs),
        )

    @property
    def parts(self) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
        """What widens, what convolves each channel, what weighs channels, and what narrows."""
        widen, depthwise, gate, narrow = self._layers
        return widen, depthwise, gate, narrow

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns ``(B, outputs, H', W')`` of images ``(B, inputs, H, W)``."""
        made: torch.Tensor = self._layers(images)
        return images + made if self._shortcut else made


@final
class SqueezeExcitation(nn.Module):
    """Weighs each channel by a number from 0 to 1 that the means of all channels decide.

    Hu, Shen and Sun, "Squeeze-and-Excitation Networks", CVPR 2018, with a hard sigmoid.
    """

    def __init__(self, channels: int) -> None:
        """Builds it, its weights not yet set."""
        super().__init__()
        inner = eighths(channels // 4)
        self._squeeze = nn.Conv2d(channels, inner, 1, device="meta").to_empty(device="cpu")
        self._excite = nn.Conv2d(inner, channels, 1, device="meta").to_empty(device="cpu")

    @property
    def convolutions(self) -> tuple[nn.Conv2d, nn.Conv2d]:
        """The one from all channels to a few, and the one back."""
        return self._squeeze, self._excite

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns images ``(B, C, H, W)``, their channels weighed."""
        squeezed = F.relu(self._squeeze(images.mean(dim=(2, 3), keepdim=True)))
        return images * F.hardsigmoid(self._excite(squeezed))


def _elastic_layers(arch: Architecture, slots: tuple[Slot, ...]) -> Iterator[nn.Module]:
    """Yields the layers that the architecture has."""
    codes = layer_codes(np.array([arch.choices]))[0].tolist()
    for at, (slot, code) in enumerate(zip(slots, codes, strict=True)):
        setting = CODES[code]
        if setting is not None:
            kernel, expand = setting
            smooth = at // LAYERS >= FIRST_HARD_SWISH_STAGE
            yield InvertedResidual(slot, kernel, expand, nn.Hardswish() if smooth else nn.ReLU())


def bare(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Returns a convolution with nothing behind it, its weights not yet set."""
    return Convolution(inputs, outputs, (kernel, kernel), stride, groups, bare=True).modules()


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: nn.Module | None = None,
) -> nn.Sequential:
    """Returns a convolution, normalised and perhaps activated, its weights not yet set."""
    convolution = bare(inputs, outputs, kernel, stride, groups)
    norm = nn.BatchNorm2d(outputs, eps=1e-5, momentum=0.1)  # those of the supernet
    return nn.Sequential(*convolution, norm, *([] if activation is None else [activation]))
