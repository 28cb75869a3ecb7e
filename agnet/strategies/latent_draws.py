"""Candidates from a latent space: of the prior, around given architectures, up a gradient."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.generators import Generator, ascend
from agnet.spaces import Architectures
from agnet.strategies.guidance import fit_score

__all__ = ["LatentDraws"]

SHARES: Final = (0.3, 0.4, 0.55, 0.75)  # of a code that are drawn anew: from few changes to many
CUBE: Final = 3.0
STEPS: Final = 20  # up a gradient
PRIOR: Final = 0.02  # what keeps codes on the way up where the generator knows architectures
TEMPERATURE: Final = 0.5  # near a code, what is likely there


@final
class LatentDraws:
    """Draws architectures from the latent space of a generator.

    Attributes:
        generator: Decodes codes.
    """

    def __init__(self, generator: Generator, rng: np.random.Generator) -> None:
        """Takes the generator, and what every draw comes from."""
        self.generator, self._rng = generator, rng

    def prior(self, n: int, *, uniform: bool) -> Architectures:
        """Draws ``n`` from the prior, or from U(-3, 3) in each dimension."""
        shape = (n, self.generator.latent_size)
        if uniform:
            codes = self._rng.uniform(-CUBE, CUBE, shape)
        else:
            codes = self._rng.standard_normal(shape)
        return self.generator.decode(torch.from_numpy(codes.astype(np.float32)), self._rng)

    def around(self, archs: Architectures, n: int) -> Architectures:
        """Draws about ``n`` around the codes of architectures, from close by to far off.

        A share ``b`` of a code ``z`` is drawn anew, ``sqrt(1 - b^2) z + b e``, with ``e`` normal
        and about as long as ``z``: a step that stays where the generator knows architectures
        (Cotter et al., "MCMC Methods for Functions", Statistical Science 2013, eq. 4.3).
        """
        codes = self.generator.encode(archs)
        each = max(n // (len(archs) * len(SHARES)), 1)
        kept = codes.repeat_interleave(each, 0).repeat(len(SHARES), 1)
        steps = torch.from_numpy(self._rng.standard_normal(kept.shape, dtype=np.float32))
        steps = steps * kept.norm(dim=1, keepdim=True) / kept.shape[1] ** 0.5
        share = torch.tensor(SHARES).repeat_interleave(len(codes) * each)[:, None]
        moved = (1 - share**2).sqrt() * kept + share * steps
        return self.generator.decode(moved, self._rng, temperature=TEMPERATURE)

    def guided(
        self, archs: Architectures, promise: npt.NDArray[np.float64], n: int
    ) -> Architectures:
        """Moves the codes of the ``n`` most promising up the gradient of what promises.

        Args:
            archs: ``B`` architectures.
            promise: ``(B,)``, what a surrogate says of them.
            n: How many are moved.
        """
        codes = self.generator.encode(archs)
        score = fit_score(codes, promise, self._rng)
        start = codes[np.argsort(-promise, kind="stable")[:n].copy()]
        return self.generator.decode(ascend(start, score, steps=STEPS, prior=PRIOR), self._rng)
