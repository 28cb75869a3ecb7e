"""BoTorch's random numbers and messages, kept to itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["apart"]


@contextmanager
def apart(rng: np.random.Generator) -> Iterator[None]:
    """Seeds torch's global generator by ``rng`` within, and leaves it as it was.

    The library draws from it where it takes no seed. Its warnings of what is meant to happen are
    silenced.
    """
    from botorch.exceptions import BotorchWarning
    from gpytorch.utils.warnings import NumericalWarning

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        torch.default_generator.manual_seed(int(rng.integers(2**63)))
        # Outcomes that are known nearly exactly make covariances singular; what is added is tiny.
        warnings.filterwarnings("ignore", category=NumericalWarning)
        warnings.filterwarnings("ignore", "Low-rank cholesky updates failed", BotorchWarning)
        # Some samples of the outcomes keep no limit, though what was told does.
        warnings.filterwarnings("ignore", "When all training points are infeas", BotorchWarning)
        yield
