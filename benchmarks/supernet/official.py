"""Weights of the published Once-for-All networks, from a file that a user has.

The official files (``ofa_mbv3_d234_e346_k357_w1.0`` and ``w1.2``) hold weights by name. The names
differ between releases: blocks are ``conv`` or ``mobile_inverted_conv``, and the layers inside them
``conv.conv`` or ``conv``, ``bn.bn`` or ``bn``. No such file was at hand when this was written: it
was tried on files of the same layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from agnet.benchmarks.networks.elastic import Exit
from agnet.benchmarks.networks.mobilenet import InvertedResidual, SqueezeExcitation
from agnet.benchmarks.supernet.network import SharedWeights, SuperNetwork
from agnet.errors import CheckpointError, InvalidInput
from agnet.files import read_state

__all__ = ["load_official", "official_names"]


@torch.no_grad()
def load_official(
    net: SuperNetwork, path: Path, *, width: float = 1.0, classifier: bool = True
) -> tuple[str, ...]:
    """Puts the weights of an official file into a super-network.

    Running statistics are left out: those of a super-network are of no network; calibrate instead.

    Args:
        net: The super-network, with the stages of the preset ``imagenet``; earlier exits, which the
            published networks do not have, keep their weights.
        path: The file.
        width: For which of the super-network's widths the file is.
        classifier: Whether to take the classifier too, which knows the 1000 classes of ImageNet.

    Returns:
        The names of the weights that the file does not have, and which are as they were.

    Raises:
        CheckpointError: If the file is damaged, holds something else, or weights of other shapes;
            nothing is changed then.
        InvalidInput: If the super-network is not of such a form, or has no such width.
    """
    config = net.config
    if config.parallel or not config.fixed_block or width not in config.widths:
        raise InvalidInput(
            f"got the width {width} and the super-network {net.space.name}; expected one of "
            f"{', '.join(map(str, config.widths))}, and a network with the fixed block and without "
            "parallel blocks, such as the preset imagenet"
        )
    there = _read(path)
    weights = cast("SharedWeights", net.weights[config.widths.index(width)])
    named = dict(official_names(net, weights))
    if not classifier:
        named = {name: at for name, at in named.items() if not name.startswith("classifier.")}
        there = {name: at for name, at in there.items() if not name.startswith("classifier.")}
    _check(path, named, there)
    for name, parameter in named.items():
        parameter.copy_(there[name])
    filled = {id(parameter) for parameter in named.values()}
    return tuple(name for name, one in weights.named_parameters() if id(one) not in filled)


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Reads a file, and gives its weights names that are the same for all releases."""
    content: Any = read_state(path, "a Once-for-All network")
    found = content.get("state_dict", content)
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(one, torch.Tensor) for name, one in found.items()
    ):
        raise CheckpointError(
            f"{path} holds no weights; expected a dictionary of tensors, or one under state_dict"
        )
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    return {
        _modern(name): one
        for name, one in found.items()
        if name.rpartition(".")[2] not in statistics
    }


def _modern(name: str) -> str:
    """Takes away what releases differ in: repeated words, and the old name of blocks."""
    parts: list[str] = []
    for part in name.replace(".mobile_inverted_conv.", ".conv.").split("."):
        if not (parts and parts[-1] == part and part in ("conv", "bn", "linear")):
            parts.append(part)
    return ".".join(parts)


def _check(
    path: Path, named: Mapping[str, torch.Tensor], there: Mapping[str, torch.Tensor]
) -> None:
    missing, unknown = sorted(set(named) - set(there)), sorted(set(there) - set(named))
    if missing or unknown:
        what = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which is unknown"
        raise CheckpointError(
            f"{path} {what} ({len(missing)} missing, {len(unknown)} unknown); expected the "
            "official Once-for-All MobileNetV3 of the same depths, expansions and kernels"
        )
    for name, parameter in named.items():
        if there[name].shape != parameter.shape:
            advice = "; use classifier=False" if name.startswith("classifier.") else ""
            raise CheckpointError(
                f"{path} has {name} of shape {tuple(there[name].shape)}; expected "
                f"{tuple(parameter.shape)}: another width, or another number of classes{advice}"
            )


Named = Iterator[tuple[str, nn.Parameter]]


def official_names(net: SuperNetwork, weights: SharedWeights) -> Named:
    """Yields the weights that official files have, by names with no word said twice."""
    largest, config = weights.largest, net.config
    convolution, norm, _, block = largest.stem
    yield from _conv_norm("first_conv", [convolution, norm])
    depthwise, narrow = block.children()
    yield from _conv_norm("blocks.0.conv.depth_conv", depthwise)
    yield from _conv_norm("blocks.0.conv.point_linear", narrow)
    for stage in range(len(config.stages)):
        for layer in range(config.layers):
            prefix = f"blocks.{1 + stage * config.layers + layer}.conv"
            yield from _block(prefix, largest.level(stage, layer).branches["elastic"])
            for name, mapped in weights.maps_of(stage, layer).items():
                yield f"{prefix}.depth_conv.conv.{name}_matrix", cast("nn.Parameter", mapped)
    end = cast("Exit", largest.exits[str(config.exits[-1])])
    yield from _conv_norm("final_expand_layer", end.widen)
    yield "feature_mix_layer.conv.weight", next(end.mix.parameters())
    for name, parameter in end.classifier.named_parameters():
        yield f"classifier.linear.{name}", parameter


def _block(prefix: str, branch: nn.Module) -> Named:
    widen, depthwise, gate, narrow = cast("InvertedResidual", branch).parts
    yield from _conv_norm(f"{prefix}.inverted_bottleneck", widen)
    yield from _conv_norm(f"{prefix}.depth_conv", depthwise)
    if isinstance(gate, SqueezeExcitation):
        for name, child in zip(("reduce", "expand"), gate.convolutions, strict=True):
            for kind, parameter in child.named_parameters():
                yield f"{prefix}.depth_conv.se.fc.{name}.{kind}", parameter
    yield from _conv_norm(f"{prefix}.point_linear", narrow)


def _conv_norm(prefix: str, part: Any) -> Named:
    convolution, norm, *_ = part
    yield f"{prefix}.conv.weight", convolution.weight
    yield f"{prefix}.bn.weight", norm.weight
    yield f"{prefix}.bn.bias", norm.bias
