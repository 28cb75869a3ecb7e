"""How much each sample counts for each distribution, whichever of them it was drawn from.

The weights are importance ratios to the mixture of all distributions (the balance heuristic of
Veach and Guibas, "Optimally Combining Sampling Techniques for Monte Carlo Rendering", SIGGRAPH
1995), as they serve in Noda, Saito and Shirakawa, "Efficient Search of Multiple Neural
Architectures with Different Complexities via Importance Sampling", ICANN 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from agnet.strategies.importance.categorical import Array, Integers, log_probabilities

__all__ = ["WEIGHTS", "Weighting", "effective_share"]

WEIGHTS: Final = ("balance", "tempered", "none", "own")


@final
@dataclass(frozen=True)
class Weighting:
    """A rule for weights.

    Attributes:
        kind: ``balance`` for ``w = p_k / q``, where ``q`` is the mean of all ``p_k``: unbiased, and
            at most ``K``; ``tempered`` for a power of it; ``none`` for 1; ``own`` for ``K`` where a
            sample was drawn from the distribution itself and 0 elsewhere, with which the searches
            are separate.
        truncation: The most that a weight of the first two kinds can be; from ``K`` on, this
            changes nothing.
        temper: The power.
    """

    kind: str = "balance"
    truncation: float = 1.0
    temper: float = 0.5

    def of(self, theta: Array, hot: Array, origin: Integers) -> Array:
        """Weighs samples.

        Args:
            theta: Probabilities ``(..., K, D, C)``, which the samples were drawn from.
            hot: Samples ``(..., n, D, C)`` of zeros and ones.
            origin: ``(..., n)``, of which distribution each is.

        Returns:
            Weights ``(..., K, n)``.
        """
        k = theta.shape[-3]
        if self.kind == "own":
            return np.where(origin[..., None, :] == np.arange(k)[:, None], float(k), 0.0)
        logs = log_probabilities(theta, hot)
        if self.kind == "none":
            return np.ones_like(logs)
        mixture = np.logaddexp.reduce(logs, axis=-2, keepdims=True) - np.log(k)
        power = self.temper if self.kind == "tempered" else 1.0
        return np.asarray(np.minimum(np.exp(power * (logs - mixture)), self.truncation))


def effective_share(weights: Array) -> Array:
    """The effective sample size of weights ``(..., K, n)``, as a share ``(..., K)`` of ``n``.

    Kong, Liu and Wong, "Sequential Imputations and Bayesian Missing Data Problems", JASA 1994; 0
    where all weights are.
    """
    squares = weights.shape[-1] * (weights**2).sum(axis=-1)
    return np.asarray(weights.sum(axis=-1) ** 2 / np.where(squares > 0, squares, 1.0))
