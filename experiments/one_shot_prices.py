"""Several prices in one super-network, against a super-network for each of them.

A part of :mod:`experiments.one_shot`, on scikit-learn's digits: cells of NAS-Bench-201 in a network
of 3 cells of 4, 8 and 16 channels. ``shared``: one super-network, distributions learn from the
samples of all; ``own``: from their own alone; ``separate``: a super-network for each distribution;
``random``: cells drawn instead of searched. What they come to is trained on its own, and judged on
the test images by its cross-entropy plus the price of its parameters, from 0 to 1.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.supernet import MixedCells, MixedSharing
from agnet.benchmarks.training import ImageData, Recipe, digits, train
from agnet.one_shot import OneShot, OneShotResult, one_shot
from agnet.seeds import stream
from agnet.spaces import Architecture, NASBench201
from experiments.recorded import Row, rows, spread, table

PART: Final = "prices"
ARMS: Final = ("shared", "own", "separate", "random")
SEEDS: Final = 5
PRICES: Final = (0.02, 0.1, 0.4, 1.6)
SKELETON: Final = NASBench201Skeleton(channels=4, cells=1)
# By sgd, weights that are drawn so rarely learn several times more slowly.
SEARCHED: Final = Recipe(
    epochs=60, batch=64, rate=0.03, weight_decay=0.01, period=0, clip=5.0, flip=False
)
ALONE: Final = Recipe(epochs=20, batch=64, rate=0.01, weight_decay=0.01, period=0, flip=False)
SPACE: Final = NASBench201()


def plan() -> list[Row]:
    """All arms of a seed, then the next."""
    return [{"part": PART, "arm": arm, "seed": seed} for seed in range(SEEDS) for arm in ARMS]


def run(arm: str, seed: int) -> Row:
    """Searches, and trains what was found."""
    data, found = digits(), Row()
    if arm == "random":
        archs = list(SPACE.sample(len(PRICES), stream(seed, "random-cells")))
        found |= {"units": 0, "cells": SPACE.index(archs).tolist()}
    else:
        nets = [network(data, seed, at) for at in range(len(PRICES) if arm == "separate" else 1)]
        settings = OneShot(PRICES, weights="own" if arm == "own" else "balance", calibration=200)
        result = one_shot(nets, data, SEARCHED, settings, seed=seed)
        archs = [mode.arch for mode in result.modes if mode.arch is not None]
        found |= {"units": result.units, **told(result)}
    losses = [alone(arch, seed) for arch in archs]
    costs = complexities()[found["cells"]]
    return found | {"losses": losses, "complexity": [round(float(cost), 4) for cost in costs]}


def network(data: ImageData, seed: int, at: int) -> MixedSharing:
    """A super-network with weights that have learnt nothing."""
    generator = torch.Generator().manual_seed(len(PRICES) * seed + at)
    net = MixedCells(SKELETON, data.num_classes, data.image_shape[0], generator=generator)
    return MixedSharing(net)


def told(result: OneShotResult) -> Row:
    """Where distributions came to, and what was noted of each on the way, a number an epoch."""
    archs = [mode.arch for mode in result.modes if mode.arch is not None]
    every = [[(mode.entropy, mode.effective) for mode in epoch] for epoch in result.log]
    entropies, effective = np.round(np.array(every).transpose(2, 1, 0), 3)
    return {
        "cells": SPACE.index(archs).tolist(),
        "prices": [round(mode.coefficient, 4) for mode in result.modes],
        "entropies": entropies.tolist(),
        "effective": [[None if np.isnan(x) else x for x in line] for line in effective.tolist()],
    }


@cache
def alone(arch: Architecture, seed: int) -> float:
    """The cross-entropy of a cell, trained from nothing, on test images."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    made = SKELETON.build(arch, data.image_shape, data.num_classes, generator)
    train(made, data, ALONE, generator)
    with torch.no_grad():
        return round(float(F.cross_entropy(made.eval()(data.test.images), data.test.labels)), 4)


@cache
def complexities() -> npt.NDArray[np.float64]:
    """The parameters of each cell, from 0 to 1, by its official number."""
    data = digits()
    costs = network(data, 0, 0).costs(SPACE.enumerate(), data.image_shape)[:, 0]
    return np.asarray((costs - costs.min()) / np.ptp(costs))


def price_table(results: Path) -> str:
    """The mean of loss plus price over prices, what it took, and how much of all parameters."""
    found = rows(results, PART)
    lines = []
    for arm in ARMS:
        own = [row for row in found if row["arm"] == arm]
        if not own:
            continue
        each = np.array([row["complexity"] for row in own]).mean(axis=0)
        smallest = sum(cost == 0 for row in own for cost in row["complexity"])
        units = np.mean([row["units"] for row in own])
        kinds = np.mean([len(set(row["cells"])) for row in own])
        lines.append(
            [
                arm,
                len(own),
                f"{units:.0f}",
                spread([worth(row) for row in own], worst=max),
                ", ".join(f"{share:.2f}" for share in each),
                f"{kinds:.1f}",
                f"{smallest}/{len(own) * len(PRICES)}",
            ]
        )
    head = ["search", "seeds", "forward units", "mean f", "parameters (0 to 1) by price"]
    return table([*head, "distinct modes", "modes without convolutions"], lines)


def worth(row: Row) -> float:
    """The mean of loss plus price over prices, of what was trained on its own."""
    return float(np.mean(np.array(row["losses"]) + np.array(PRICES) * np.array(row["complexity"])))
