"""Rounds of a run in stretches, so that a figure of a long run has few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.runs import Run

__all__ = ["MOST", "Stretch", "stretches"]

MOST: Final = 12


@final
@dataclass(frozen=True)
class Stretch:
    """Rounds that follow one another.

    Attributes:
        first: The first round,
        last: and the last one.
        rows: ``(B,)``, the rows of their queries.
    """

    first: int
    last: int
    rows: npt.NDArray[np.int64]

    def __str__(self) -> str:
        if self.first == self.last:
            return f"round {self.first}"
        return f"rounds {self.first} to {self.last}"


def stretches(run: Run, rows: npt.NDArray[np.int64], most: int = MOST) -> tuple[Stretch, ...]:
    """Cuts the rounds that some rows of a run belong to into at most ``most`` even stretches."""
    rounds = np.array([run.rows[row].round for row in rows], dtype=np.int64)
    every = np.unique(rounds)
    parts = [part for part in np.array_split(every, min(most, max(len(every), 1))) if len(part)]
    return tuple(
        Stretch(int(part[0]), int(part[-1]), rows[(rounds >= part[0]) & (rounds <= part[-1])])
        for part in parts
    )
