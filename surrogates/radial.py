"""Radial basis functions on random parts of the choices, as NAT predicts accuracies.

Lu et al., "Neural Architecture Transfer", TPAMI 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.surrogates.choice_numbers import choice_numbers
from agnet.surrogates.training_set import TrainingSet

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

__all__ = ["RadialBasis"]

SEEDS: Final = 2**31
SHARE: Final = 0.7  # of the choices that vary, which a member sees
SMOOTHING: Final = 1e-3  # of standardised values: two rows that a member sees alike may differ


@final
class RadialBasis(Surrogate):
    """Interpolates by ``r^3`` and a plane, for each of many random parts of the choices."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, members: int = 100) -> None:
        """Starts unfitted.

        Args:
            space: Where architectures come from.
            rng: Every fit draws one seed from it.
            members: How many random parts there are.

        Raises:
            InvalidInput: If there is none.
        """
        if members < 1:
            raise InvalidInput(f"got {members} members; expected at least 1")
        self._space, self._rng, self._members = space, rng, members
        self._data: TrainingSet | None = None

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        data = TrainingSet.checked(self._space, archs, values)
        self._learn(data, int(self._rng.integers(SEEDS)))

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)``: the mean of the members, and how far they are apart."""
        if self._data is None:
            raise InvalidInput("the radial basis functions have not been fitted; call fit first")
        rows = choice_numbers(self._space, self._space.batch(archs))
        if not len(rows):
            empty = np.empty((0, self._data.values.shape[1]))
            return empty, empty.copy()
        scaled = (rows - self._low) / self._span
        found = np.stack([model(scaled[:, columns]) for columns, model in self._models])
        return (
            found.mean(axis=0) * self._scale + self._centre,
            found.std(axis=0) * self._scale,
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows and the seed: the same members are made again on loading."""
        if self._data is None:
            return {}
        return {**self._data.state_dict(), "seed": self._seed, "members": self._members}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if not state:
            self._data = None
            return
        data = TrainingSet.from_state(self._space, state)
        seed, members = state.get("seed"), state.get("members")
        if not isinstance(seed, int) or members != self._members:
            raise CheckpointError(
                f"got a state of {members} members and the seed {seed}; expected {self._members} "
                "members and a whole number"
            )
        self._learn(data, seed)

    def _learn(self, data: TrainingSet, seed: int) -> None:
        from scipy.interpolate import RBFInterpolator

        rows, rng = choice_numbers(self._space, data.archs), np.random.default_rng(seed)
        self._centre, scale = data.values.mean(axis=0), data.values.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1.0)
        self._low, span = rows.min(axis=0), np.ptp(rows, axis=0)
        self._span = np.where(span > 0, span, 1.0)
        scaled, targets = (
            (rows - self._low) / self._span,
            (data.values - self._centre) / self._scale,
        )
        varying = np.flatnonzero(span)
        self._models = []
        for _ in range(self._members):
            columns = np.sort(rng.permutation(varying)[: max(1, round(SHARE * len(varying)))])
            if not len(columns):  # all rows are alike
                columns = np.zeros(1, dtype=np.int64)
            seen = scaled[:, columns]
            # A plane needs rows that span it; a mean and distances do with any.
            spans = np.linalg.matrix_rank(np.column_stack([np.ones(len(seen)), seen]))
            if spans > len(columns):
                model = RBFInterpolator(
                    seen, targets, smoothing=SMOOTHING, kernel="cubic", degree=1
                )
            else:
                model = RBFInterpolator(
                    seen, targets, smoothing=SMOOTHING, kernel="linear", degree=0
                )
            self._models.append((columns, model))
        self._data, self._seed = data, seed
