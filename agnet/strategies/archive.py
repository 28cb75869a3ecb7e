"""What a strategy has been told so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import CheckpointError, InvalidArchitecture, InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.base import Problem

__all__ = ["Archive"]


@final
class Archive:
    """All architectures told to a strategy, in order, with their outcomes.

    Attributes:
        problem: The problem they belong to.
        archs: The architectures.
        outcomes: Their outcomes, row for row.
    """

    archs: Architectures
    outcomes: Outcomes
    _keys: npt.NDArray[Any]

    def __init__(self, problem: Problem) -> None:
        """Starts empty."""
        self.problem = problem
        self._replace(
            problem.space.batch([]),
            Outcomes(np.empty((0, len(problem.objectives))), np.empty((0, len(problem.limits)))),
        )

    def __len__(self) -> int:
        return len(self.archs)

    def add(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Appends ``B`` architectures and their outcomes.

        Raises:
            InvalidInput: If the numbers of rows or objectives do not fit.
        """
        if len(archs) != len(outcomes):
            raise InvalidInput(f"got {len(archs)} architectures and {len(outcomes)} outcomes")
        batch = self.problem.space.batch(archs)
        self.archs = self.archs + batch
        self.outcomes = Outcomes(
            np.concatenate([self.outcomes.objectives, outcomes.objectives]),
            np.concatenate([self.outcomes.excess, outcomes.excess]),
        )
        self._keys = np.concatenate([self._keys, self.problem.space.keys(batch)])

    def fresh(self, archs: Architectures, level: str | None = None) -> Architectures:
        """Keeps the first of each distinct architecture, in order, of which none was told yet.

        Args:
            archs: What is looked through.
            level: At which two count as equal, one of ``space.key_levels``; the finest by default.
        """
        space = self.problem.space
        keys, first = np.unique(space.keys(archs, level), return_index=True)
        told = self._keys if level is None else space.keys(self.archs, level)
        return archs[np.sort(first[~np.isin(keys, told)])]

    def allowed(self, archs: Architectures, level: str | None = None) -> Architectures:
        """Of those that :meth:`fresh` keeps, the ones that break no limit that can be computed."""
        found = self.fresh(archs, level)
        return found[self.problem.keeps_known_limits(found)]

    def seen(self, archs: Sequence[Architecture]) -> npt.NDArray[np.bool_]:
        """Says for each of ``B`` architectures whether it has been told."""
        return np.isin(self.problem.space.keys(archs), self._keys)

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows as tensors."""
        return {
            "space": self.problem.space.name,
            "choices": torch.from_numpy(self.archs.choices.copy()),
            "objectives": torch.from_numpy(self.outcomes.objectives),
            "excess": torch.from_numpy(self.outcomes.excess),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the rows.

        Raises:
            CheckpointError: If they are of another space or problem.
        """
        space = self.problem.space
        if state.get("space") != space.name:
            raise CheckpointError(
                f"got a checkpoint of the space {state.get('space')!r}; expected {space.name!r}"
            )
        try:
            archs = space.from_choices(state["choices"].numpy())
            outcomes = Outcomes(state["objectives"].numpy(), state["excess"].numpy())
        except (KeyError, AttributeError, InvalidArchitecture) as error:
            raise CheckpointError(f"the checkpoint's archive is malformed: {error}") from error
        widths = (outcomes.objectives.shape[1], outcomes.excess.shape[1])
        if widths != (len(self.problem.objectives), len(self.problem.limits)):
            raise CheckpointError(
                f"got a checkpoint with {widths[0]} objectives and {widths[1]} limits; "
                f"expected {len(self.problem.objectives)} and {len(self.problem.limits)}"
            )
        self._replace(archs, outcomes)

    def _replace(self, archs: Architectures, outcomes: Outcomes) -> None:
        self.archs, self.outcomes = archs, outcomes
        self._keys = self.problem.space.keys(archs)
