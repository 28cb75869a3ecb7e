"""Importance sampling: architectures of several complexities from one search.

After Noda, Saito and Shirakawa, "Efficient Search of Multiple Neural Architectures with Different
Complexities via Importance Sampling", ICANN 2022, on top of Akimoto et al., "Adaptive Stochastic
Natural Gradient Method for One-Shot Neural Architecture Search", ICML 2019. Of the former no code
is public: the estimator is worked out anew, and does not claim to reproduce its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final, final

import numpy as np
import torch

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up, mutants
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.importance import categorical
from agnet.strategies.importance.asng import Pace, State, start
from agnet.strategies.importance.categorical import Array, Variables
from agnet.strategies.importance.decoding import decoded
from agnet.strategies.importance.draws import Draws
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.prices import Prices, measure, parse_coefficients
from agnet.strategies.importance.reports import Mode, modes_of
from agnet.strategies.importance.settings import check_numbers, check_options
from agnet.strategies.importance.shared_step import Rules, learn
from agnet.strategies.importance.weights import Weighting

__all__ = ["Importance"]

BEGIN: Final = 8  # finite outcomes, from which on the usual exchange rate is measured
FREE: Final = 32  # iterations without a query that may follow one another
LARGER: Final = 8  # times its usual size that an iteration may grow to fill a batch
TRIES: Final = 2  # mutants of the modes for each proposal that is still missing


@final
class Importance(Strategy):
    """Moves one distribution for each price of complexity, all by the samples of all.

    An iteration draws samples of every distribution; when all of them are on record, each
    distribution takes a step of the natural gradient, in which samples of the others count by their
    importance ratios. A sample that was evaluated before has the outcome that is on record and
    costs nothing, so iterations go on until something new is drawn.

    An iteration fills whole batches: where it has too few new ones left, just as many samples as
    are needed are added from random distributions. Batches that divide what an iteration draws,
    ``own`` times the number of distributions, therefore suit it best. Adding stops at the new
    architecture that makes a batch full, not after a number of samples known beforehand: estimates
    of gradients are exactly unbiased only for batches that divide an iteration. What is then still
    missing are mutants of the modes, and at last random architectures, from which nothing is learnt
    unless they are drawn later on.

    The first objective is the performance, the others make up the complexity; with none, it is the
    search of one distribution. Random architectures are proposed until the prices are known.
    """

    _state: State
    _effective: Array
    _draws: Draws

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        coefficients: str = "auto",
        distributions: int = 5,
        own: int = 2,
        truncation: float = 1.0,
        weights: str = "balance",
        temper: float = 0.5,
        utility: str = "quantile",
        floor: str = "catcma",
        least: float = 0.02,
        draw: str = "stratified",
        delta: float = 0.5,
        alpha: float = 1.5,
        shared: bool = True,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched.
            rng: The random stream.
            coefficients: Prices of the whole range of the complexity, in the unit of the first
                objective, with commas between them; ``auto`` for a grid around the exchange rate of
                the first outcomes.
            distributions: How many prices that grid has.
            own: Samples of each distribution in an iteration.
            truncation: The most that a sample counts; from the number of distributions on, none is
                cut.
            weights: ``balance`` for importance ratios, ``tempered`` for a power of them, ``none``
                for what ignores where samples are from, to compare with.
            temper: That power.
            utility: ``quantile`` for weighted ranks, ``standardised`` for deviations.
            floor: What keeps every option possible: ``catcma``, ``asng`` (higher), or a ``value``.
            least: That least probability of an option, of a ``value``; below one by the most
                options that a choice has.
            draw: ``stratified`` for as many samples of each distribution, ``mixture`` for random
                ones.
            delta: The length of the first steps.
            alpha: How much longer than by chance the path has to be for steps to get longer.
            shared: Whether samples are shared; else the searches are separate, to compare with.

        Raises:
            InvalidInput: If a setting cannot be used.
        """
        check_options(weights=weights, utility=utility, floor=floor, draw=draw)
        given = parse_coefficients(coefficients)
        single = len(problem.objectives) == 1
        if single and given:
            raise InvalidInput(
                f"got the coefficients {coefficients!r} and one objective; add the complexity as "
                "the second one, as in --minimize params_m, or leave them out"
            )
        k = 1 if single else len(given) or distributions
        check_numbers(
            k, own, truncation=truncation, temper=temper, delta=delta, alpha=alpha, least=least
        )
        self._archive, self._rng = Archive(problem), rng
        self._given, self._k, self._own, self._draw = given, k, own, draw
        self._variables = Variables(tuple(problem.space.choice_sizes))
        self._rules = Rules(
            self._variables,
            floors(self._variables, floor, least),
            Weighting(weights if shared else "own", truncation, temper),
            utility,
            Pace(delta, alpha),
        )
        self._prices: Prices | None = None
        self._restart(start(self._variables, k))

    def ask(self, n: int) -> Architectures:
        """Proposes what was drawn and is not on record; see :meth:`Strategy.ask`."""
        space = self._archive.problem.space
        if not self._begun():
            return fill_up(space.batch([]), n, self._archive, self._rng)
        found = self._draws.missing()
        for _ in range(FREE):
            if len(found):
                break
            self._advance()
            found = self._draws.missing()
        for _ in range(LARGER):
            if len(found) >= n:
                break
            self._draws = self._draws.more(*self._drawn("mixture")).until(n)
            found = self._draws.missing()
        if len(found) < n:
            near, _ = decoded(space, categorical.modes(self._state.theta))
            if len(near):
                found = found + self._archive.allowed(mutants(near, TRIES * n, self._rng))
        return fill_up(found, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def modes(self) -> tuple[Mode, ...]:
        """Where each distribution has come to, the lowest price first; none without prices.

        The architectures need not have been evaluated.
        """
        if self._prices is None:
            return ()
        theta, delta = self._state.theta, self._rules.pace.delta / self._state.damping
        return modes_of(
            self._archive.problem.space,
            categorical.modes(theta),
            self._prices.coefficients,
            self._effective,
            delta,
            categorical.entropies(theta),
        )

    def probabilities(self) -> Array:
        """Returns ``(K, D, C)``: how likely each distribution draws each option of each choice."""
        return np.array(self._state.theta)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated, the distributions, the prices, the draws and the stream."""
        prices = None if self._prices is None else _tensors(astuple(self._prices))
        return make_state(
            "importance",
            self._archive,
            self._rng,
            prices=prices,
            distributions=_tensors(astuple(self._state)),
            effective=torch.from_numpy(self._effective.copy()),
            draws=torch.from_numpy(self._draws.choices.copy()),
            origin=torch.from_numpy(self._draws.origin.copy()),
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("importance", self._archive, self._rng, state):
            found = State(*(part.numpy().copy() for part in state["distributions"]))
            shapes = [[part.shape for part in astuple(one)] for one in (found, self._state)]
            if shapes[0] != shapes[1]:
                raise ValueError(f"distributions of shapes {shapes[0]}")
            self._restart(found)
            self._effective = state["effective"].numpy().copy()
            rows = state["draws"].numpy(), state["origin"].numpy()
            self._draws = self._draws.more(*rows)
            parts = state["prices"]
            self._prices = None if parts is None else Prices(*(part.numpy() for part in parts))

    def _restart(self, state: State) -> None:
        """Takes distributions of which nothing has been drawn yet."""
        self._state, self._effective = state, np.full(self._k, np.nan)
        none = np.empty((0, len(self._variables.sizes)), dtype=np.int64)
        self._draws = Draws(self._archive, none, np.empty(0, dtype=np.int64))

    def _begun(self) -> bool:
        """Fixes the prices as soon as that is possible, and says whether they are."""
        first, problem = self._archive.outcomes, self._archive.problem
        single = len(problem.objectives) == 1
        if self._prices is None and (single or first.finite.sum() >= BEGIN):
            self._prices = measure(problem, first, self._given, self._k, self._rng)
        return self._prices is not None

    def _drawn(self, how: str) -> tuple[categorical.Integers, categorical.Integers]:
        """Samples of the present distributions, as many as an iteration has."""
        origin = categorical.origins(self._k, self._own, self._rng, how)
        return categorical.draw(self._state.theta, origin, self._rng), origin

    def _advance(self) -> None:
        """Learns from the draws, which are all on record, and draws anew."""
        if self._prices is not None and len(self._draws):
            draws = self._draws
            values = self._prices.values(draws.outcomes())
            learnt = learn(self._state, draws.choices, draws.origin, values, self._rules)
            self._state, self._effective = learnt.state, learnt.effective
        self._draws = Draws(self._archive, *self._drawn(self._draw))


def _tensors(arrays: Sequence[Array]) -> list[torch.Tensor]:
    return [torch.from_numpy(np.array(array)) for array in arrays]
