"""What a surrogate was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, Architectures, SearchSpace

__all__ = ["TrainingSet"]


@final
@dataclass(frozen=True)
class TrainingSet:
    """``B`` architectures and their values ``(B, M)``, checked."""

    archs: Architectures
    values: npt.NDArray[np.float64]

    @classmethod
    def checked(
        cls, space: SearchSpace, archs: Sequence[Architecture], values: npt.NDArray[np.float64]
    ) -> TrainingSet:
        """Gathers and checks what is to be learnt.

        Raises:
            InvalidInput: If the shapes do not fit, a value is not finite, or there are no rows.
        """
        batch, array = space.batch(archs), np.array(values, dtype=np.float64)
        if array.ndim != 2 or len(array) != len(batch) or not array.size:
            raise InvalidInput(
                f"got {len(batch)} architectures and values of shape {array.shape}; expected at "
                "least one architecture and values (B, M)"
            )
        wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(wrong):
            raise InvalidInput(
                f"got the values {array[wrong[0]].tolist()} of {batch[int(wrong[0])]}; a surrogate "
                "learns finite numbers only: leave failed evaluations out, or rank them"
            )
        return cls(batch, array)

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows as tensors."""
        return {
            "space": self.archs.space.name,
            "choices": torch.from_numpy(self.archs.choices.copy()),
            "values": torch.from_numpy(self.values.copy()),
        }

    @classmethod
    def from_state(cls, space: SearchSpace, state: Mapping[str, Any]) -> TrainingSet:
        """Reads :meth:`state_dict` back.

        Raises:
            CheckpointError: If it is malformed or of another space.
        """
        if state.get("space") != space.name:
            raise CheckpointError(
                f"got a surrogate of the space {state.get('space')!r}; expected {space.name!r}"
            )
        try:
            archs = space.from_choices(state["choices"].numpy())
            return cls.checked(space, archs, state["values"].numpy())
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise CheckpointError(f"the surrogate's state is malformed: {error}") from error
