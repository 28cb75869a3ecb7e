"""The archive of a transfer: networks, and what they are worth with the weights of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Limit, Objective, Outcomes, outcomes
from agnet.pareto import contributions, hypervolume, non_dominated
from agnet.spaces import Architectures
from agnet.strategies.nat import survivors

__all__ = ["Aim", "Records"]


@final
@dataclass(frozen=True)
class Aim:
    """What is wanted of networks.

    Attributes:
        objectives: ``M`` metrics.
        limits: Hard bounds.
        columns: ``K`` metrics that are measured, those of objectives and limits among them.
        reference: ``(M,)``, what hypervolumes are measured to, in the units of the objectives;
            empty as long as that is not known.
    """

    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...]
    columns: tuple[str, ...]
    reference: tuple[float, ...]

    @property
    def worst(self) -> npt.NDArray[np.float64]:
        """The reference ``(M,)`` as something to be minimised."""
        return np.multiply([one.sign for one in self.objectives], self.reference)

    def outcomes(self, values: npt.NDArray[np.float64]) -> Outcomes:
        """What values ``(B, K)`` mean."""
        return outcomes(values, self.columns, self.objectives, self.limits)


@final
@dataclass(frozen=True, eq=False)
class Records:
    """``B`` networks and their values ``(B, K)``.

    Attributes:
        aim: What is wanted of them.
        archs: The networks.
        values: What was measured.
    """

    aim: Aim
    archs: Architectures
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.archs)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Records:
        return Records(self.aim, self.archs[rows], self.values[rows])

    def __add__(self, others: Records) -> Records:
        values = np.concatenate([self.values, others.values])
        return Records(self.aim, self.archs + others.archs, values)

    @property
    def outcomes(self) -> Outcomes:
        """What the values mean."""
        return self.aim.outcomes(self.values)

    @property
    def front(self) -> npt.NDArray[np.int64]:
        """The rows that keep all limits and are not dominated."""
        return np.flatnonzero(non_dominated(self.outcomes.feasible_objectives))

    @property
    def hypervolume(self) -> float:
        """That of the front, to the reference of the aim."""
        return hypervolume(self.outcomes.feasible_objectives, self.aim.worst)

    def worth_most(self, n: int) -> Records:
        """The ``n`` of the front without which most hypervolume would be lost, the most first."""
        front = self.front
        lost = contributions(self.outcomes.feasible_objectives, self.aim.worst)[front]
        return self[front[np.argsort(-lost, kind="stable")][:n]]

    def surviving(self, n: int, rng: np.random.Generator) -> Records:
        """The ``n`` that stay, see :func:`agnet.strategies.nat.survivors`."""
        return self[survivors(self.outcomes, n, rng)]
