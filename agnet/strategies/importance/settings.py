"""What can be set of the search, and whether it can be used."""

from __future__ import annotations

from typing import Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.strategies.importance.floors import FLOORS
from agnet.strategies.importance.utility import UTILITIES
from agnet.strategies.importance.weights import WEIGHTS

__all__ = ["check_numbers", "check_options"]

OPTIONS: Final = {
    "weights": tuple(kind for kind in WEIGHTS if kind != "own"),  # that is the setting ``shared``
    "utility": UTILITIES,
    "floor": FLOORS,
    "draw": ("stratified", "mixture"),
}


def check_options(**given: str) -> None:
    """Checks the settings that are one of a few words.

    Raises:
        InvalidInput: If one is another word.
    """
    for name, value in given.items():
        if value not in OPTIONS[name]:
            raise InvalidInput(f"got {name} {value!r}; expected {', '.join(OPTIONS[name])}")


def check_numbers(distributions: int, own: int, **positive: float) -> None:
    """Checks the settings that are numbers.

    Raises:
        InvalidInput: If one of them cannot be used.
    """
    if distributions < 1 or own < 1 or distributions * own < 2:
        raise InvalidInput(
            f"got {distributions} distributions and {own} samples of each; expected at least 1 of "
            "both, and 2 samples in all, as one alone cannot be ranked"
        )
    for name, value in positive.items():
        if not 0 < value < np.inf:
            raise InvalidInput(f"got {name} {value}; expected a finite number above 0")
