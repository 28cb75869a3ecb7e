"""What can be set of a search by partitions, and whether it can be used."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput

__all__ = ["MODELS", "PROCESSES", "check_numbers", "check_options"]

PROCESSES: Final = ("qnehvi", "qehvi", "qparego")  # samplers that choose by Gaussian processes
MODELS: Final = ("surrogate", *PROCESSES)  # and by any model
OPTIONS: Final = {
    "sampler": ("random", "evolution", "latent", "cmaes", *MODELS),
    "encoding": ("onehot", "integer", "latent"),
    "select": ("leaf", "path"),
    "kernel": ("rbf", "poly", "linear"),
    "children": ("label", "prediction"),
}


def check_options(**given: str) -> None:
    """Checks the settings that are one of a few words.

    Raises:
        InvalidInput: If one is another word.
    """
    for name, value in given.items():
        if value not in OPTIONS[name]:
            raise InvalidInput(f"got {name} {value!r}; expected {', '.join(OPTIONS[name])}")


def check_numbers(cp: float, min_split: int) -> None:
    """Checks the settings that are numbers.

    Raises:
        InvalidInput: If one of them cannot be used.
    """
    if min_split < 2 or not np.isfinite(cp):
        raise InvalidInput(
            f"got min_split {min_split} and cp {cp}; expected at least 2 and a finite number"
        )
