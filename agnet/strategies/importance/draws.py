"""The samples of one iteration, and what is known of them."""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Outcomes
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.importance.categorical import Integers
from agnet.strategies.importance.decoding import decoded

__all__ = ["Draws"]


@final
class Draws:
    """Samples, the architectures they stand for, and where those are on record.

    Attributes:
        choices: ``(n, D)``, as they were drawn.
        origin: ``(n,)``, of which distribution each is.
    """

    def __init__(
        self, archive: Archive, choices: npt.NDArray[np.integer], origin: Integers
    ) -> None:
        """Decodes samples."""
        self._archive, self.choices, self.origin = archive, choices, origin
        self._archs, self._good = decoded(archive.problem.space, choices)

    def __len__(self) -> int:
        return len(self.choices)

    def missing(self) -> Architectures:
        """The architectures that have to be evaluated before anything can be learnt."""
        return self._archive.allowed(self._archs)

    def more(self, choices: npt.NDArray[np.integer], origin: Integers) -> Draws:
        """These samples and further ones."""
        rows = np.concatenate([self.choices, choices])
        return Draws(self._archive, rows, np.concatenate([self.origin, origin]))

    def until(self, n: int) -> Draws:
        """The first of these samples, up to the one with which ``n`` architectures are missing."""
        missing = self.missing()
        if len(missing) <= n:
            return self
        space = self._archive.problem.space
        last = int((space.keys(self._archs) == space.keys(missing[n - 1 : n])).argmax())
        end = int(np.flatnonzero(self._good)[last]) + 1
        return Draws(self._archive, self.choices[:end], self.origin[:end])

    def outcomes(self) -> Outcomes:
        """What is on record of each sample.

        One that stands for no architecture counts as failed. One that breaks a limit that can be
        computed was not evaluated: it counts as breaking that limit.
        """
        problem = self._archive.problem
        n, (m, limits) = len(self), (len(problem.objectives), len(problem.limits))
        objectives, excess = np.full((n, m), np.nan), np.full((n, limits), np.nan)
        rows = self._rows()
        there = np.flatnonzero(self._good)
        known, closed = there[rows >= 0], there[rows < 0]
        objectives[known] = self._archive.outcomes.objectives[rows[rows >= 0]]
        excess[known] = self._archive.outcomes.excess[rows[rows >= 0]]
        objectives[closed], excess[closed] = 0.0, 0.0
        over = problem.known_excess(self._archs[rows < 0])
        excess[closed[:, None], problem.known_limits] = over
        return Outcomes(objectives, excess)

    def _rows(self) -> Integers:
        """Where each architecture is on record; -1 for those that are not."""
        space, told = self._archive.problem.space, len(self._archive)
        keys = np.concatenate([space.keys(self._archive.archs), space.keys(self._archs)])
        values, number = np.unique(keys, return_inverse=True)
        row = np.full(len(values), -1)
        row[number[:told]] = np.arange(told)
        return np.asarray(row[number[told:]], dtype=np.int64)
