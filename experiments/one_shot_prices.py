"""Several prices in one super-network, against a super-network for each of them.

A part of :mod:`experiments.one_shot`, on :mod:`experiments.residual_mlp`, of four prices and 800
iterations. ``separate``: a super-network for each distribution; ``shared``: one, in which
distributions learn from the samples of all; ``separate-half`` and ``shared-half``: both at nearly
half of what ``separate`` costs, of 400 and 960 iterations; ``shared-short``: of 400 iterations;
``own-hasty`` and ``shared-hasty``: one, with longer steps and less waiting, where distributions
learn from their own samples alone, or from all; ``random``: networks drawn instead of searched.
What they come to is trained on its own, and judged on test points by its cross-entropy plus the
price of its parameters, from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.training import Recipe
from agnet.one_shot import OneShot, OneShotResult, one_shot
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures
from experiments.recorded import Row
from experiments.residual_mlp import SPACE, ResidualSharing, alone, taught

__all__ = ["ARMS", "PART", "PRICES", "SETTINGS", "plan", "run", "told"]

Array = npt.NDArray[np.float64]


@final
@dataclass(frozen=True)
class Arm:
    """How a search is made.

    Attributes:
        settings: Of its distributions.
        networks: How many super-networks it trains.
        epochs: Of each, 80 iterations long.
    """

    settings: OneShot
    networks: int = 1
    epochs: int = 10


PART: Final = "prices"
SEEDS: Final = 10
PRICES: Final = (0.02, 0.15, 0.6, 2.0)
PATIENT: Final = partial(OneShot, PRICES, delta=0.25, wait=0.3)
HASTY: Final = partial(OneShot, PRICES, delta=0.5, wait=0.1)
SETTINGS: Final = {
    "separate": Arm(PATIENT(), networks=len(PRICES)),
    "separate-half": Arm(PATIENT(), networks=len(PRICES), epochs=5),
    "shared": Arm(PATIENT()),
    "shared-short": Arm(PATIENT(), epochs=5),
    "shared-half": Arm(PATIENT(), epochs=12),
    "own-hasty": Arm(HASTY(weights="own")),
    "shared-hasty": Arm(HASTY()),
}
ARMS: Final = (*SETTINGS, "random")
# Points must not be mirrored or shifted.
PLAIN: Final = Recipe(period=0, clip=5.0, flip=False, translation=0.0)
SEARCHED: Final = replace(PLAIN, batch=128, rate=0.004, weight_decay=0.0)


def plan() -> list[Row]:
    """All arms of a seed, then the next."""
    return [{"part": PART, "arm": arm, "seed": seed} for seed in range(SEEDS) for arm in ARMS]


def run(arm: str, seed: int) -> Row:
    """Searches, and trains what was found."""
    found: Row
    if arm == "random":
        archs = list(SPACE.sample(len(PRICES), stream(seed, "random-networks")))
        found = {"units": 0, "cells": SPACE.index(archs).tolist()}
    else:
        how = SETTINGS[arm]
        nets = [ResidualSharing(len(PRICES) * seed + at) for at in range(how.networks)]
        recipe = replace(SEARCHED, epochs=how.epochs)
        result = one_shot(nets, taught(), recipe, how.settings, seed=seed)
        archs = [mode.arch for mode in result.modes if mode.arch is not None]
        found = {"units": result.units, **told(result)}
    costs = complexity(archs).round(4).tolist()
    return found | {"losses": [alone(arch) for arch in archs], "complexity": costs}


def told(result: OneShotResult) -> Row:
    """Where distributions came to, and what was noted of each on the way, a number an epoch."""
    archs = [mode.arch for mode in result.modes if mode.arch is not None]
    every = [[(mode.entropy, mode.effective) for mode in epoch] for epoch in result.log]
    entropies, effective = np.round(np.array(every).transpose(2, 1, 0), 3)
    return {
        "cells": archs[0].space.index(archs).tolist(),
        "prices": [round(mode.coefficient, 4) for mode in result.modes],
        "entropies": entropies.tolist(),
        "effective": [[None if np.isnan(x) else x for x in line] for line in effective.tolist()],
    }


def complexity(archs: Architectures | list[Architecture]) -> Array:
    """The parameters of networks ``(B,)``, from 0 to 1."""
    ends = SPACE.from_choices(np.array([[0] * len(SPACE.sizes), [n - 1 for n in SPACE.sizes]]))
    low, high = _params(ends)
    return np.asarray((_params(archs) - low) / (high - low))


def _params(archs: Architectures | list[Architecture]) -> Array:
    counted = ResidualSharing(0).costs(archs, taught().image_shape)
    return np.asarray(counted[:, 0], dtype=np.float64)
