from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agnet.benchmarks.training import PRESETS, Recipe
from agnet.errors import InvalidInput


@pytest.mark.parametrize(
    ("epoch", "share"),
    # Periods of 3, 6 and 12 epochs.
    [
        (0, 1),
        (1, 0.75),
        (1.5, 0.5),
        (2, 0.25),
        (3, 1),
        (6, 0.5),
        (9, 1),
        (15, 0.5),
        (18, 0.1464466),
    ],
)
def test_rate_falls_and_starts_again(epoch: float, share: float) -> None:
    assert Recipe().share_of_rate(epoch) == pytest.approx(share)
    assert Recipe().share_of_rate(3 - 1e-6) == pytest.approx(0, abs=1e-9)


def test_rate_falls_once_without_restarts() -> None:
    recipe = Recipe(epochs=4, period=0)
    assert [recipe.share_of_rate(epoch) for epoch in (0, 2, 4)] == pytest.approx([1, 0.5, 0])


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"batch": 0},
        {"period": -1},
        {"batch": 1},
        {"rate": -0.1},
        {"rate": float("nan")},
        {"weight_decay": float("inf")},
        {"momentum": 1.0},
        {"smoothing": -0.1},
        {"translation": 1.0},
        {"optimizer": "lion"},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(InvalidInput, match=name):
        replace(Recipe(), **settings)


def test_presets_are_what_they_are_called() -> None:
    assert PRESETS["popnas"] == Recipe()
    assert PRESETS["smoke"].epochs < Recipe().epochs
