"""What an earlier run, on something cheaper, tells of architectures that are not evaluated yet."""

from __future__ import annotations

import hashlib
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architectures, SearchSpace
from agnet.strategies.base import Earlier
from agnet.strategies.candidates import LISTED
from agnet.strategies.targets import rank_scores
from agnet.surrogates import GraphEnsemble

__all__ = ["Guide"]

Array = npt.NDArray[np.float64]

LEAST: Final = 8  # architectures, to tell anything
# Before anything is evaluated a score is taken to correlate so much with what is searched for, as
# training-free scores of NAS-Bench-201 do, with the weight of so many evaluations.
CORRELATION: Final = 0.6
WEIGHT: Final = 4.0


@final
class Guide:
    """A surrogate of what an earlier run measured, and how far that tells what is searched for.

    The earlier objectives, such as training-free scores, are turned into normal rank scores, of
    which the mean is learnt (the sum of the ranks, as in Chen, Gong and Wang, "Neural Architecture
    Search on ImageNet in Four GPU Hours", ICLR 2021). What is searched for is then learnt as a
    multiple of it and a rest; the multiple is that of a regression, drawn to ``CORRELATION``.

    Attributes:
        digest: Tells earlier runs apart.
    """

    digest: str

    def __init__(self, space: SearchSpace, earlier: Earlier, rng: np.random.Generator) -> None:
        """Learns an earlier run.

        Args:
            space: The architectures.
            earlier: What was measured.
            rng: What the surrogate's networks are drawn with.

        Raises:
            InvalidInput: If it is too little.
        """
        if len(earlier.archs) < LEAST:
            raise InvalidInput(
                f"got an earlier run of {len(earlier.archs)} architectures; a guide needs {LEAST}"
            )
        none = np.empty((len(earlier.archs), 0))
        scores = [rank_scores(Outcomes(own[:, None], none)) for own in earlier.objectives.T]
        self._surrogate = GraphEnsemble(space, rng)
        self._surrogate.fit(earlier.archs, np.mean(scores, axis=0))
        told = self._predicted(earlier.archs)
        self._shift, self._scale = float(told.mean()), float(told.std()) or 1.0
        self._space = space
        self._listed = self._list() if space.size <= LISTED else None
        content = hashlib.sha256(earlier.archs.choices.tobytes())
        content.update(earlier.objectives.tobytes())
        self.digest = content.hexdigest()

    def __call__(self, archs: Architectures) -> Array:
        """What it tells of ``B`` architectures, ``(B,)``, in deviations, the best the highest."""
        if self._listed is None:
            return (self._predicted(archs) - self._shift) / self._scale
        keys, told = self._listed
        return np.asarray(told[np.searchsorted(keys, self._space.keys(archs))])

    @staticmethod
    def slope(told: Array, scores: Array) -> float:
        """The multiple of what was told, ``(B,)``, that explains ``(B,)`` scores best."""
        apart = told - told.mean()
        return float((apart @ scores + WEIGHT * CORRELATION) / (apart @ apart + WEIGHT))

    def _predicted(self, archs: Architectures) -> Array:
        return self._surrogate.predict(archs)[0][:, 0]

    def _list(self) -> tuple[npt.NDArray[Any], Array]:
        """The keys of a small space, in order, and what it tells of each architecture.

        All at once: predictions are rounded otherwise in batches of other sizes, and a search that
        is resumed has to be told the same.
        """
        every = self._space.enumerate()
        keys = self._space.keys(every)
        order = np.argsort(keys)
        return keys[order], ((self._predicted(every) - self._shift) / self._scale)[order]
