"""Three sizes of elastic super-networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from agnet.errors import InvalidInput
from agnet.spaces.elastic.config import ElasticConfig, Stage

__all__ = ["ELASTIC_PRESETS", "elastic_preset", "elastic_variants"]

# Strides, squeeze-and-excitation and activations of MobileNetV3-Large (Howard et al., ICCV 2019).
MOBILE: Final = (
    Stage(24, 2),
    Stage(40, 2, squeeze=True),
    Stage(80, 2, activation="hard_swish"),
    Stage(112, 1, squeeze=True, activation="hard_swish"),
    Stage(160, 2, squeeze=True, activation="hard_swish"),
)


def tiny() -> ElasticConfig:
    """For images of 32 pixels, on a CPU, in minutes: the first stage halves what is costly."""
    return ElasticConfig(
        name="tiny",
        stages=(Stage(16, 2), Stage(32, 2), Stage(64, 2)),
        resolutions=(24, 28, 32),
        depths=(1, 2),
        expansions=(2, 3, 4),
        kernels=(3, 5),
        stem_stride=1,
        fixed_block=False,
        head=(2, 2),
    )


def cifar() -> ElasticConfig:
    """For images of 32 pixels, on a GPU, in hours."""
    first, *others = MOBILE
    return ElasticConfig(
        name="cifar",
        stages=(Stage(first.channels, 1), *others),
        resolutions=(24, 28, 32),
        stem_stride=1,
    )


def imagenet() -> ElasticConfig:
    """The two published Once-for-All networks, with an exit after each stage."""
    return ElasticConfig(
        name="imagenet",
        stages=MOBILE,
        resolutions=tuple(range(128, 257, 4)),
        widths=(1.0, 1.2),
        classes=1000,
    )


ELASTIC_PRESETS: Final[Mapping[str, Callable[[], ElasticConfig]]] = {
    "tiny": tiny,
    "cifar": cifar,
    "imagenet": imagenet,
}
"""Configurations by name."""


def elastic_preset(name: str) -> ElasticConfig:
    """Returns one of the configurations ``ELASTIC_PRESETS``.

    Raises:
        InvalidInput: If there is none of that name.
    """
    if name not in ELASTIC_PRESETS:
        raise InvalidInput(
            f"got the super-network {name!r}; expected one of {', '.join(ELASTIC_PRESETS)}"
        )
    return ELASTIC_PRESETS[name]()


def elastic_variants() -> dict[str, ElasticConfig]:
    """Returns every preset with and without early exits, dense skips and parallel blocks, by name.

    The names are those of their spaces, as in ``elastic-tiny-single-dense``.
    """
    found = {}
    for name, make in ELASTIC_PRESETS.items():
        for single, dense, parallel in product((False, True), repeat=3):
            config = replace(make(), early_exits=not single, dense=dense, parallel=parallel)
            words = zip((single, dense, parallel), ("single", "dense", "parallel"), strict=True)
            found["-".join(["elastic", name, *[word for on, word in words if on]])] = config
    return found
