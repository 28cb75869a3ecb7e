"""The cells of each step of a search by growth, and what was predicted of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.spaces import Architectures, SearchSpace
from agnet.strategies.popnas.predictors import Predicted

__all__ = ["Plan"]

Array: TypeAlias = npt.NDArray[np.float64]


@final
class Plan:
    """All cells that were planned, in the order in which they are evaluated.

    Attributes:
        archs: ``P`` cells.
        step: ``(P,)``, of each.
        explored: ``(P,)``, which were chosen for what the front hardly uses.
        predicted: ``(P, M)``, accuracy and costs, before the cell was evaluated; NaN where nothing
            was. More is better of the first, less of the others: those that go the other way have
            the other sign.
        steps: How many steps were planned.
    """

    def __init__(self, space: SearchSpace, objectives: int) -> None:
        """Starts without a step."""
        self._space = space
        self.archs: Architectures = space.batch([])
        self.step: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.explored: npt.NDArray[np.bool_] = np.empty(0, dtype=bool)
        self.predicted: Array = np.empty((0, objectives))
        self.steps = 0
        self._next = 0

    @property
    def left(self) -> int:
        """How many cells of the last step have not been taken."""
        return len(self.archs) - self._next

    def add(
        self,
        archs: Architectures,
        predicted: Predicted | None = None,
        rows: npt.NDArray[np.int64] | None = None,
        *,
        explored: int = 0,
    ) -> None:
        """Appends a step.

        Args:
            archs: Its cells.
            predicted: What was predicted of all candidates; nothing at the first step.
            rows: Which of them the cells are.
            explored: How many of the cells, at the end, are there for exploration.
        """
        values = np.full((len(archs), self.predicted.shape[1]), np.nan)
        if predicted is not None:
            values = np.column_stack([predicted.accuracy, predicted.costs])[rows]
        self.archs = self.archs + archs
        self.step = np.append(self.step, np.full(len(archs), self.steps))
        late = np.arange(len(archs)) >= len(archs) - explored
        self.explored = np.append(self.explored, late)
        self.predicted = np.concatenate([self.predicted, values])
        self.steps += 1

    def take(self, n: int) -> Architectures:
        """Returns the next ``n`` cells, or what is left."""
        taken = self.archs[self._next : self._next + n]
        self._next += len(taken)
        return taken

    def state_dict(self) -> dict[str, Any]:
        """Returns everything as tensors and numbers."""
        arrays: tuple[npt.NDArray[Any], ...] = (
            self.archs.choices,
            self.step,
            self.explored,
            self.predicted,
        )
        names = ("choices", "step", "explored", "predicted")
        state: dict[str, Any] = {
            name: torch.from_numpy(array.copy()) for name, array in zip(names, arrays, strict=True)
        }
        return {**state, "steps": self.steps, "next": self._next}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what :meth:`state_dict` returned."""
        self.archs = self._space.from_choices(state["choices"].numpy())
        self.step = state["step"].numpy().copy()
        self.explored = state["explored"].numpy().copy()
        self.predicted = state["predicted"].numpy().copy()
        self.steps, self._next = int(state["steps"]), int(state["next"])
