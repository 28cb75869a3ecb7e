"""One pass through shared weights: each part is run as the part of it that a network has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks.elastic import Exit, Level, PlainNetwork
from agnet.benchmarks.networks.mobilenet import FixedBlock, InvertedResidual, SqueezeExcitation
from agnet.benchmarks.supernet.normalising import Normaliser
from agnet.benchmarks.supernet.slicing import smaller_kernel
from agnet.spaces._ofa_mbv3_cost import Slot, eighths
from agnet.spaces.elastic import CONV, ELASTIC, LIGHT, Layer

__all__ = ["run_exit", "run_level", "run_stem"]


def run_stem(
    network: PlainNetwork, images: torch.Tensor, resolution: int, normaliser: Normaliser
) -> torch.Tensor:
    """Brings images to a resolution and runs what all networks begin with."""
    if images.shape[-2:] != (resolution, resolution):
        images = F.interpolate(images, (resolution, resolution), mode="bilinear")
    return _run(network.stem, images, normaliser)


def run_exit(
    network: PlainNetwork, stage: int, images: torch.Tensor, normaliser: Normaliser
) -> torch.Tensor:
    """Returns what the exit after a stage, counted from 1, says of what the stage made."""
    end = cast("Exit", network.exits[str(stage)])
    return end.classified(_run(end.widen, images, normaliser))


def run_level(
    level: Level,
    slot: Slot,
    layer: Layer,
    maps: Mapping[str, torch.Tensor],
    images: torch.Tensor,
    normaliser: Normaliser,
) -> torch.Tensor:
    """Runs the branches that a layer has, the elastic one as narrow and short as it says."""
    made = []
    if layer.branches & ELASTIC:
        made.append(_elastic(level, slot, layer, maps, images, normaliser))
    for bit, name in ((CONV, "conv"), (LIGHT, "light")):
        if layer.branches & bit:
            branch = cast("nn.Sequential", level.branches[name])
            made.append(_run(branch, images, normaliser))
    total = made[0]
    for other in made[1:]:
        total = total + other
    return total


def _run(parts: Iterable[nn.Module], images: torch.Tensor, normaliser: Normaliser) -> torch.Tensor:
    """Runs modules at their full width, with their norms left to the normaliser."""
    for part in parts:
        if isinstance(part, nn.BatchNorm2d):
            images = normaliser(images, part)
        elif isinstance(part, FixedBlock):
            inner = [module for child in part.children() for module in child.children()]
            images = images + _run(inner, images, normaliser)
        else:
            images = part(images)
    return images


def _elastic(
    level: Level,
    slot: Slot,
    layer: Layer,
    maps: Mapping[str, torch.Tensor],
    images: torch.Tensor,
    normaliser: Normaliser,
) -> torch.Tensor:
    widen, depthwise, gate, narrow = cast("InvertedResidual", level.branches["elastic"]).parts
    middle = eighths(slot.inputs * layer.expansion)
    weight = _convolution(widen).weight[:middle]
    made = _behind(widen, F.conv2d(images, weight), normaliser)
    weight = smaller_kernel(_convolution(depthwise).weight[:middle], layer.kernel, maps)
    made = F.conv2d(made, weight, None, slot.stride, layer.kernel // 2, groups=middle)
    made = _behind(depthwise, made, normaliser)
    if isinstance(gate, SqueezeExcitation):
        made = _gated(gate, made)
    weight = _convolution(narrow).weight[:, :middle]
    made = _behind(narrow, F.conv2d(made, weight), normaliser)
    return images + made if slot.shortcut else made


def _convolution(part: nn.Module) -> nn.Conv2d:
    return cast("nn.Conv2d", next(part.children()))


def _behind(part: nn.Module, images: torch.Tensor, normaliser: Normaliser) -> torch.Tensor:
    """Runs what follows the convolution of a part: its norm, and perhaps an activation."""
    _, *others = part.children()
    return _run(others, images, normaliser)


def _gated(gate: SqueezeExcitation, images: torch.Tensor) -> torch.Tensor:
    channels = images.shape[1]
    inner = eighths(channels // 4)
    squeeze, excite = gate.convolutions
    means = images.mean(dim=(2, 3), keepdim=True)
    bias = _bias(squeeze)[:inner]
    squeezed = F.relu(F.conv2d(means, squeeze.weight[:inner, :channels], bias))
    bias = _bias(excite)[:channels]
    weighed = F.conv2d(squeezed, excite.weight[:channels, :inner], bias)
    return images * F.hardsigmoid(weighed)


def _bias(convolution: nn.Conv2d) -> torch.Tensor:
    return cast("torch.Tensor", convolution.bias)
