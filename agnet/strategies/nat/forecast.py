"""What is known and predicted of architectures that have not been evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Outcomes
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.genetic.scale import Scale
from agnet.surrogates import Surrogate

__all__ = ["Forecast"]

Array: TypeAlias = npt.NDArray[np.float64]


@final
class Forecast:
    """A surrogate of what cannot be computed, fitted to all outcomes that are finite.

    Attributes:
        scale: Of the finite outcomes, on which all points are.
    """

    def __init__(self, archive: Archive, make: Callable[[], Surrogate]) -> None:
        """Learns.

        Args:
            archive: What has been evaluated; at least one outcome is finite.
            make: Makes the surrogate, if there is anything that has to be predicted.
        """
        self._problem = archive.problem
        self._objectives = [
            one.metric not in self._problem.known for one in self._problem.objectives
        ]
        self._limits = self._problem.predicted_limits
        outcomes = archive.outcomes
        self.scale = Scale.of(outcomes)
        good = outcomes.finite
        targets = np.concatenate(
            [outcomes.objectives[:, self._objectives], outcomes.excess[:, self._limits]], axis=1
        )
        self._surrogate: Surrogate | None = None
        if targets.shape[1]:
            self._surrogate = make()
            self._surrogate.fit(archive.archs[np.flatnonzero(good)], targets[good])

    def outcomes(self, archs: Architectures) -> Outcomes:
        """Returns what is expected of ``B`` architectures."""
        problem = self._problem
        predicted = np.empty((len(archs), 0))
        if self._surrogate is not None:
            predicted = self._surrogate.predict(archs)[0]
        objectives = np.empty((len(archs), len(problem.objectives)))
        objectives[:, self._objectives] = predicted[:, : sum(self._objectives)]
        for at, one in enumerate(problem.objectives):
            if not self._objectives[at]:
                objectives[:, at] = one.sign * problem.known[one.metric](archs)
        excess = np.empty((len(archs), len(problem.limits)))
        excess[:, self._limits] = predicted[:, sum(self._objectives) :]
        excess[:, problem.known_limits] = problem.known_excess(archs)
        return Outcomes(objectives, excess)

    def points(self, archs: Architectures) -> tuple[Array, Array]:
        """Returns expected objectives ``(B, M)`` and violations ``(B,)`` on the fixed scale."""
        return self.scale.points(self.outcomes(archs))
