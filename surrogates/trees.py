"""Extra-trees on paths and a summary of the cell.

Geurts, Ernst and Wehenkel, "Extremely Randomized Trees", Machine Learning 2006.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.surrogates.features import Description, features_of
from agnet.surrogates.training_set import TrainingSet

__all__ = ["ExtraTrees"]

Array = npt.NDArray[np.float64]

SEEDS: Final = 2**31


@final
class ExtraTrees(Surrogate):
    """Extremely randomised regression trees; their spread is the uncertainty.

    They see :class:`agnet.surrogates.features.Features`: which operation sequences of the training
    set are there, and the summary.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, trees: int = 100) -> None:
        """Starts unfitted.

        Args:
            space: Where architectures come from.
            rng: Every fit draws one seed from it.
            trees: The number of trees.

        Raises:
            InvalidInput: If there is no tree.
        """
        if trees < 1:
            raise InvalidInput(f"got {trees} trees; expected at least 1")
        self._space = space
        self._features = features_of(space)
        self._rng = rng
        self._trees = trees
        self._data: TrainingSet | None = None

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        data = TrainingSet.checked(self._space, archs, values)
        self._learn(data, int(self._rng.integers(SEEDS)))

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)`` means and deviations; see :meth:`Surrogate.predict`."""
        if self._data is None:
            raise InvalidInput("the trees have not been fitted; call fit first")
        rows = self._rows(self._features.describe(self._space.batch(archs)))
        if not len(rows):
            empty = np.empty((0, self._data.values.shape[1]))
            return empty, empty.copy()
        leaves = np.stack([tree.tree_.predict(rows) for tree in self._forest.estimators_])
        leaves = leaves.reshape(self._trees, len(rows), -1)
        return leaves.mean(axis=0), leaves.std(axis=0)

    def state_dict(self) -> dict[str, Any]:
        """Returns the training set and the seed: the same trees are grown again on loading."""
        if self._data is None:
            return {}
        return {**self._data.state_dict(), "seed": self._seed, "trees": self._trees}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if not state:
            self._data = None
            return
        data, seed, trees = TrainingSet.from_state(self._space, state), *_numbers(state)
        if trees != self._trees:
            raise CheckpointError(f"got a state of {trees} trees; expected {self._trees}")
        self._learn(data, seed)

    def _learn(self, data: TrainingSet, seed: int) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        described = self._features.describe(data.archs)
        self._vocabulary = described.vocabulary()
        self._seed = seed
        self._forest = ExtraTreesRegressor(self._trees, random_state=seed)
        values = data.values[:, 0] if data.values.shape[1] == 1 else data.values
        self._forest.fit(self._rows(described), values)
        self._data = data

    def _rows(self, described: Description) -> npt.NDArray[np.float32]:
        known = described.indicators(self._vocabulary)
        return np.concatenate([known, described.summary], axis=1).astype(np.float32)


def _numbers(state: Mapping[str, Any]) -> tuple[int, int]:
    try:
        return int(state["seed"]), int(state["trees"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the state of the trees is malformed: {error!r}") from error
