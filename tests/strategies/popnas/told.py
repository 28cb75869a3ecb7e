"""A search by growth on cells of blocks, with outcomes by formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures, BlockCells
from agnet.strategies import POPNAS, Problem

SPACE = BlockCells(3, 2, ("identity", "conv_3x3"))
BOTH = (Objective("val_accuracy", "maximize"), Objective("train_seconds", "minimize"))


def made(seed: int = 0, problem: Problem | None = None, **settings: Any) -> POPNAS:
    """A strategy that was told nothing."""
    settings = {"kept": 3, "explored": 2, **settings}
    return POPNAS(problem or Problem(SPACE, BOTH), stream(seed, "strategy"), **settings)


def outcomes(archs: Architectures) -> Outcomes:
    """Convolutions are accurate and dear, and blocks add to both."""
    ops = archs.choices[:, 1::2]
    dear, cheap = (ops == 2).sum(axis=1), (ops == 1).sum(axis=1)
    deep = (archs.choices[:, ::2] > SPACE.lookbacks).sum(axis=1)
    accuracy = 30 + 10 * np.log1p(dear + deep) + 2.0 * cheap
    seconds = 5.0 + 4.0 * dear + cheap
    return Outcomes(np.stack([-accuracy, seconds], axis=1), np.empty((len(archs), 0)))


def run(strategy: POPNAS, batch: int = 4, rounds: int = 10_000) -> list[str]:
    """Goes on until nothing is proposed; what was."""
    texts: list[str] = []
    for _ in range(rounds):
        archs = strategy.ask(batch)
        if not len(archs):
            break
        texts += map(str, archs)
        strategy.tell(archs, outcomes(archs))
    return texts
