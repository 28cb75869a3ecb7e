"""One step of the adaptive stochastic natural gradient, for all distributions at once.

Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, "Adaptive Stochastic Natural Gradient
Method for One-Shot Neural Architecture Search", ICML 2019, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from agnet.strategies.importance.categorical import Array, Variables
from agnet.strategies.importance.floors import floored

__all__ = ["Pace", "State", "natural_gradient", "start", "step"]

STILL: Final = 1e-12  # the length of a gradient without a direction
DAMPING: Final = (1e-3, 1e6)  # within which the length of steps adapts


@final
@dataclass(frozen=True)
class State:
    """Distributions on their way.

    Attributes:
        theta: Probabilities ``(..., K, D, C)``.
        path: ``(..., K, D, C)``, the directions of past steps, summed up and forgotten: ``s``.
        gain: ``(..., K)``, the length that the path would have by chance: ``gamma``.
        damping: ``(..., K)``, by what steps are shorter than at first: ``Delta``.
    """

    theta: Array
    path: Array
    gain: Array
    damping: Array


@final
@dataclass(frozen=True)
class Pace:
    """How far a step goes.

    Attributes:
        delta: Its length at first, in the Fisher metric.
        alpha: How much longer than by chance a path has to be for steps to get longer.
    """

    delta: float = 0.5
    alpha: float = 1.5


def start(variables: Variables, k: int, lead: Sequence[int] = ()) -> State:
    """``k`` uniform distributions that have made no step, with leading dimensions."""
    theta = np.broadcast_to(variables.uniform, (*lead, k, *variables.uniform.shape)).copy()
    ones = np.ones((*lead, k))
    return State(theta, np.zeros_like(theta), np.zeros_like(ones), ones)


def natural_gradient(theta: Array, hot: Array, credit: Array) -> Array:
    """The estimate ``mean_i credit_i (T_i - theta)`` of the natural gradient, ``(..., K, D, C)``.

    Args:
        theta: Probabilities ``(..., K, D, C)``.
        hot: Samples ``(..., n, D, C)`` of zeros and ones: T.
        credit: ``(..., K, n)``, weight times utility of each sample.
    """
    n = hot.shape[-3]
    flat = hot.reshape(*hot.shape[:-2], -1)
    statistics = (credit @ flat).reshape(*credit.shape[:-1], *hot.shape[-2:])
    return np.asarray((statistics - credit.sum(axis=-1)[..., None, None] * theta) / n)


def step(state: State, gradient: Array, variables: Variables, pace: Pace, least: Array) -> State:
    """Goes one step of a length of its own along each gradient ``(..., K, D, C)``.

    A distribution whose gradient has no direction stays as it is, with all of its memory.

    Args:
        state: The distributions.
        gradient: Their natural gradients, in the direction of what is better.
        variables: What is drawn.
        pace: How far steps go.
        least: Floors ``(D,)``.
    """
    root = np.sqrt(np.where(variables.mask, state.theta, 1.0))
    local = gradient / root  # F^(1/2) G, in all C coordinates
    length = np.sqrt((local**2).sum(axis=(-2, -1)))
    moves = length > STILL
    over = np.where(moves, length, 1.0)[..., None, None]
    delta = pace.delta / state.damping
    theta = floored(state.theta + delta[..., None, None] * gradient / over, least, variables)
    # Steps as long as that would make the roots below imaginary.
    beta = np.minimum(delta / np.sqrt(max(variables.free, 1)), 1.0)
    fresh = beta * (2 - beta)
    path = (1 - beta)[..., None, None] * state.path + np.sqrt(fresh)[..., None, None] * local / over
    gain = (1 - beta) ** 2 * state.gain + fresh
    agreement = (path**2).sum(axis=(-2, -1)) / pace.alpha
    damping = np.clip(state.damping * np.exp(beta * (gain - agreement)), *DAMPING)
    wide = moves[..., None, None]
    return State(
        np.where(wide, theta, state.theta),
        np.where(wide, path, state.path),
        np.where(moves, gain, state.gain),
        np.where(moves, damping, state.damping),
    )
