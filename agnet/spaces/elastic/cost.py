"""Parameters and multiply-adds of elastic networks in closed form, without building any."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from agnet.spaces._ofa_mbv3_cost import Slot, conv, layer_macs, layer_params, side
from agnet.spaces.elastic.config import CONV, ELASTIC, LIGHT, ElasticConfig, Layer

__all__ = ["macs_tables", "params_tables"]

Tables = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@cache
def params_tables(config: ElasticConfig) -> Tables:
    """Trainable parameters, biases and norms included.

    Returns:
        ``(W, X)``, those of the stem and the exit, of ``W`` widths and ``X`` exits, and
        ``(W, S, L, K)``, those of each layer by its code.
    """

    def ends(width: float, stage: int) -> int:
        return _stem_params(config, width) + _exit_params(config, width, stage)

    return _tables(config, ends, _params)


@cache
def macs_tables(config: ElasticConfig) -> Tables:
    """Multiply-adds of convolutions and of the classifier; all else is free.

    Returns:
        ``(R, W, X)`` and ``(R, W, S, L, K)``, as of parameters, for ``R`` resolutions.
    """

    def at(resolution: int) -> Tables:
        def ends(width: float, stage: int) -> int:
            return _stem_macs(config, width, resolution) + _exit_macs(
                config, width, stage, resolution
            )

        return _tables(config, ends, lambda slot, layer: _macs(slot, layer, resolution))

    fixed, table = zip(*map(at, config.resolutions), strict=True)
    return np.stack(fixed), np.stack(table)


def _tables(
    config: ElasticConfig,
    ends: Callable[[float, int], int],
    cost: Callable[[Slot, Layer], int],
) -> Tables:
    """What the ends of networks cost, by width and exit, and what layers do, by width and code."""
    fixed = [[ends(width, last - 1) for last in config.exits] for width in config.widths]

    def by_code(slot: Slot) -> list[int]:
        return [cost(slot, layer) if layer else 0 for layer in config.codes]

    table = [
        [[by_code(slot) for slot in stage] for stage in config.slots(width)]
        for width in config.widths
    ]
    return np.array(fixed, dtype=np.int64), np.array(table, dtype=np.int64)


def _stem_weights(config: ElasticConfig, width: float) -> int:
    channels = config.stem_channels(width)
    first = conv(config.channels, channels, 3)
    block = conv(channels, channels, 3, channels) + conv(channels, channels)
    return first + block * config.fixed_block


def _stem_params(config: ElasticConfig, width: float) -> int:
    norms = 2 * config.stem_channels(width) * (1 + 2 * config.fixed_block)
    return _stem_weights(config, width) + norms


def _stem_macs(config: ElasticConfig, width: float, resolution: int) -> int:
    return side(resolution, config.stem_stride - 1) ** 2 * _stem_weights(config, width)


def _exit_params(config: ElasticConfig, width: float, stage: int) -> int:
    channels, expanded, features = config.head_channels(stage, width)
    convolutions = conv(channels, expanded) + conv(expanded, features)
    return convolutions + 2 * expanded + (features + 1) * config.classes


def _exit_macs(config: ElasticConfig, width: float, stage: int, resolution: int) -> int:
    channels, expanded, features = config.head_channels(stage, width)
    pixels = _after(config.slots(width)[stage][0], resolution) ** 2
    pooled = conv(expanded, features) + features * config.classes
    return pixels * conv(channels, expanded) + pooled


def _after(slot: Slot, resolution: int) -> int:
    return side(resolution, slot.halvings + slot.stride - 1)


def _params(slot: Slot, layer: Layer) -> int:
    """Those of the branches that are there; the light one has a convolution to change channels."""
    elastic = layer_params(slot, layer.kernel, layer.expansion) if layer.branches & ELASTIC else 0
    changes = slot.inputs != slot.outputs
    convolutions = bool(layer.branches & CONV) + (changes and bool(layer.branches & LIGHT))
    norms = bool(layer.branches & CONV) + bool(layer.branches & LIGHT)
    others = convolutions * conv(slot.inputs, slot.outputs) + norms * 2 * slot.outputs
    return elastic + others


def _macs(slot: Slot, layer: Layer, resolution: int) -> int:
    elastic = (
        layer_macs(slot, layer.kernel, layer.expansion, resolution)
        if layer.branches & ELASTIC
        else 0
    )
    changes = slot.inputs != slot.outputs
    convolutions = bool(layer.branches & CONV) + (changes and bool(layer.branches & LIGHT))
    pixels = _after(slot, resolution) ** 2
    return elastic + convolutions * pixels * conv(slot.inputs, slot.outputs)
