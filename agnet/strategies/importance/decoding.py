"""What drawn choices stand for: in most spaces not every vector is an architecture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architectures, SearchSpace

__all__ = ["decoded"]


def decoded(
    space: SearchSpace, choices: npt.NDArray[np.integer]
) -> tuple[Architectures, npt.NDArray[np.bool_]]:
    """Returns the architectures that vectors stand for, and which of ``(n, D)`` stand for one.

    A vector that is no architecture stands for the one that it becomes when each option that
    earlier choices rule out is replaced by the next one that they allow, in a circle. The same
    vector always stands for the same architecture, so that what a distribution is worth is well
    defined. Only members of a part of a space can be missed even so: such vectors stand for none.
    """
    fixed = choices.astype(np.int16)
    wrong = ~space.is_valid(fixed)
    if wrong.any():
        fixed[wrong] = _allowed(space, fixed[wrong])
    good = space.is_valid(fixed)
    return space.from_choices(fixed[good]), good


def _allowed(space: SearchSpace, choices: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    fixed: npt.NDArray[np.int16] = choices.copy()
    rows = np.arange(len(choices))
    for step, at in enumerate(space.choice_order):
        allowed = space.allowed(fixed, step)
        options = allowed.shape[1]
        circle = (fixed[:, at, None] + np.arange(options)) % options
        first = np.take_along_axis(allowed, circle, axis=1).argmax(axis=1)
        fixed[:, at] = circle[rows, first]
    return fixed
