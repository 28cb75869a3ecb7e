"""A small problem that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architecture, NASBench201
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.bayesian.beliefs import Beliefs, believe

SPACE = NASBench201()
BOTH = (Objective("cost", "minimize"), Objective("val_accuracy", "maximize"))
LIMITS = (Limit("cost", "<=", 14.0), Limit("latency", "<=", 8.0))
Array = npt.NDArray[np.float64]


def cost(archs: Sequence[Architecture]) -> Array:
    return np.asarray(SPACE.to_choices(archs).sum(axis=1), dtype=np.float64)


def told(known: bool = True, limits: tuple[Limit, ...] = (), n: int = 30) -> Archive:
    """Accuracy is what the first choices say; latency is what the last ones say."""
    archive = Archive(Problem(SPACE, BOTH, limits, {"cost": cost} if known else {}))
    archs = SPACE.sample(n, np.random.default_rng(0))
    choices = archs.choices.astype(np.float64)
    metrics = {"cost": cost(archs), "latency": choices[:, 3:].sum(axis=1)}
    excess = [limit.excess(metrics[limit.metric]) for limit in limits]
    archive.add(
        archs,
        Outcomes(
            np.stack([metrics["cost"], -choices[:, :3].sum(axis=1)], axis=1),
            np.stack(excess, axis=1) if limits else np.empty((n, 0)),
        ),
    )
    return archive


def learnt(archive: Archive) -> Beliefs:
    found = believe(archive)
    assert found is not None
    return found
