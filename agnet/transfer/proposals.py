"""Who comes next: what a strategy proposes on the records of the moment."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks import Inherited, find_metric
from agnet.spaces import Architectures, SearchSpace
from agnet.strategies import NAT, Problem, Strategy, make_strategy
from agnet.strategies.candidates import mutants
from agnet.strategies.nat import beginning
from agnet.transfer.policy import Policy
from agnet.transfer.records import Aim, Records

__all__ = ["Proposals", "check_proposer"]

TRIES: Final = 4  # of asking for twice as many, as long as too few are new


@final
class Proposals:
    """A strategy that is made anew, told all records of the moment, and asked once."""

    def __init__(self, policy: Policy, aim: Aim, benchmark: Inherited) -> None:
        """Takes what to propose by, and what for."""
        self._policy, self._aim, self._benchmark = policy, aim, benchmark
        self._strategy: Strategy | None = None

    def made(
        self, records: Records, seen: Architectures, rng: np.random.Generator
    ) -> Architectures:
        """Proposes as many as the policy says that have never been evaluated, or as there are.

        Where the strategy has no more of them, mutants of the front and random ones join.

        Args:
            records: All that was evaluated with the weights of the moment.
            seen: All that was ever evaluated.
            rng: The random stream.

        Raises:
            InvalidInput: If there is no such strategy, or it cannot take the objectives.
            MissingExtra: If what it needs is not installed.
        """
        self._strategy = _made(self._policy, self._problem(), rng)
        if isinstance(self._strategy, NAT):
            self._strategy.avoid(seen)
        self._strategy.tell(records.archs, records.outcomes)
        wanted, found = self._policy.newcomers, seen[:0]
        for attempt in range(TRIES):
            asked = self._strategy.ask(wanted * 2**attempt)
            found = asked.distinct(unlike=seen)[:wanted]
            if len(found) == wanted:
                return found
        front = records.archs[records.front] if len(records.front) else records.archs
        more = mutants(front, 4 * wanted, rng)
        drawn = beginning(records.archs.space, len(seen) + wanted, rng, self._policy.draw)
        return (found + more + drawn).distinct(unlike=seen)[:wanted]

    def correlation(self, newcomers: Records) -> float | None:
        """Kendall's correlation of what was predicted of newcomers with what was found.

        Of the first objective; None if the strategy says nothing, or all are alike.
        """
        if not isinstance(self._strategy, NAT) or self._strategy.forecast is None:
            return None
        if len(newcomers) < 2:
            return None
        from scipy.stats import kendalltau

        expected = self._strategy.forecast.outcomes(newcomers.archs).objectives[:, 0]
        value = float(kendalltau(expected, newcomers.outcomes.objectives[:, 0]).statistic)
        return None if np.isnan(value) else value

    def _problem(self) -> Problem:
        aim = self._aim
        named = {one.metric for one in aim.objectives} | {one.metric for one in aim.limits}
        known = {
            name: partial(_computed, self._benchmark, name)
            for name in sorted(named)
            if find_metric(self._benchmark, name).source == "computed"
        }
        return Problem(self._benchmark.space, aim.objectives, aim.limits, known)


def check_proposer(policy: Policy, aim: Aim, space: SearchSpace) -> None:
    """Makes the strategy once, to see that it can be made, before anything is trained.

    Raises:
        InvalidInput: If there is no such strategy, or it cannot take the objectives.
        MissingExtra: If what it needs is not installed.
    """
    _made(policy, Problem(space, aim.objectives, aim.limits), np.random.default_rng(0))


def _made(policy: Policy, problem: Problem, rng: np.random.Generator) -> Strategy:
    settings: dict[str, Any] = {}
    if policy.proposer == "nat":
        settings = {"first": 1, "draw": policy.draw, "predictor": policy.predictor}
    return make_strategy(policy.proposer, problem, rng, settings)


def _computed(benchmark: Inherited, name: str, archs: Any) -> npt.NDArray[np.float64]:
    return benchmark.query(archs, [name])[:, 0]
