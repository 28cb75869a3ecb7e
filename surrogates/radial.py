"""Radial basis functions on random parts of the choices, as NAT predicts accuracies.

Lu et al., "Neural Architecture Transfer", TPAMI 2021.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np

from agnet.spaces import Architectures, SearchSpace
from agnet.surrogates.choice_numbers import choice_numbers
from agnet.surrogates.refitted import Array, Refitted

__all__ = ["RadialBasis"]

SHARE: Final = 0.7  # of the choices that vary, which a member sees
SMOOTHING: Final = 1e-3  # of standardised values: two rows that a member sees alike may differ


@final
class RadialBasis(Refitted):
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
        super().__init__(space, rng, "members", members)

    def _predicted(self, archs: Architectures) -> tuple[Array, Array]:
        rows = (choice_numbers(self._space, archs) - self._low) / self._span
        found = np.stack([model(rows[:, columns]) for columns, model in self._models])
        mean, std = found.mean(axis=0), found.std(axis=0)
        return mean * self._scale + self._centre, std * self._scale

    def _learn(self, archs: Architectures, values: Array, seed: int) -> None:
        from scipy.interpolate import RBFInterpolator

        rows, rng = choice_numbers(self._space, archs), np.random.default_rng(seed)
        self._centre, scale = values.mean(axis=0), values.std(axis=0)
        self._scale = np.where(scale > 0, scale, 1.0)
        self._low, span = rows.min(axis=0), np.ptp(rows, axis=0)
        self._span = np.where(span > 0, span, 1.0)
        scaled, targets = (rows - self._low) / self._span, (values - self._centre) / self._scale
        varying = np.flatnonzero(span)
        self._models = []
        for _ in range(self._count):
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
