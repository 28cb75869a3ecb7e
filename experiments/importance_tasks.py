"""Problems whose every value is known: NAS-Bench-201 after 12 epochs, and sums made up."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet import open_benchmark
from agnet.pareto import hypervolume
from agnet.seeds import stream
from experiments.shared_draws import Task

__all__ = ["CELLS", "GRIDS", "SUMS", "cells", "exchange_rate", "shares", "sums", "table_of"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# What is searched: a data set, and prices that its front has different cells for.
GRIDS: Final[dict[str, tuple[str, tuple[float, ...]]]] = {
    "cifar10": ("cifar10", (0, 0.03, 0.1, 0.4, 1)),
    "cifar100": ("cifar100", (0, 0.08, 0.2, 0.35, 1)),
    "ImageNet16-120": ("ImageNet16-120", (0, 0.06, 0.15, 0.4, 1)),
    "two prices": ("cifar10", (0.03, 0.4)),
    "three prices": ("cifar10", (0, 0.1, 1)),
    "nine prices": ("cifar10", (0, 0.015, 0.03, 0.055, 0.1, 0.2, 0.4, 0.65, 1)),
    "near prices": ("cifar10", (0.08, 0.09, 0.1, 0.11, 0.12)),
}
SUMS: Final = {"10 variables": 10, "20 variables": 20, "40 variables": 40}
CELLS: Final = 5 ** np.arange(5, -1, -1)
REFERENCE: Final = (0.45, 1.05)  # a loss and a complexity that hypervolume is measured from
OPTIONS: Final = 5
SAMPLE: Final = 2000


@cache
def table_of(dataset: str) -> tuple[Array, Array]:
    """Loss (a share) and complexity (0 to 1) of all cells, by the number that choices spell."""
    benchmark = open_benchmark("nasbench201", dataset=dataset)
    archs = benchmark.space.enumerate()
    accuracy, params = benchmark.query(archs, ["val_accuracy_12ep", "params_m"]).T
    order = (archs.choices.astype(np.int64) @ CELLS).argsort()
    return 1 - accuracy[order] / 100, ((params - params.min()) / np.ptp(params))[order]


def exchange_rate(loss: Array, cost: Array) -> float:
    """How far the middle half of losses ranges, by how far that of complexities does."""
    spread = [float(np.subtract(*np.percentile(column, [75, 25]))) for column in (loss, cost)]
    return spread[0] / spread[1]


@cache
def cells(on: str) -> Task:
    """The cells with the prices of a name."""
    dataset, prices = GRIDS[on]
    loss, cost = table_of(dataset)
    coefficients = np.array(prices, dtype=np.float64)
    every = loss + coefficients[:, None] * cost

    def look_up(choices: Integers) -> tuple[Array, Array]:
        rows = choices @ CELLS
        return loss[rows], cost[rows]

    best, usual = every.min(axis=1), np.median(every, axis=1)
    return Task((OPTIONS,) * 6, coefficients, look_up, best, usual)


def shares(dataset: str, modes: Integers) -> Array:
    """The hypervolume of modes ``(S, K, D)``, as shares ``(S,)`` of that of all cells."""
    points = np.stack(table_of(dataset), axis=1)
    whole = hypervolume(points, REFERENCE)
    rows = modes.astype(np.int64) @ CELLS
    return np.array([hypervolume(points[row], REFERENCE) for row in rows]) / whole


def sums(on: str, runs: int, block: int) -> Task:
    """A problem of its own for each run, whose loss and cost are sums over the variables.

    Dearer options are better, the more the less cheap ones are, and by chance they are not.
    """
    variables, rng = SUMS[on], stream(block, f"sums {on}")
    cost = np.sort(rng.random((runs, variables, OPTIONS)), axis=-1)
    weight = rng.lognormal(sigma=0.5, size=(runs, variables, 1))
    loss = weight * ((1 - cost) ** 2 + 0.1 * rng.standard_normal(cost.shape))
    least, most = cost.min(-1).sum(-1), cost.max(-1).sum(-1)
    cost = (cost - cost.min(-1, keepdims=True)) / (most - least)[:, None, None]
    loss = loss / variables

    def look_up(choices: Integers) -> tuple[Array, Array]:
        places = choices.astype(np.int64)[..., None]
        found = [
            np.take_along_axis(part[:, None], places, axis=-1)[..., 0].sum(axis=-1)
            for part in (loss, cost)
        ]
        return found[0], found[1]

    usual = look_up(rng.integers(OPTIONS, size=(runs, SAMPLE, variables)))
    rate = float(np.mean([exchange_rate(*row) for row in zip(*usual, strict=True)]))
    coefficients = np.concatenate([[0.0], rate * np.geomspace(1 / 16, 3, 4)])
    best = (loss[:, None] + coefficients[:, None, None] * cost[:, None]).min(-1).sum(-1)
    medians = np.median(usual[0][:, None] + coefficients[:, None] * usual[1][:, None], axis=-1)
    return Task((OPTIONS,) * variables, coefficients, look_up, best, medians)
