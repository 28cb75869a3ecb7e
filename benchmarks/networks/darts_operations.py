"""The operations of the DARTS space, and the convolutions that join its cells.

Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import nn

from agnet.errors import InvalidInput

__all__ = ["FactorizedReduction", "convolution", "operation", "relu_conv_norm"]


def convolution(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
) -> nn.Conv2d:
    """Returns a convolution without bias, its weights not yet set.

    An odd kernel makes a side of ``ceil(n / stride)`` of one of ``n``; an even one cuts off.
    """
    # Made without numbers, so that none are drawn from torch's own generator.
    return nn.Conv2d(
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=dilation * ((kernel - 1) // 2),
        dilation=dilation,
        groups=groups,
        bias=False,
        device="meta",
    ).to_empty(device="cpu")


def relu_conv_norm(inputs: int, outputs: int) -> nn.Sequential:
    """Returns ReLU, a 1x1 convolution and batch normalisation."""
    return nn.Sequential(nn.ReLU(), convolution(inputs, outputs), nn.BatchNorm2d(outputs))


def operation(name: str, channels: int, stride: int = 1) -> nn.Module:
    """Returns an operation as a module, its weights not yet set.

    A separable convolution is ReLU, a convolution a channel, a 1x1 convolution and batch
    normalisation, twice, of which the first halves the resolution; a dilated one is the same once,
    its kernel spread by 2. Pooling does not count what lies outside the image, and is not
    normalised. A skip that halves the resolution is a factorised reduction.

    Args:
        name: One of those of :class:`agnet.spaces.DARTS`.
        channels: That it reads and makes.
        stride: 2 makes sides of ``ceil(n / 2)``.

    Raises:
        InvalidInput: If there is no such operation.
    """
    match name:
        case "max_pool_3x3":
            return nn.MaxPool2d(3, stride, padding=1)
        case "avg_pool_3x3":
            return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
        case "skip_connect":
            return nn.Identity() if stride == 1 else FactorizedReduction(channels, channels)
        case "sep_conv_3x3" | "sep_conv_5x5":
            kernel = int(name[-1])
            first = _by_channel(channels, kernel, stride)
            return nn.Sequential(*first, *_by_channel(channels, kernel))
        case "dil_conv_3x3" | "dil_conv_5x5":
            return nn.Sequential(*_by_channel(channels, int(name[-1]), stride, dilation=2))
    raise InvalidInput(
        f"got the operation {name!r}; expected max_pool_3x3, avg_pool_3x3, skip_connect, "
        "sep_conv_3x3, sep_conv_5x5, dil_conv_3x3 or dil_conv_5x5"
    )


def _by_channel(channels: int, kernel: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    return [
        nn.ReLU(),
        convolution(channels, channels, kernel, stride, channels, dilation),
        convolution(channels, channels),
        nn.BatchNorm2d(channels),
    ]


@final
class FactorizedReduction(nn.Module):
    """Halves the resolution without passing over pixels that both of its parts would miss.

    After ReLU, one half of the channels is a 1x1 convolution of every second pixel, from the first
    on, the other half one from the second on, down and to the right; then batch normalisation. At
    odd sides, what the second half misses beyond the edge is 0.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        """Builds the module, its weights not yet set.

        Args:
            inputs: Channels that it reads.
            outputs: Channels that it makes, at least 2.
        """
        super().__init__()
        self._even = convolution(inputs, outputs // 2, stride=2)
        self._odd = convolution(inputs, outputs - outputs // 2, stride=2)
        self._norm = nn.BatchNorm2d(outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Maps ``(B, inputs, H, W)`` to ``(B, outputs, ceil(H / 2), ceil(W / 2))``."""
        images = F.relu(images)
        shifted = F.pad(images, (0, 1, 0, 1))[:, :, 1:, 1:]
        reduced: torch.Tensor = self._norm(
            torch.cat([self._even(images), self._odd(shifted)], dim=1)
        )
        return reduced
