"""Two tiny spaces of block cells, of which every cell was trained: the true front is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.store import read_table
from agnet.errors import InvalidInput
from agnet.objectives import Metric
from agnet.spaces import Architecture, BlockCells

__all__ = ["KIND", "OPERATIONS", "SPACES", "TinyBlocksBenchmark"]

KIND: Final = "tiny_blocks"
OPERATIONS: Final = ("conv_3x3", "max_pool_2x2")
SPACES: Final = {
    "l1": BlockCells(max_blocks=3, lookbacks=1, operations=OPERATIONS),
    "l2": BlockCells(max_blocks=2, lookbacks=2, operations=OPERATIONS),
}
METRICS: Final = (
    Metric("val_accuracy", "%", "maximize", description="validation, 8 epochs"),
    Metric("train_seconds", "s", "minimize", description="training, CPU time"),
    Metric("params_m", "M", "minimize", "computed", description="weights"),
    Metric("flops_m", "M", "minimize", "computed", description="multiply-adds of one image"),
    Metric("test_accuracy", "%", "maximize", held_out=True, description="8 epochs"),
)


@final
class TinyBlocksBenchmark(Benchmark):
    """Cells that grow block by block, each trained once on scikit-learn's digits.

    The table ships with the package. It is for methods that begin with small cells: it holds them
    all, the empty one included, with the seconds that their training took.
    """

    def __init__(self, space: str = "l1") -> None:
        """Chooses the space.

        Args:
            space: ``l1``, the 440 cells of up to three blocks that read the last cell, or ``l2``,
                the 176 of up to two blocks that read the last two.

        Raises:
            InvalidInput: If there is no such space.
        """
        if space not in SPACES:
            raise InvalidInput(f"got the space {space!r}; tiny_blocks has {', '.join(SPACES)}")
        self._cells = space

    @property
    def name(self) -> str:
        """``tiny_blocks``."""
        return "tiny_blocks"

    @property
    def dataset(self) -> str:
        """``digits``."""
        return "digits"

    @property
    def space(self) -> BlockCells:
        """All cells of the table."""
        return SPACES[self._cells]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of the table."""
        return METRICS

    @property
    def source(self) -> str:
        """The provenance of the table."""
        return _table(self._cells)[1]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and space."""
        return {"name": self.name, "space": self._cells}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Looks up ``K`` metrics of ``B`` cells; see :meth:`Benchmark.query`."""
        for name in metrics:
            find_metric(self, name)
        rows = self.space.index(archs)
        values = np.empty((len(rows), len(metrics)))
        for k, name in enumerate(metrics):
            values[:, k] = _table(self._cells)[0][name][rows]
        return values


@cache
def _table(cells: str) -> tuple[Mapping[str, npt.NDArray[np.float64]], str]:
    """The columns ``(N,)`` of a space, in the order of its enumeration, and their provenance."""
    packaged = resources.files("agnet.benchmarks.data") / f"tiny_blocks_{cells}.npz"
    with resources.as_file(packaged) as path:
        arrays, provenance = read_table(path, KIND)
    validated, tested = arrays["totals"].tolist()
    columns = {
        "val_accuracy": 100.0 * arrays["val_correct"] / validated,
        "train_seconds": arrays["train_seconds"].astype(np.float64),
        "params_m": arrays["params"] / 1e6,
        "flops_m": arrays["macs"] / 1e6,
        "test_accuracy": 100.0 * arrays["test_correct"] / tested,
    }
    return MappingProxyType(columns), provenance
