"""A made-up benchmark of block cells: time and accuracy by formula, with noise, at no cost.

The formulas are those of a prototype, with which a search by growth was calibrated: time is nearly
a product of stacked cells and the cost of operations; accuracy grows with the quality and variety
of operations, with depth, and with the number of blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from agnet import Benchmark
from agnet.objectives import Metric
from agnet.spaces import Architecture, BlockCells
from agnet.strategies.popnas import BlockGrowth

__all__ = ["SyntheticCells"]

Array = npt.NDArray[np.float64]

NAMES: Final = ("op_a", "op_b", "op_c", "op_d", "op_e")
COST: Final = np.array([0.10, 0.55, 0.80, 1.00, 0.25])
QUALITY: Final = np.array([0.05, 0.75, 0.85, 0.70, 0.20])
CELLS: Final = 8
EMPTY_SECONDS, EMPTY_ACCURACY = 20.0, 30.0
METRICS: Final = (
    Metric("val_accuracy", "%", "maximize", description="by formula"),
    Metric("train_seconds", "s", "minimize", description="by formula"),
)


@final
@dataclass(frozen=True)
class SyntheticCells(Benchmark):
    """Cells of block cells by formula.

    Attributes:
        max_blocks: Of a cell.
        lookbacks: How many previous cells can be read.
        operations: How many of the five there are.
        seed: Of the noise of runs; that of cells is always the same.
    """

    max_blocks: int = 4
    lookbacks: int = 2
    operations: int = 5
    seed: int = 0

    @property
    def name(self) -> str:
        """``synthetic_cells``."""
        return "synthetic_cells"

    @property
    def dataset(self) -> str:
        """``synthetic``."""
        return "synthetic"

    @property
    def space(self) -> BlockCells:
        """Cells of so many blocks."""
        return BlockCells(self.max_blocks, self.lookbacks, NAMES[: self.operations])

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Accuracy and time."""
        return METRICS

    @property
    def source(self) -> str:
        """Made up."""
        return "formulas, made up"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and settings."""
        sizes = {"max_blocks": self.max_blocks, "lookbacks": self.lookbacks}
        return {"name": self.name, **sizes, "operations": self.operations, "seed": self.seed}

    def query(self, archs: Sequence[Architecture], metrics: Sequence[str]) -> Array:
        """Computes metrics ``(B, K)``."""
        growth, space = BlockGrowth(self.space, CELLS), self.space
        blocks, cells, cost, several, _, _, depth, unused, _ = growth.features(
            archs, COST[: self.operations]
        ).T
        quality = growth.features(archs, QUALITY[: self.operations])[:, 2]
        distinct = (growth.usage(archs).operations > 0).sum(axis=1)
        keys = space.keys(archs)
        halves = 2 * np.maximum(blocks, 1)
        empty = blocks == 0
        seconds = 20.0 + cells / 8 * (40.0 * cost + 6.0 * blocks + 8.0 * unused)
        seconds *= np.exp(0.02 * _normal(keys, 1 + 2 * self.seed))
        worth = -0.2 + 1.5 * quality / halves + 0.375 * np.log(np.maximum(blocks, 1))
        worth += 0.18 * distinct / np.minimum(halves, 5) + 0.12 * several
        worth += 0.10 * np.minimum(depth, 3) + 0.25 * (cells / 8 - 1)
        worth += 0.06 * _normal(keys, 0) + 0.03 * _normal(keys, 2 + 2 * self.seed)
        accuracy = 0.1 + 0.85 * expit(worth)
        columns = {
            "val_accuracy": np.where(empty, EMPTY_ACCURACY, 100.0 * accuracy),
            "train_seconds": np.where(empty, EMPTY_SECONDS, seconds),
        }
        return np.stack([columns[name] for name in metrics], axis=1)


def _normal(keys: npt.NDArray[np.int64], stream: int) -> Array:
    """Normal numbers ``(B,)`` that depend on the key and the stream alone."""
    state = keys.astype(np.uint64) + np.uint64((stream + 1) * 0x9E3779B97F4A7C15 % 2**64)
    for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        state = (state ^ (state >> np.uint64(30))) * np.uint64(factor)
    state ^= state >> np.uint64(31)
    return np.asarray(ndtri(((state >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53))
