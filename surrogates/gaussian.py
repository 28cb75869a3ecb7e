"""Gaussian-process regression on given squared distances: hyper-parameters, posterior, batches.

Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, abbreviated RW below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from agnet.surrogates.acquisitions import Acquisitions

__all__ = [
    "LENGTHS",
    "Belief",
    "Head",
    "choose_batch",
    "fit_heads",
    "log_normal",
    "matern52",
    "posterior",
    "squared_distances",
    "standardised",
    "variance",
]

Array: TypeAlias = npt.NDArray[np.floating[Any]]

# What is tried: length scales relative to the median distance, noise relative to the signal.
LENGTHS: Final = np.logspace(-0.7, 1.0, 14)
NOISES: Final = np.logspace(-4.0, 0.0, 13)
FLOOR: Final = 1e-10


@final
@dataclass(frozen=True)
class Head:
    """What was learnt of one output of unit variance, from ``n`` examples.

    Attributes:
        step: The index in ``LENGTHS`` of the length scale.
        length: The length scale itself.
        noise: The variance of the noise relative to the signal.
        amplitude: The variance of the signal.
        factor: ``(n, n)``, lower triangular: of the noisy kernel matrix.
        weights: ``(n,)``, the inverse of the noisy kernel matrix times the values.
        known: ``(n,)``, the noise-free means of the examples.
        likelihood: The log marginal likelihood and log-prior, up to a constant.
    """

    step: int
    length: float
    noise: float
    amplitude: float
    factor: Array
    weights: Array
    known: Array
    likelihood: float


@final
class Belief:
    """What a head believes of ``B`` candidates while a batch of them is chosen.

    Attributes:
        mean: ``(B,)``.
    """

    mean: Array

    def __init__(self, head: Head, squared: Array, coordinates: Array, norm: Array) -> None:
        """Takes the posterior.

        Args:
            head: What was learnt.
            squared: ``(n, B)`` squared distances from the examples.
            coordinates: ``(B, F)``, of the candidates.
            norm: ``(B,)``, their squared norms.
        """
        self._head, self._coordinates, self._norm = head, coordinates, norm
        self.mean, self._whitened = posterior(head, squared)
        self._variance = variance(self._whitened)

    @property
    def variance(self) -> Array:
        """The variance ``(B,)`` of the noise-free values."""
        return self._head.amplitude * self._variance

    def take(self, at: int) -> None:
        """Takes a candidate to have been evaluated at its mean."""
        head, own = self._head, self._coordinates[at]
        squared = self._norm + self._norm[at] - 2 * self._coordinates @ own
        kernel = matern52(np.maximum(squared, 0.0), head.length)
        root = np.sqrt(self._variance[at] + head.noise)
        row = (kernel - self._whitened[:, at] @ self._whitened) / root
        self._whitened = np.concatenate([self._whitened, row[None]])
        self._variance = np.maximum(self._variance - row**2, FLOOR)


def choose_batch(
    beliefs: Sequence[Belief], n: int, acquire: Acquisitions, best: float, offset: Array | None
) -> npt.NDArray[np.int64]:
    """Chooses up to ``n`` candidates of high and diverse promise, the first choice first.

    One after the other, the highest by an acquisition of the mixture of all beliefs. Each is then
    taken to have been evaluated at its mean, which leaves all means and lowers the deviations near
    it (Desautels, Krause and Burdick, "Parallelizing Exploration-Exploitation Tradeoffs in Gaussian
    Process Bandit Optimization", JMLR 2014, eq. 7).

    Args:
        beliefs: At least one, of the same ``B`` candidates.
        n: How many.
        acquire: Scores mean and deviation; several take turns.
        best: The best known mean.
        offset: ``(B,)``, added to the scores; nothing if None. Minus infinity rules one out.
    """
    mean = np.mean([belief.mean for belief in beliefs], axis=0)
    spread = np.mean([(belief.mean - mean) ** 2 for belief in beliefs], axis=0)
    open_ = np.zeros(len(mean)) if offset is None else offset.copy()
    turns = [acquire] if callable(acquire) else acquire
    chosen: list[int] = []
    for choice in range(min(n, len(mean))):
        variance = np.mean([belief.variance for belief in beliefs], axis=0) + spread
        scores = turns[choice % len(turns)](mean, np.sqrt(variance), best) + open_
        at = int(scores.argmax())
        if scores[at] == -np.inf:
            break
        chosen.append(at)
        open_[at] = -np.inf
        if len(chosen) < n:
            for belief in beliefs:
                belief.take(at)
    return np.array(chosen, dtype=np.int64)


def squared_distances(first: Array, first_norm: Array, second: Array, second_norm: Array) -> Array:
    """Squared distances ``(n, B)`` of ``(n, F)`` and ``(B, F)`` coordinates with given norms."""
    squared = first_norm[:, None] + second_norm - 2 * first @ second.T
    return np.asarray(np.maximum(squared, 0.0))


def standardised(values: Array) -> tuple[Array, Array, Array]:
    """Returns columns ``(n, M)`` of zero mean and unit variance, and their means and deviations.

    The deviation of a constant column is taken to be 1.
    """
    shift, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return (values - shift) / scale, shift, scale


def matern52(squared: Array, length: float) -> Array:
    """The Matern kernel of smoothness 5/2 of squared distances, as precise (RW eq. 4.17)."""
    scaled = np.sqrt(5.0 * squared) / length
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled))


def log_normal(centre: float, spread: float) -> Array:
    """The log-density of each of ``LENGTHS``, up to a constant, if its logarithm is normal.

    Args:
        centre: Of the highest density.
        spread: The deviation of the logarithm.
    """
    return np.asarray(-0.5 * (np.log(LENGTHS / centre) / spread) ** 2)


def fit_heads(
    squared: Array,
    values: Array,
    steps: npt.NDArray[np.int64] | None = None,
    prior: Array | None = None,
) -> list[Head]:
    """Finds the hyper-parameters of highest marginal likelihood for each column of ``values``.

    With eigenvalues ``w`` and values ``a`` in the eigenbasis, the kernel matrix with noise ``s``
    has the log marginal likelihood ``-n/2 log c - 1/2 sum log(w + s)`` up to a constant at its best
    amplitude ``c = mean(a^2 / (w + s))`` (RW eq. 5.8, maximised over the amplitude). That costs one
    eigendecomposition a length scale for all noises and outputs, and finds no local optimum.

    Args:
        squared: ``(n, n)`` squared distances of the examples.
        values: ``(n, M)``, of about zero mean and unit variance.
        steps: Which of ``LENGTHS`` to try; all by default.
        prior: Log-densities of ``LENGTHS``, added to the likelihoods; all equal by default.
    """
    n = len(values)
    apart = squared[squared > FLOOR]
    median = np.sqrt(np.median(apart)) if len(apart) else 1.0
    tried = np.arange(len(LENGTHS)) if steps is None else steps
    weight = np.zeros(len(LENGTHS)) if prior is None else prior
    likelihood = np.empty((len(tried), len(NOISES), values.shape[1]))
    amplitude = np.empty_like(likelihood)
    for i, step in enumerate(tried):
        w, basis = np.linalg.eigh(matern52(squared, LENGTHS[step] * median))
        total = np.maximum(w, 0.0)[:, None] + NOISES  # (n, S)
        amplitude[i] = np.maximum((1.0 / total).T @ (basis.T @ values) ** 2 / n, FLOOR)
        likelihood[i] = -0.5 * (n * np.log(amplitude[i]) + np.log(total).sum(axis=0)[:, None])
        likelihood[i] += weight[step]
    heads = []
    for m in range(values.shape[1]):
        i, j = divmod(int(likelihood[..., m].argmax()), len(NOISES))
        length, noise = float(LENGTHS[tried[i]] * median), float(NOISES[j])
        factor = cholesky(matern52(squared, length) + noise * np.eye(n), lower=True)
        half = solve_triangular(factor, values[:, m], lower=True)
        weights = solve_triangular(factor, half, lower=True, trans="T")
        known = values[:, m] - noise * weights  # (K + sI) w = y, and the means are K w
        scale, best = float(amplitude[i, j, m]), float(likelihood[i, j, m])
        heads.append(Head(int(tried[i]), length, noise, scale, factor, weights, known, best))
    return heads


def posterior(head: Head, squared: Array) -> tuple[Array, Array]:
    """Returns means ``(B,)`` and whitened covariances ``(n, B)`` (RW algorithm 2.1)."""
    cross = matern52(squared, head.length)
    return head.weights @ cross, solve_triangular(head.factor, cross, lower=True)


def variance(whitened: Array) -> Array:
    """Returns the variances ``(B,)`` relative to the amplitude."""
    return np.asarray(np.maximum(1.0 - np.einsum("nb,nb->b", whitened, whitened), FLOOR))
