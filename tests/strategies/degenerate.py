"""Outcomes that teach nothing, or too much."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NAN = float("nan")
Array = npt.NDArray[np.float64]


def degenerate() -> dict[str, tuple[Array, Array]]:
    """Objectives and excesses of forty architectures."""
    rng = np.random.default_rng(0)
    noise, over = rng.normal(size=(40, 2)), np.ones((40, 1))
    some, one = noise.copy(), np.full((40, 2), NAN)
    some[rng.random((40, 2)) < 0.5] = NAN
    one[7] = 1.0
    return {
        "all equal": (np.zeros((40, 2)), -over),
        "one objective constant": (noise * [1.0, 0.0], -over),
        "all failed": (np.full((40, 2), NAN), -over),
        "some failed": (some, -over),
        "all but one failed": (one, -over),
        "all infeasible": (noise, over),
        "infeasible by different amounts": (noise, np.abs(noise[:, :1])),
        "excess unknown": (noise, over * NAN),
        "infinite": (noise + [np.inf, 0.0], -over),
        "one is infinite": (np.where(np.arange(40)[:, None] == 3, -np.inf, noise), -over),
        "huge": (noise * 1e150, -over),
    }
