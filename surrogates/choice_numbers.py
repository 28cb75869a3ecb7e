"""The choices of an architecture as numbers whose order means something, for trees and splines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architecture, SearchSpace
from agnet.spaces.elastic import ElasticSpace

__all__ = ["choice_numbers"]


def choice_numbers(space: SearchSpace, archs: Sequence[Architecture]) -> npt.NDArray[np.float64]:
    """Returns the choices ``(B, F)`` of canonical architectures.

    Of elastic networks, where one choice holds several options, each option has a column.
    """
    choices = space.to_choices(archs)
    if isinstance(space, ElasticSpace):
        return space.genes.described(choices).astype(np.float64)
    return choices.astype(np.float64)
