"""One iteration: all distributions learn from the samples of all.

After Noda, Saito and Shirakawa, "Efficient Search of Multiple Neural Architectures with Different
Complexities via Importance Sampling", ICANN 2022. Where the values come from is not its business: a
table, trainings, or a super-network that all distributions share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from agnet.strategies.importance.asng import Pace, State, natural_gradient, step
from agnet.strategies.importance.categorical import Array, Integers, Variables, one_hot
from agnet.strategies.importance.utility import utility
from agnet.strategies.importance.weights import Weighting, effective_share

__all__ = ["Learnt", "Rules", "learn"]


@final
@dataclass(frozen=True)
class Rules:
    """How distributions learn.

    Attributes:
        variables: What is drawn.
        least: Floors ``(D,)`` of the probabilities.
        weighting: How samples of others count.
        utility: ``quantile`` or ``standardised``.
        pace: How far steps go.
    """

    variables: Variables
    least: Array
    weighting: Weighting = Weighting()
    utility: str = "quantile"
    pace: Pace = Pace()


@final
@dataclass(frozen=True)
class Learnt:
    """What came of an iteration.

    Attributes:
        state: The distributions after it.
        effective: ``(..., K)``, the effective share of the samples.
        heaviest: ``(..., K)``, the largest weight.
    """

    state: State
    effective: Array
    heaviest: Array


def learn(
    state: State,
    choices: npt.NDArray[np.integer],
    origin: Integers,
    values: Array,
    rules: Rules,
) -> Learnt:
    """Updates all distributions from one frozen state of theirs.

    Args:
        state: The distributions that the samples were drawn from.
        choices: Samples ``(..., n, D)``.
        origin: ``(..., n)``, of which distribution each is.
        values: ``(..., K, n)``, what each is worth to each distribution, to be minimised.
        rules: How they learn.
    """
    hot = one_hot(choices, state.theta.shape[-1])
    weights = rules.weighting.of(state.theta, hot, origin)
    # The ranks are weighted too: unweighted, they would say how good a sample is for the mixture.
    credit = weights * utility(rules.utility, values, weights)
    gradient = natural_gradient(state.theta, hot, credit)
    after = step(state, gradient, rules.variables, rules.pace, rules.least)
    return Learnt(after, effective_share(weights), weights.max(axis=-1))
