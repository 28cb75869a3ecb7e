"""A Gaussian process on paths and a summary of the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces import Architecture, SearchSpace
from agnet.surrogates.acquisitions import Acquisitions
from agnet.surrogates.base import Surrogate
from agnet.surrogates.features import Description, features_of
from agnet.surrogates.gaussian import (
    Belief,
    choose_batch,
    fit_heads,
    posterior,
    squared_distances,
    standardised,
    variance,
)
from agnet.surrogates.training_set import TrainingSet

__all__ = ["GaussianProcess"]

Array = npt.NDArray[np.float64]

CHUNK: Final = 8_192


@final
class GaussianProcess(Surrogate):
    """A Gaussian process with a Matern 5/2 kernel and noise, one for each output.

    The distance is Euclidean over :class:`agnet.surrogates.features.Features`: indicators of the
    operation sequences on live paths, and a standardised summary. Sequences that occur in no
    training architecture count in full. There is one length scale; it, the noise and the amplitude
    have the highest marginal likelihood on a grid. That costs one eigendecomposition a length
    scale for all noises and outputs, finds no local optimum, and is deterministic. The predicted
    deviation is that of the noise-free value.
    """

    def __init__(self, space: SearchSpace) -> None:
        """Starts unfitted."""
        self._space = space
        self._features = features_of(space)
        self._data: TrainingSet | None = None

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        self._learn(TrainingSet.checked(self._space, archs, values))

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)`` means and deviations; see :meth:`Surrogate.predict`."""
        self._check_fitted()
        described = self._features.describe(self._space.batch(archs))
        mean = np.empty((len(described), len(self._outputs)))
        std = np.empty_like(mean)
        for start in range(0, len(described), CHUNK):
            part = slice(start, start + CHUNK)
            squared = self._squared_distances(described[part])
            for m, output in enumerate(self._outputs):
                mean[part, m], whitened = posterior(output, squared)
                std[part, m] = np.sqrt(output.amplitude * variance(whitened))
        return mean * self._scale + self._shift, std * self._scale

    @property
    def noise(self) -> Array:
        """The deviations ``(M,)`` of the noise; see :attr:`Surrogate.noise`.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        self._check_fitted()
        variances = np.array([output.noise * output.amplitude for output in self._outputs])
        return np.asarray(np.sqrt(variances) * self._scale)

    def choose(
        self,
        archs: Sequence[Architecture],
        n: int,
        acquire: Acquisitions,
        offset: Array | None = None,
    ) -> npt.NDArray[np.int64]:
        """Chooses a batch of high and diverse promise for the first output.

        See :func:`agnet.surrogates.gaussian.choose_batch`; the best known mean is that of the
        training set.

        Returns:
            Up to ``n`` rows of ``archs``, the first choice first.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        self._check_fitted()
        described = self._features.describe(self._space.batch(archs))
        output = self._outputs[0]
        belief = Belief(output, self._squared_distances(described), *self._embed(described))
        return choose_batch([belief], n, acquire, float(output.known.max()), offset)

    def state_dict(self) -> dict[str, Any]:
        """Returns the training set: fitting is deterministic, and done again on loading."""
        return {} if self._data is None else self._data.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if state:
            self._learn(TrainingSet.from_state(self._space, state))
        else:
            self._data = None

    def _check_fitted(self) -> None:
        if self._data is None:
            raise InvalidInput("the Gaussian process has not been fitted; call fit first")

    def _learn(self, data: TrainingSet) -> None:
        described = self._features.describe(data.archs)
        self._vocabulary = described.vocabulary()
        self._train, self._train_norm = self._embed(described)
        scaled, self._shift, self._scale = standardised(data.values)
        self._outputs = fit_heads(self._squared_distances(described), scaled)
        self._data = data

    def _embed(self, described: Description) -> tuple[Array, Array]:
        """Returns coordinates ``(B, F)``, and squared norms that count unknown sequences too."""
        weight = self._features.weight
        known = weight * described.indicators(self._vocabulary)
        norm = weight**2 * (described.codes >= 0).sum(axis=1) + (described.summary**2).sum(axis=1)
        return np.concatenate([known, described.summary], axis=1), norm

    def _squared_distances(self, described: Description) -> npt.NDArray[np.floating[Any]]:
        """Squared distances ``(n, B)`` from the training set."""
        return squared_distances(self._train, self._train_norm, *self._embed(described))
