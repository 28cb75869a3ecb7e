"""Surrogates whose state is what they have learnt from: it is learnt again when it is restored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.surrogates.training_set import TrainingSet

__all__ = ["Refitted"]

Array: TypeAlias = npt.NDArray[np.float64]

SEEDS: Final = 2**31


class Refitted(Surrogate):
    """Learns from rows and a seed, and from nothing else."""

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, parts: str, count: int, least: int = 1
    ) -> None:
        """Starts unfitted.

        Args:
            space: Where architectures come from.
            rng: Every fit draws one seed from it.
            parts: What it is made of, such as ``trees``, for messages.
            count: Of how many of them.
            least: The fewest that there can be.

        Raises:
            InvalidInput: If there are fewer.
        """
        if count < least:
            raise InvalidInput(f"got {count} {parts}; expected at least {least}")
        self._space, self._rng, self._parts, self._count = space, rng, parts, count
        self._data: TrainingSet | None = None
        self._seed = 0

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        data = TrainingSet.checked(self._space, archs, values)
        self._restart(data, int(self._rng.integers(SEEDS)))

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)`` means and deviations; see :meth:`Surrogate.predict`."""
        if self._data is None:
            raise InvalidInput(f"the {self._parts} have not been fitted; call fit first")
        batch = self._space.batch(archs)
        if not len(batch):
            empty = np.empty((0, self._data.values.shape[1]))
            return empty, empty.copy()
        return self._predicted(batch)

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows and the seed."""
        if self._data is None:
            return {}
        return {**self._data.state_dict(), "seed": self._seed, self._parts: self._count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if not state:
            self._data = None
            return
        data = TrainingSet.from_state(self._space, state)
        seed, count = state.get("seed"), state.get(self._parts)
        if not isinstance(seed, int) or count != self._count:
            raise CheckpointError(
                f"got a state of {count} {self._parts} and the seed {seed}; expected {self._count} "
                f"{self._parts} and a whole number"
            )
        self._restart(data, seed)

    def _restart(self, data: TrainingSet, seed: int) -> None:
        self._learn(data.archs, data.values, seed)
        self._data, self._seed = data, seed

    @abstractmethod
    def _learn(self, archs: Architectures, values: Array, seed: int) -> None:
        """Learns ``(B, M)`` values, checked, in place of what was learnt."""

    @abstractmethod
    def _predicted(self, archs: Architectures) -> tuple[Array, Array]:
        """Predicts for at least one architecture."""
