"""Gradient boosting on choices, as NATv2 predicts accuracies.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017; Sarti,
Lomurno and Matteucci, "Neural Architecture Transfer 2", arXiv 2307.00960.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from agnet.errors import CheckpointError, InvalidInput
from agnet.extras import needs
from agnet.spaces import Architecture, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.surrogates.choice_numbers import choice_numbers
from agnet.surrogates.training_set import TrainingSet

if TYPE_CHECKING:
    import numpy.typing as npt
    from lightgbm import Booster

    Array = npt.NDArray[np.float64]

__all__ = ["BoostedTrees"]

SEEDS: Final = 2**31
# A few hundred rows at most: many small steps of small trees. With the defaults of the library,
# which are for many more rows, networks that end at the same exit are ranked less well.
GROWTH: Final[dict[str, Any]] = {
    "objective": "huber",
    "n_estimators": 200,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 5,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@final
class BoostedTrees(Surrogate):
    """Boosted trees, one model for each part of the rows that is left out; their mean predicts."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, folds: int = 10) -> None:
        """Starts unfitted.

        Args:
            space: Where architectures come from.
            rng: Every fit draws one seed from it.
            folds: In how many parts the rows are split; fewer if there are fewer rows.

        Raises:
            InvalidInput: If there are fewer than two.
            MissingExtra: If LightGBM is not installed.
        """
        if folds < 2:
            raise InvalidInput(f"got {folds} folds; expected at least 2")
        with needs("boosting", "boosted trees"):
            import lightgbm

            self._regressor = lightgbm.LGBMRegressor
        self._space, self._rng, self._folds = space, rng, folds
        self._data: TrainingSet | None = None

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        data = TrainingSet.checked(self._space, archs, values)
        self._learn(data, int(self._rng.integers(SEEDS)))

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)``: the mean of the models, and how far they are apart."""
        if self._data is None:
            raise InvalidInput("the boosted trees have not been fitted; call fit first")
        rows = choice_numbers(self._space, self._space.batch(archs))
        if not len(rows):
            empty = np.empty((0, self._data.values.shape[1]))
            return empty, empty.copy()
        found = np.array([[one.predict(rows) for one in models] for models in self._models])
        mean, std = found.mean(axis=1).T, found.std(axis=1).T
        return mean * self._scale + self._centre, std * self._scale

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows and the seed: the same trees are grown again on loading."""
        if self._data is None:
            return {}
        return {**self._data.state_dict(), "seed": self._seed, "folds": self._folds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if not state:
            self._data = None
            return
        data = TrainingSet.from_state(self._space, state)
        seed, folds = state.get("seed"), state.get("folds")
        if not isinstance(seed, int) or folds != self._folds:
            raise CheckpointError(
                f"got a state of {folds} folds and the seed {seed}; expected {self._folds} folds "
                "and a whole number"
            )
        self._learn(data, seed)

    def _learn(self, data: TrainingSet, seed: int) -> None:
        # Huber's loss has a unit: deviations from the mean.
        self._centre, scale = data.values.mean(axis=0), data.values.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1.0)
        rows, targets = choice_numbers(self._space, data.archs), data.values - self._centre
        order = np.random.default_rng(seed).permutation(len(rows))
        parts = np.array_split(order, min(self._folds, len(rows)))
        kept = [np.setdiff1d(order, part) for part in parts] if len(rows) > 1 else [order]
        # The library wants two rows at least.
        chosen = [own if len(own) > 1 else np.repeat(own, 2) for own in kept]
        self._models = [
            [self._grown(rows[at], column[at], seed) for at in chosen]
            for column in (targets / self._scale).T
        ]
        self._data, self._seed = data, seed

    def _grown(self, rows: Array, values: Array, seed: int) -> Booster:
        return self._regressor(**GROWTH, random_state=seed).fit(rows, values).booster_
