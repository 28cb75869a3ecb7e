"""Prices of complexity: what adds performance and complexity up to one number for each search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes, total_excess
from agnet.strategies.base import Problem
from agnet.strategies.candidates import LISTED
from agnet.strategies.importance.categorical import Array

__all__ = ["SAMPLE", "Prices", "measure", "middle", "parse_coefficients", "price_grid"]

LEAST, MOST = 1 / 16, 3.0  # of the usual exchange rate: the ends of the grid
SAMPLE: Final = 1000  # architectures of which a computed complexity is known beforehand
AUTO: Final = "auto"


@final
@dataclass(frozen=True)
class Prices:
    """``K`` weighted sums of the first objective and a complexity.

    The complexity is the mean of the other objectives, each scaled by the range that it was found
    to have; where that is from samples, it can leave 0 to 1 a little.

    Attributes:
        low: ``(M - 1,)``, the least of each of the other objectives.
        span: ``(M - 1,)``, how far it ranges.
        coefficients: ``(K,)``, the price of all that range, in the unit of the first objective.
    """

    low: Array
    span: Array
    coefficients: Array

    def values(self, outcomes: Outcomes) -> Array:
        """The sums ``(K, n)``, finite numbers to be minimised.

        What breaks a limit comes after all that keeps them, by how much it does; what failed, or is
        infinite, comes last.
        """
        known = outcomes.finite
        good = known & outcomes.feasible
        numbers = np.where(good[:, None], outcomes.objectives, 0.0)
        sums = numbers[:, 0] + self.coefficients[:, None] * self.complexity(numbers)
        if not good.any():
            sums, worst, step = np.zeros_like(sums), 0.0, 1.0
        else:
            worst = sums[:, good].max(axis=1, keepdims=True)
            step = np.maximum(np.ptp(sums[:, good], axis=1, keepdims=True), 1.0)
        over = total_excess(np.where(known[:, None], outcomes.excess, 0.0))
        behind = np.where(known, 1 + over / max(over.max(initial=0.0), 1.0), 3.0)
        return np.asarray(np.where(good, sums, worst + step * behind))

    def complexity(self, objectives: Array) -> Array:
        """The complexity ``(n,)`` of objectives ``(n, M)``; 0 if there is one."""
        if not len(self.low):
            return np.zeros(len(objectives))
        return np.asarray(((objectives[:, 1:] - self.low) / self.span).mean(axis=1))


def parse_coefficients(text: str) -> tuple[float, ...]:
    """Reads numbers with commas between them; none for ``auto``.

    Raises:
        InvalidInput: If it is something else, or they do not rise from 0 or more.
    """
    if text == AUTO:
        return ()
    try:
        numbers = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        numbers = ()
    rising = all(a < b for a, b in zip((-1.0, *numbers), numbers, strict=False))
    if not numbers or not np.isfinite(numbers).all() or not rising or numbers[0] < 0:
        raise InvalidInput(
            f"got the coefficients {text!r}; expected {AUTO}, or rising numbers from 0 on with "
            "commas between them, as in 0,3,10,40"
        )
    return numbers


def price_grid(rate: float, k: int) -> Array:
    """The prices ``(k,)``: 0, then from a sixteenth to three times the usual exchange rate.

    Args:
        rate: How far the first objective usually ranges, by how far the complexity does.
        k: How many.
    """
    if k == 1:
        return np.zeros(1)
    return np.concatenate([[0.0], rate * np.geomspace(LEAST, MOST, k - 1)])


def measure(
    problem: Problem,
    outcomes: Outcomes,
    coefficients: tuple[float, ...],
    k: int,
    rng: np.random.Generator,
) -> Prices:
    """Finds ranges and, if none are given, coefficients.

    Costs that can be computed are measured over the whole space, or a sample if it is large; what
    has to be evaluated over the first outcomes. Usual ranges are those of the middle half: failures
    would inflate deviations.

    Args:
        problem: What is searched.
        outcomes: The first ones, of random architectures; with a complexity, at least one finite.
        coefficients: Those given.
        k: How many are wanted if none are.
        rng: Draws the sample.
    """
    if len(problem.objectives) == 1:
        return Prices(np.empty(0), np.empty(0), np.zeros(1))
    rows = outcomes.objectives[outcomes.finite]
    computed = all(one.metric in problem.known for one in problem.objectives[1:])
    costs = _computed_costs(problem, rng) if computed else rows[:, 1:]
    low, span = costs.min(axis=0), np.ptp(costs, axis=0)
    prices = Prices(low, np.where(span > 0, span, 1.0), np.array(coefficients))
    if coefficients:
        return prices
    padded = np.concatenate([np.zeros((len(costs), 1)), costs], axis=1)
    usual = middle(prices.complexity(padded)) or 1.0
    return Prices(prices.low, prices.span, price_grid((middle(rows[:, 0]) or 1.0) / usual, k))


def _computed_costs(problem: Problem, rng: np.random.Generator) -> Array:
    space = problem.space
    archs = space.enumerate() if space.size <= LISTED else space.sample(SAMPLE, rng)
    columns = [one.sign * problem.known[one.metric](archs) for one in problem.objectives[1:]]
    return np.stack(columns, axis=1)


def middle(values: Array) -> float:
    """How far the middle half ranges; all of them if that is one point."""
    upper, lower = np.percentile(values, [75, 25])
    return float(upper - lower) or float(np.ptp(values))
