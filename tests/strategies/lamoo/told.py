from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.objectives import Objective, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures, NASBench201
from agnet.strategies import LaMOO, Problem

SPACE = NASBench201()
BOTH = (Objective("val_accuracy", "maximize"), Objective("flops_m", "minimize"))
Array = npt.NDArray[np.float64]


def worth(archs: Architectures) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    return np.stack([-gain, choices.sum(axis=1)], axis=1)


def made(seed: int = 0, objectives: tuple[Objective, ...] = BOTH, **settings: Any) -> LaMOO:
    return LaMOO(Problem(SPACE, objectives), stream(seed, "strategy"), **settings)


def tell(strategy: LaMOO, archs: Architectures) -> None:
    strategy.tell(archs, Outcomes(worth(archs), np.empty((len(archs), 0))))


def start(n: int, seed: int = 0, **settings: Any) -> LaMOO:
    strategy = made(seed, **settings)
    tell(strategy, SPACE.sample(n, stream(seed, "initial")))
    return strategy
