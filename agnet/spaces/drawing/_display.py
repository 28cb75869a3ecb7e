"""What a notebook shows of an architecture, of a batch and of a space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from agnet.markup import Markup, element
from agnet.spaces.architectures import Architecture, Architectures
from agnet.spaces.drawing._rendering import svg

if TYPE_CHECKING:
    from agnet.spaces.base import SearchSpace

__all__ = ["architecture_shown", "batch_shown", "space_shown"]

DRAWN: Final = 3
COUNTED: Final = 10**9  # of a larger number a power of ten is said


def architecture_shown(arch: Architecture) -> Markup:
    """Returns one architecture, drawn, with its text."""
    caption = element("figcaption", element("code", str(arch)))
    return element("figure", [Markup(svg(arch)), caption], style="margin:0 0 1em 0")


def batch_shown(archs: Architectures) -> Markup:
    """Returns how many there are, the first few of them drawn."""
    said = _counted(len(archs), archs.space.name)
    if len(archs) > DRAWN:
        said += f", of which {DRAWN} are drawn"
    drawn = [architecture_shown(arch) for arch in archs[:DRAWN]]
    return element("div", [element("p", said), *drawn])


def space_shown(space: SearchSpace) -> Markup:
    """Returns the name and the size of a space, and one of its architectures drawn."""
    said = [element("strong", space.name), f": {_number(space.size)} architectures. One of them:"]
    example = space.sample(1, np.random.default_rng(0))[0]
    return element("div", [element("p", said), architecture_shown(example)])


def _counted(count: int, name: str) -> str:
    return f"{count:,} architecture{'' if count == 1 else 's'} of {name}"


def _number(size: int) -> str:
    return f"{size:,}" if size < COUNTED else f"more than 10^{int(math.log10(size))}"
