"""Least probabilities: what keeps a distribution from never drawing an option again.

Akimoto et al., "Adaptive Stochastic Natural Gradient Method for One-Shot Neural Architecture
Search", ICML 2019; the higher one by Hamano et al., "CatCMA: Stochastic Optimization for
Mixed-Category Problems", GECCO 2024.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.strategies.importance.categorical import Array, Variables

__all__ = ["FLOORS", "floored", "floors"]

FLOORS: Final = ("catcma", "asng", "value")
KEPT: Final = 0.73  # how likely a converged distribution of CatCMA draws its mode
MOST: Final = 0.6  # of the uniform probability: above it, hardly anything could be learnt


def floors(variables: Variables, kind: str, value: float) -> Array:
    """The least probability ``(D,)`` of an option of each variable.

    Args:
        variables: What is drawn.
        kind: ``catcma`` if a distribution that has converged is to draw its mode with probability
            0.73; ``asng`` for about 1/e, but at most 0.6 of the uniform probability, which it would
            exceed with up to three variables of few options; ``value`` for the one that is given.
        value: That one, below the uniform probability of every choice.

    Raises:
        InvalidInput: If the value leaves nothing to be learnt.
    """
    sizes = np.array(variables.sizes, dtype=np.float64)
    others = np.maximum(sizes - 1, 1.0)
    if kind == "catcma":
        least = (1 - KEPT ** (1 / len(sizes))) / others
    elif kind == "asng":
        least = 1 / (len(sizes) * others)
    else:
        _check_value(value, max(variables.sizes))
        return np.where(sizes > 1, value, 0.0)
    return np.asarray(np.where(sizes > 1, np.minimum(least, MOST / sizes), 0.0))


def _check_value(value: float, options: int) -> None:
    if options > 1 and not 0 <= value < 1 / options:
        raise InvalidInput(
            f"got the least probability {value:g}, of a choice of {options} options; expected less "
            f"than the uniform {1 / options:g}, as else nothing can be learnt: set least to about "
            "a tenth of that, or floor to catcma"
        )


def floored(theta: Array, least: Array, variables: Variables) -> Array:
    """Raises probabilities ``(..., K, D, C)`` to the least ones, at the cost of what lies above.

    The excess of a row over 1 is taken in proportion to how far its entries are above the floor.
    """
    bound = np.where(variables.mask, least[:, None], 0.0)
    raised = np.where(variables.mask, np.maximum(theta, bound), 0.0)
    above = raised - bound
    excess = raised.sum(axis=-1, keepdims=True) - 1
    return np.asarray(raised - above * (excess / above.sum(axis=-1, keepdims=True)))
