"""A differentiable score of latent codes, learnt from what a surrogate says of architectures."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from agnet.generators.latent import Score

__all__ = ["fit_score"]

WAVES: Final = 256
RIDGE: Final = 1e-2  # relative to the number of codes


def fit_score(z: torch.Tensor, values: npt.NDArray[np.float64], rng: np.random.Generator) -> Score:
    """Fits a smooth function of codes to values that a surrogate gave their architectures.

    A surrogate sees discrete graphs and has no gradient with respect to a code; this regression
    has: ridge regression on random Fourier features (Rahimi and Recht, "Random Features for
    Large-Scale Kernel Machines", NIPS 2007), with the median distance as length scale.

    Args:
        z: ``(B, Z)`` codes.
        values: ``(B,)``.
        rng: What the features are drawn with.

    Returns:
        A differentiable map of codes ``(B, Z)`` to predicted values ``(B,)``.
    """
    codes = z.numpy().astype(np.float64)
    apart = codes[rng.integers(len(codes), size=512)] - codes[rng.integers(len(codes), size=512)]
    length = max(float(np.median(np.linalg.norm(apart, axis=1))), 1e-6)
    frequencies = rng.standard_normal((codes.shape[1], WAVES)) / length
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    waves = np.cos(codes @ frequencies + phases)
    shift = values.mean()
    gram = waves.T @ waves + RIDGE * len(codes) * np.eye(WAVES)
    weights = np.linalg.solve(gram, waves.T @ (values - shift))
    matrix, offset, weight = (
        torch.from_numpy(part.astype(np.float32)) for part in (frequencies, phases, weights)
    )

    def score(codes: torch.Tensor) -> torch.Tensor:
        predicted: torch.Tensor = (codes @ matrix + offset).cos() @ weight + float(shift)
        return predicted

    return score
