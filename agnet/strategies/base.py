"""The contract of a strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architecture, Architectures, SearchSpace

__all__ = ["Earlier", "Problem", "Strategy", "check_single_objective"]


Computes: TypeAlias = Callable[[Sequence[Architecture]], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Earlier:
    """What another run measured, such as training-free scores or shorter trainings.

    Attributes:
        archs: ``S`` architectures.
        objectives: ``(S, G)``, its objectives, every column to be minimised; no NaN.
    """

    archs: Architectures
    objectives: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """What is searched, and for what.

    Attributes:
        space: Where architectures come from.
        objectives: ``M`` metrics, in the order of ``Outcomes.objectives``.
        limits: ``L`` hard bounds, in the order of ``Outcomes.excess``.
        known: What computes a metric, ``(B,)`` numbers of ``B`` architectures, by its name: there
            for those that follow from an architecture alone, which need not be predicted.
        earlier: What another run has measured, for strategies that begin with it.
    """

    space: SearchSpace
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    known: Mapping[str, Computes] = field(default_factory=dict)
    earlier: Earlier | None = None

    @property
    def known_limits(self) -> list[int]:
        """Which of the limits are computed."""
        return [at for at, limit in enumerate(self.limits) if limit.metric in self.known]

    @property
    def predicted_limits(self) -> list[int]:
        """Which of the limits have to be predicted: the others."""
        return [at for at, limit in enumerate(self.limits) if limit.metric not in self.known]

    def known_excess(self, archs: Sequence[Architecture]) -> npt.NDArray[np.float64]:
        """By how much ``B`` architectures break the ``K`` limits that are computed, ``(B, K)``."""
        limits = [self.limits[at] for at in self.known_limits]
        if not limits or not len(archs):
            return np.empty((len(archs), len(limits)))
        return np.stack([limit.excess(self.known[limit.metric](archs)) for limit in limits], axis=1)

    def keeps_known_limits(self, archs: Sequence[Architecture]) -> npt.NDArray[np.bool_]:
        """Says which of ``B`` architectures keep every limit that can be computed."""
        return np.asarray((self.known_excess(archs) <= 0).all(axis=1))


class Strategy(ABC):
    """Chooses the next architectures to evaluate.

    Attributes:
        initial: How many random architectures it usually begins with.
        begins_with_earlier: Whether it makes something of ``Problem.earlier``.
        by_steps: Whether it plans step by step, each when the one before has been evaluated: then
            it must not be asked while anything is pending.

    Life cycle: the loop draws the initial architectures itself, the same for every strategy of a
    seed, and tells them first. Then it asks for a batch, evaluates it and tells the outcomes in the
    order of asking, until the budget is spent. A strategy owns no loop, no files, no workers and no
    global random state: it is constructed with a problem, a random generator and its settings, and
    its ``state_dict`` holds everything that its future depends on, so that a resumed search equals
    an unbroken one.

    An asynchronous search goes on asking while some of what was proposed is pending, and tells each
    outcome as it arrives, in any order. A strategy need not know: asking binds nobody. What was
    proposed and not told may be proposed again, and what is never told is as if it had not been
    proposed. The loop asks for as many more as are pending, and takes the first that is not; if
    there is none, it asks again when all that was pending has been told.
    :class:`agnet.testing.StrategyContract` checks it.
    """

    initial: int = 16
    begins_with_earlier: ClassVar[bool] = False
    by_steps: ClassVar[bool] = False

    @abstractmethod
    def ask(self, n: int) -> Architectures:
        """Proposes up to ``n`` distinct architectures, none of which it was told before.

        Fewer come back when the space has no more, or at the end of a step of a strategy that goes
        by steps; none when the space, or such a search, is at its end.
        """

    @abstractmethod
    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Learns the outcomes of ``B`` architectures; failed ones are told as infeasible."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Returns the state: containers of numbers, strings and tensors, safe to load."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state.

        Raises:
            CheckpointError: If it is not a state of this strategy on this problem.
        """


def check_single_objective(problem: Problem, strategy: str) -> None:
    """Checks that there is one objective.

    Raises:
        InvalidInput: If there are several.
    """
    if len(problem.objectives) != 1:
        raise InvalidInput(
            f"got {len(problem.objectives)} objectives; {strategy} takes one. Turn the others into "
            "limits, or use a strategy for several objectives"
        )
