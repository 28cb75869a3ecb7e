from __future__ import annotations

from typing import Any

import pytest

from agnet.errors import InvalidInput
from agnet.one_shot import OneShot


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prices": (1.0, 0.5)}, "rise from 0"),
        ({"prices": (-1.0,)}, "rise from 0"),
        ({"prices": (0.0, float("inf"))}, "rise from 0"),
        ({"prices": (float("nan"),)}, "rise from 0"),
        ({"own": 1}, "own = 1; expected at least 2"),
        ({"trained": 0}, "trained = 0"),
        ({"distributions": 0}, "distributions = 0"),
        ({"wait": 1.0}, "below 1"),
        ({"delta": 0.0}, "delta = 0"),
        ({"truncation": 0.0}, "truncation = 0"),
        ({"truncation": float("nan")}, "truncation = nan"),
        ({"weights": "none"}, "balance or own"),
        ({"cost": "seconds"}, "params or macs"),
    ],
)
def test_what_cannot_be_used_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        OneShot(**changes)


def test_given_prices_say_how_many_distributions_there_are() -> None:
    assert OneShot().count == 5
    assert OneShot((0.0, 1.0)).count == 2
