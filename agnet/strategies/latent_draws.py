"""Candidates from a latent space: of the prior, around given architectures, up a gradient."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.generators import Generator, around, ascend
from agnet.spaces import Architectures
from agnet.strategies.guidance import fit_score

__all__ = ["LatentDraws"]

RADII: Final = (0.5, 1.0, 2.0, 4.0)  # of draws around codes: one change is about 3 away
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
        """Draws about ``n`` around the codes of architectures, from close by to far off."""
        codes = self.generator.encode(archs)
        each = max(n // (len(archs) * len(RADII)), 1)
        parts = [around(codes, radius, each, self._rng).flatten(0, 1) for radius in RADII]
        return self.generator.decode(torch.cat(parts), self._rng, temperature=TEMPERATURE)

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
