"""The contract suite of strategies."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from agnet.errors import CheckpointError
from agnet.objectives import Limit, Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures, NASBench101, NASBench201, SearchSpace
from agnet.strategies.base import Problem, Strategy
from agnet.testing.states import saved, through_a_file

__all__ = ["StrategyContract"]

OBJECTIVE = Objective("val_accuracy", "maximize")
LIMIT = Limit("params_m", "<=", 1.0)


class StrategyContract(ABC):
    """Checks that any strategy passes: subclass it as ``TestMyStrategy``, define ``strategy``.

    Attributes:
        rounds: How many batches a check asks for.
        batch: How many architectures a batch has.
        ends_early: Whether the search goes by steps, at the ends of which batches are smaller, and
            ends by itself before the space is exhausted.
    """

    rounds = 4
    batch = 5
    ends_early = False

    @abstractmethod
    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        """The strategy under test, made anew."""

    def space(self) -> SearchSpace:
        """A space that cannot be exhausted within a check."""
        return NASBench201()

    def small_space(self) -> SearchSpace:
        """A space of at most a hundred architectures."""
        return NASBench101(4)

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        """One objective on a space."""
        return Problem(space or self.space(), (OBJECTIVE,), limits)

    def values(self, archs: Architectures) -> Outcomes:
        """What the architectures are worth: the sum of their choices."""
        choices = archs.choices.astype(np.float64)
        return Outcomes(-choices.sum(axis=1, keepdims=True), np.empty((len(archs), 0)))

    def started(self, seed: int = 0) -> Strategy:
        """A strategy that was told ten random architectures."""
        problem = self.problem()
        strategy = self.strategy(problem, stream(seed, "strategy"))
        archs = problem.space.sample(10, stream(seed, "initial"))
        strategy.tell(archs, self.values(archs))
        return strategy

    def go_on(self, strategy: Strategy, rounds: int) -> list[str]:
        """Runs some rounds and returns what was proposed."""
        texts: list[str] = []
        for _ in range(rounds):
            archs = strategy.ask(self.batch)
            texts += map(str, archs)
            strategy.tell(archs, self.values(archs))
        return texts

    def test_proposals_are_new_and_distinct(self) -> None:
        """Nothing is proposed twice, and nothing that was told before."""
        strategy = self.started()
        told = self.space().sample(10, stream(0, "initial"))
        texts = self.go_on(strategy, self.rounds)
        assert len(texts) == self.rounds * self.batch or (self.ends_early and texts)
        assert len(set(texts)) == len(texts)
        assert not set(texts) & set(map(str, told))

    def test_it_can_be_asked_before_it_was_told_anything(self) -> None:
        """Then it can only guess, but it does."""
        strategy = self.strategy(self.problem(), stream(0, "strategy"))
        assert len(set(map(str, strategy.ask(self.batch)))) == self.batch

    def test_same_stream_same_proposals(self) -> None:
        """Everything random comes from the stream that was passed in."""
        first, again, other = self.started(), self.started(), self.started(seed=1)
        texts = self.go_on(first, self.rounds)
        assert texts == self.go_on(again, self.rounds)
        assert texts != self.go_on(other, self.rounds)

    def test_resumed_equals_unbroken(self) -> None:
        """A state that went through a file goes on exactly as the strategy it was taken of."""
        whole = self.started()
        for _ in range(self.rounds):
            copy = self.strategy(self.problem(), stream(99, "strategy"))
            copy.load_state_dict(through_a_file(whole.state_dict()))
            assert self.go_on(copy, 2) == self.go_on(_twin(self, whole), 2)
            self.go_on(whole, 1)

    def test_resumed_with_proposals_pending_equals_unbroken(self) -> None:
        """Asking is part of a state: what was proposed can be told to either of the two."""
        whole = self.started()
        pending = whole.ask(self.batch)
        copy = self.strategy(self.problem(), stream(99, "strategy"))
        copy.load_state_dict(through_a_file(whole.state_dict()))
        for strategy in (whole, copy):
            strategy.tell(pending[-1:], self.values(pending[-1:]))
        assert self.go_on(copy, 1) == self.go_on(whole, 1)

    def test_a_state_is_not_changed_by_going_on(self) -> None:
        """What was saved stays what it was."""
        strategy = self.started()
        state = strategy.state_dict()
        before = saved(state)
        self.go_on(strategy, 1)
        assert saved(state) == before

    def test_foreign_states_are_refused(self) -> None:
        """A state of another space, another problem or another strategy raises a typed error."""
        state = self.started().state_dict()
        foreign = [
            (self.problem(self.small_space()), state),
            (self.problem(None, LIMIT), state),
            (self.problem(), {}),
            (self.problem(), {**state, "strategy": "another"}),
        ]
        for problem, wrong in foreign:
            try:
                self.strategy(problem, stream(0, "strategy")).load_state_dict(wrong)
            except CheckpointError:
                continue
            raise AssertionError("a foreign state was accepted")

    def test_a_small_space_is_searched_to_the_end(self) -> None:
        """Every architecture is proposed once; then nothing is left.

        A strategy that ends early proposes some, none twice, and then nothing more.
        """
        problem = self.problem(self.small_space())
        strategy = self.strategy(problem, stream(0, "strategy"))
        seen: set[str] = set()
        for _ in range(problem.space.size):
            archs = strategy.ask(13)
            if not len(archs):
                break
            assert not seen & set(map(str, archs))
            seen |= set(map(str, archs))
            strategy.tell(archs, self.values(archs))
        assert 0 < len(seen) < problem.space.size or not self.ends_early
        assert len(seen) == problem.space.size or self.ends_early
        assert len(strategy.ask(1)) == 0

    def test_what_was_not_told_is_proposed_again(self) -> None:
        """Of a small space, all is told but one that was proposed: then that one is all there is.

        A strategy that goes by steps is told everything before it is asked again.
        """
        problem = self.problem(self.small_space())
        strategy = self.strategy(problem, stream(0, "strategy"))
        first = strategy.ask(2)[0]
        others = [arch for arch in problem.space.enumerate() if str(arch) != str(first)]
        archs = problem.space.batch(others)
        strategy.tell(archs, self.values(archs))
        assert list(map(str, strategy.ask(2))) == [str(first)] or strategy.by_steps

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """All evaluations may fail, or none may keep a limit, and the search goes on."""
        problem = self.problem(None, LIMIT)
        for objective, excess in ((np.nan, np.nan), (1.0, 1.0), (1.0, np.nan), (1.0, -1.0)):
            strategy = self.strategy(problem, stream(0, "strategy"))
            for _ in range(self.rounds):
                archs = strategy.ask(self.batch)
                assert len(archs) == self.batch or self.ends_early
                shape = (len(archs), len(problem.objectives))
                told = Outcomes(np.full(shape, objective), np.full((len(archs), 1), excess))
                told.objectives[:1], told.excess[:1] = 2.0, 2.0
                strategy.tell(archs, told)


def _twin(contract: StrategyContract, strategy: Strategy) -> Strategy:
    """A second strategy in the state of the first, which is not disturbed."""
    twin = contract.strategy(contract.problem(), stream(7, "strategy"))
    twin.load_state_dict(strategy.state_dict())
    return twin
