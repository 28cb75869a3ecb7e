"""Gradient boosting on choices, as NATv2 predicts accuracies.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017; Sarti,
Lomurno and Matteucci, "Neural Architecture Transfer 2", arXiv 2307.00960.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from agnet.extras import needs
from agnet.spaces import Architectures, SearchSpace
from agnet.surrogates.choice_numbers import choice_numbers
from agnet.surrogates.refitted import Array, Refitted

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["BoostedTrees"]

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
class BoostedTrees(Refitted):
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
        super().__init__(space, rng, "folds", folds, least=2)
        with needs("boosting", "boosted trees"):
            import lightgbm

            self._regressor = lightgbm.LGBMRegressor

    def _predicted(self, archs: Architectures) -> tuple[Array, Array]:
        rows = choice_numbers(self._space, archs)
        found = np.array([[one.predict(rows) for one in models] for models in self._models])
        mean, std = found.mean(axis=1).T, found.std(axis=1).T
        return mean * self._scale + self._centre, std * self._scale

    def _learn(self, archs: Architectures, values: Array, seed: int) -> None:
        # Huber's loss has a unit: deviations from the mean.
        self._centre, scale = values.mean(axis=0), values.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1.0)
        rows, targets = choice_numbers(self._space, archs), values - self._centre
        order = np.random.default_rng(seed).permutation(len(rows))
        parts = np.array_split(order, min(self._count, len(rows)))
        kept = [np.setdiff1d(order, part) for part in parts] if len(rows) > 1 else [order]
        # The library wants two rows at least.
        chosen = [own if len(own) > 1 else np.repeat(own, 2) for own in kept]
        self._models = [
            [self._grown(rows[at], column[at], seed) for at in chosen]
            for column in (targets / self._scale).T
        ]

    def _grown(self, rows: Array, values: Array, seed: int) -> Booster:
        return self._regressor(**GROWTH, random_state=seed).fit(rows, values).booster_
