"""A Gaussian process on paths and a summary of the cell.

Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, abbreviated RW below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from agnet.errors import InvalidInput
from agnet.spaces import Architecture, SearchSpace
from agnet.surrogates.acquisitions import Acquisition
from agnet.surrogates.base import Surrogate
from agnet.surrogates.features import Description, features_of
from agnet.surrogates.training_set import TrainingSet

__all__ = ["GaussianProcess"]

Array = npt.NDArray[np.float64]

# What is tried: length scales relative to the median distance, noise relative to the signal.
LENGTHS: Final = np.logspace(-0.7, 1.0, 14)
NOISES: Final = np.logspace(-4.0, 0.0, 13)
FLOOR: Final = 1e-10
CHUNK: Final = 8_192


@dataclass(frozen=True)
class _Output:
    """The posterior of one output, in units of its standard deviation in the training set."""

    length: float
    noise: float
    amplitude: float
    factor: Array  # (n, n), lower triangular: of the noisy kernel matrix
    weights: Array  # (n,), the inverse of the noisy kernel matrix times the values
    known: Array  # (n,), the noise-free means of the training set


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
                mean[part, m], whitened = _posterior(output, squared)
                std[part, m] = np.sqrt(output.amplitude * _variance(whitened))
        return mean * self._scale + self._shift, std * self._scale

    def choose(
        self, archs: Sequence[Architecture], n: int, acquire: Acquisition
    ) -> npt.NDArray[np.int64]:
        """Chooses a batch of high and diverse promise for the first output.

        One after the other, the highest by an acquisition, whose best known mean is that of the
        training set. Each is then taken to have been evaluated at its mean, which leaves all means
        and lowers the deviations near it (Desautels, Krause and Burdick, "Parallelizing
        Exploration-Exploitation Tradeoffs in Gaussian Process Bandit Optimization", JMLR 2014,
        eq. 7).

        Returns:
            Up to ``n`` rows of ``archs``, the first choice first.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        self._check_fitted()
        described = self._features.describe(self._space.batch(archs))
        output = self._outputs[0]
        mean, whitened = _posterior(output, self._squared_distances(described))
        variance = _variance(whitened)
        best = float(output.known.max())
        kind, norm = self._embed(described)
        open_ = np.zeros(len(described))
        chosen: list[int] = []
        for _ in range(min(n, len(described))):
            score = acquire(mean, np.sqrt(output.amplitude * variance), best) + open_
            at = int(score.argmax())
            chosen.append(at)
            open_[at] = -np.inf
            squared = np.maximum(norm + norm[at] - 2 * kind @ kind[at], 0.0)
            own = np.sqrt(variance[at] + output.noise)
            row = (matern52(squared, output.length) - whitened[:, at] @ whitened) / own
            whitened = np.concatenate([whitened, row[None]])
            variance = np.maximum(variance - row**2, FLOOR)
        return np.array(chosen, dtype=np.int64)

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
        self._shift = data.values.mean(axis=0)
        spread = data.values.std(axis=0)
        self._scale = np.where(spread > 0, spread, 1.0)
        self._outputs = _fit(
            self._squared_distances(described), (data.values - self._shift) / self._scale
        )
        self._data = data

    def _embed(self, described: Description) -> tuple[Array, Array]:
        """Returns coordinates ``(B, F)``, and squared norms that count unknown sequences too."""
        weight = self._features.weight
        known = weight * described.indicators(self._vocabulary)
        norm = weight**2 * (described.codes >= 0).sum(axis=1) + (described.summary**2).sum(axis=1)
        return np.concatenate([known, described.summary], axis=1), norm

    def _squared_distances(self, described: Description) -> Array:
        """Squared distances ``(n, B)`` from the training set."""
        rows, norm = self._embed(described)
        squared = self._train_norm[:, None] + norm - 2 * self._train @ rows.T
        return np.asarray(np.maximum(squared, 0.0))


def matern52(squared: Array, length: float) -> Array:
    """The Matern kernel of smoothness 5/2 of squared distances (RW eq. 4.17)."""
    scaled = np.sqrt(5.0 * squared) / length
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled))


def _fit(squared: Array, values: Array) -> list[_Output]:
    """Finds the best hyper-parameters of each column of ``values (n, M)``.

    With eigenvalues ``w`` and values ``a`` in the eigenbasis, the kernel matrix with noise ``s``
    has the log marginal likelihood ``-n/2 log c - 1/2 sum log(w + s)`` up to a constant at its best
    amplitude ``c = mean(a^2 / (w + s))`` (RW eq. 5.8, maximised over the amplitude).
    """
    n = len(values)
    apart = squared[squared > FLOOR]
    lengths = LENGTHS * (np.sqrt(np.median(apart)) if len(apart) else 1.0)
    likelihood = np.empty((len(lengths), len(NOISES), values.shape[1]))
    amplitude = np.empty_like(likelihood)
    for i, length in enumerate(lengths):
        w, basis = np.linalg.eigh(matern52(squared, length))
        total = np.maximum(w, 0.0)[:, None] + NOISES  # (n, S)
        amplitude[i] = np.maximum((1.0 / total).T @ (basis.T @ values) ** 2 / n, FLOOR)
        likelihood[i] = -0.5 * (n * np.log(amplitude[i]) + np.log(total).sum(axis=0)[:, None])
    outputs = []
    for m in range(values.shape[1]):
        i, j = divmod(int(likelihood[..., m].argmax()), len(NOISES))
        kernel = matern52(squared, lengths[i]) + NOISES[j] * np.eye(n)
        factor = cholesky(kernel, lower=True)
        half = solve_triangular(factor, values[:, m], lower=True)
        weights = solve_triangular(factor, half, lower=True, trans="T")
        known = values[:, m] - NOISES[j] * weights  # (K + sI) w = y, and the means are K w
        outputs.append(
            _Output(float(lengths[i]), float(NOISES[j]), amplitude[i, j, m], factor, weights, known)
        )
    return outputs


def _posterior(output: _Output, squared: Array) -> tuple[Array, Array]:
    """Returns means ``(B,)`` and whitened covariances ``(n, B)`` (RW algorithm 2.1)."""
    cross = matern52(squared, output.length)
    return output.weights @ cross, solve_triangular(output.factor, cross, lower=True)


def _variance(whitened: Array) -> Array:
    return np.asarray(np.maximum(1.0 - np.einsum("nb,nb->b", whitened, whitened), FLOOR))
