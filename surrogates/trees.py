"""Extra-trees on paths and a summary of the cell.

Geurts, Ernst and Wehenkel, "Extremely Randomized Trees", Machine Learning 2006.
"""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt

from agnet.spaces import Architectures, SearchSpace
from agnet.surrogates.features import Description, features_of
from agnet.surrogates.refitted import Array, Refitted

__all__ = ["ExtraTrees"]


@final
class ExtraTrees(Refitted):
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
        super().__init__(space, rng, "trees", trees)
        self._features = features_of(space)

    def _predicted(self, archs: Architectures) -> tuple[Array, Array]:
        rows = self._rows(self._features.describe(archs))
        leaves = np.stack([tree.tree_.predict(rows) for tree in self._forest.estimators_])
        leaves = leaves.reshape(self._count, len(rows), -1)
        return leaves.mean(axis=0), leaves.std(axis=0)

    def _learn(self, archs: Architectures, values: Array, seed: int) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        described = self._features.describe(archs)
        self._vocabulary = described.vocabulary()
        self._forest = ExtraTreesRegressor(self._count, random_state=seed)
        targets = values[:, 0] if values.shape[1] == 1 else values
        self._forest.fit(self._rows(described), targets)

    def _rows(self, described: Description) -> npt.NDArray[np.float32]:
        known = described.indicators(self._vocabulary)
        return np.concatenate([known, described.summary], axis=1).astype(np.float32)
