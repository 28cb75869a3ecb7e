"""What pymoo's algorithms vary architectures with: the moves of the space itself."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.extras import needs
from agnet.spaces import Architectures, SearchSpace
from agnet.spaces.architectures import Choices

with needs("evolution", "an evolutionary strategy"):
    from pymoo.core.crossover import Crossover
    from pymoo.core.mutation import Mutation

__all__ = ["SpaceCrossover", "SpaceMutation", "least_violation"]

CROSSOVER: Final = 0.9  # chance that a child has two parents


class SpaceCrossover(Crossover):  # type: ignore[misc]
    """Mixes two parents into one child, which is valid whatever the rules of the space are."""

    def __init__(self, space: SearchSpace) -> None:
        """Crosses architectures of a space."""
        super().__init__(n_parents=2, n_offsprings=1, prob=CROSSOVER)
        self._space = space

    def _do(
        self, problem: Any, X: Choices, *args: Any, random_state: Any = None, **kwargs: Any
    ) -> Choices:
        first, second = (Architectures(self._space, parents) for parents in X)
        return self._space.crossover(first, second, random_state).choices[None]


class SpaceMutation(Mutation):  # type: ignore[misc]
    """Makes one elementary change to every child."""

    def __init__(self, space: SearchSpace) -> None:
        """Mutates architectures of a space."""
        super().__init__(prob=1.0)
        self._space = space

    def _do(
        self, problem: Any, X: Choices, *args: Any, random_state: Any = None, **kwargs: Any
    ) -> Choices:
        return self._space.mutate(Architectures(self._space, X), random_state).choices


def least_violation(
    pop: Any, P: npt.NDArray[np.int64], random_state: Any = None, **kwargs: Any
) -> npt.NDArray[np.int64]:
    """Chooses the one of each pair ``(T, 2)`` that breaks limits less, or either of equals.

    It is the tournament of pymoo's NSGA-III, which draws among equals that break limits from a
    stream of its own, so that no two searches would be alike.
    """
    violation = pop.get("CV")[:, 0][P]
    winner = random_state.integers(2, size=len(P))
    differ = violation[:, 0] != violation[:, 1]
    winner[differ] = violation[differ].argmin(axis=1)
    return np.take_along_axis(P, winner[:, None], axis=1)
