"""Many searches by shared draws side by side, on problems whose every value is known.

Every draw counts as an evaluation, also of what was drawn before: that is how one-shot searches
are compared. What a search has found are the modes of its distributions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.strategies.importance.asng import Pace, State, natural_gradient, start, step
from agnet.strategies.importance.categorical import Variables, draw, modes, one_hot, origins
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.shared_step import Learnt, Rules, learn
from agnet.strategies.importance.utility import utility
from agnet.strategies.importance.weights import Weighting, effective_share

__all__ = ["Arm", "Task", "Trace", "first_below", "follow", "regrets"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNCUT: Final = float("inf")


@final
@dataclass(frozen=True)
class Arm:
    """One way to search.

    Attributes:
        weighting: How samples of others count; ``own`` for separate searches.
        own: Samples of each distribution in an iteration.
        delta: The length of the first steps.
        floor: What keeps every option possible.
        utility: What a value is worth.
        ranks: Whether ranks are weighted, as they should be.
        moves: Whether it learns at all; else it is random search.
        noise: The deviation of what is added to each loss that is learnt from.
    """

    weighting: Weighting = field(default_factory=lambda: Weighting(truncation=UNCUT))
    own: int = 2
    delta: float = 0.5
    floor: str = "catcma"
    utility: str = "quantile"
    ranks: bool = True
    moves: bool = True
    noise: float = 0.0


@final
@dataclass(frozen=True)
class Task:
    """A problem.

    Attributes:
        sizes: Options of the ``D`` variables.
        coefficients: ``(K,)``, prices of the complexity.
        look_up: Loss and complexity, each ``(S, n)``, of the choices ``(S, n, D)`` of ``S`` runs.
        best: ``(K,)`` or ``(S, K)``, the least there is of each weighted sum.
        usual: The same of its median.
    """

    sizes: tuple[int, ...]
    coefficients: Array
    look_up: Callable[[Integers], tuple[Array, Array]]
    best: Array
    usual: Array

    def sums(self, loss: Array, cost: Array) -> Array:
        """Weighted sums ``(S, K, n)``."""
        return np.asarray(loss[:, None] + self.coefficients[:, None] * cost[:, None])

    def regret(self, sums: Array) -> Array:
        """How far sums ``(S, K)`` are above the least: 1 for the median."""
        return np.asarray((sums - self.best) / (self.usual - self.best))


@final
@dataclass(frozen=True)
class Trace:
    """What ``S`` runs came to in ``T`` iterations of ``n`` evaluations each.

    Attributes:
        n: Evaluations of an iteration.
        modes: ``(T, S, K, D)``.
        regret: ``(T, S)``, of the modes, a mean over distributions.
        archive: ``(T, S)``, the same of the best that was drawn so far, for whichever distribution.
        effective: ``(T, S)``, the effective share of samples.
    """

    n: int
    modes: Integers
    regret: Array
    archive: Array
    effective: Array

    def at(self, evaluations: int) -> int:
        """The iteration with which so many evaluations have been made."""
        return max(evaluations // self.n, 1) - 1


def regrets(task: Task, found: Integers) -> Array:
    """The regret ``(S, K)`` of modes ``(S, K, D)``."""
    loss, cost = task.look_up(found)
    return task.regret(loss + task.coefficients * cost)


def follow(task: Task, arm: Arm, evaluations: int, runs: int, rng: np.random.Generator) -> Trace:
    """Runs an arm."""
    variables, k = Variables(task.sizes), len(task.coefficients)
    least, pace = floors(variables, arm.floor, 0.0), Pace(arm.delta)
    rules = Rules(variables, least, arm.weighting, arm.utility, pace)
    state, best = start(variables, k, (runs,)), np.full((runs, k), np.inf)
    rows: list[tuple[Integers, Array, Array, Array]] = []
    for _ in range(evaluations // (k * arm.own)):
        origin = origins(k, arm.own, rng, "stratified", (runs,))
        choices = draw(state.theta, origin, rng)
        loss, cost = task.look_up(choices)
        best = np.minimum(best, task.sums(loss, cost).min(axis=-1))
        seen = loss + arm.noise * rng.standard_normal(loss.shape) if arm.noise else loss
        iterate = learn if arm.ranks else unranked
        learnt = iterate(state, choices, origin, task.sums(seen, cost), rules)
        state = learnt.state if arm.moves else state
        found, share = modes(state.theta), learnt.effective.mean(axis=-1)
        regret, archive = regrets(task, found).mean(axis=-1), task.regret(best).mean(axis=-1)
        rows.append((found.astype(np.int8), regret, archive, share))
    return Trace(k * arm.own, *(np.stack(column) for column in zip(*rows, strict=True)))


def unranked(
    state: State, choices: Integers, origin: Integers, values: Array, rules: Rules
) -> Learnt:
    """An iteration as :func:`learn` makes it, but for ranks without weights, to compare with."""
    hot = one_hot(choices, state.theta.shape[-1])
    weights = rules.weighting.of(state.theta, hot, origin)
    worth = utility(rules.utility, values, np.ones_like(weights))
    # Their weighted mean is not 0, as that of weighted ranks is.
    mean = (weights * worth).sum(-1, keepdims=True) / weights.sum(-1, keepdims=True)
    gradient = natural_gradient(state.theta, hot, weights * (worth - mean))
    after = step(state, gradient, rules.variables, rules.pace, rules.least)
    return Learnt(after, effective_share(weights), weights.max(axis=-1))


def first_below(trace: Trace, level: float) -> list[int | None]:
    """Evaluations of each run until its regret is at most that for the second time in a row."""
    low = trace.regret <= level
    both = low[1:] & low[:-1]
    return [int((column.argmax() + 2) * trace.n) if column.any() else None for column in both.T]
