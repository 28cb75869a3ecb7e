from __future__ import annotations

from dataclasses import asdict, replace
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


def test_rate_rises_first_and_falls_by_powers() -> None:
    recipe = Recipe(epochs=9, schedule="exponential", decay=0.5, warmup=2)
    found = [recipe.share_of_rate(epoch) for epoch in (0, 0.5, 1, 2, 2.9, 3)]
    assert found == pytest.approx([0, 0.25, 0.25, 0.25, 0.25, 0.125])
    cosine = Recipe(epochs=4, period=0, warmup=4)
    assert cosine.share_of_rate(2) == pytest.approx(0.25)


def test_paths_are_dropped_more_and_more() -> None:
    recipe = Recipe(epochs=4, drop_path=0.2)
    assert [recipe.dropped(epoch) for epoch in range(4)] == pytest.approx([0, 0.05, 0.1, 0.15])


def test_a_recipe_of_plain_values() -> None:
    made = Recipe.from_table({"preset": "nasbench201-12", "epochs": 3, "rate": 1})
    assert made == replace(PRESETS["nasbench201-12"], epochs=3, rate=1)
    assert Recipe.from_table(asdict(made)) == made


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"epoch": 3}, "'epoch'"),
        ({"epochs": 3.5}, "epochs = 3.5"),
        ({"flip": 1}, "flip = 1"),
        ({"preset": "magic"}, "'magic'"),
        ({"rate": "fast"}, "rate = 'fast'"),
    ],
    ids=str,
)
def test_other_values_are_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Recipe.from_table(table)


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
        {"schedule": "square"},
        {"warmup": -1},
        {"clip": -1.0},
        {"average": 1.0},
        {"cutout": 1.5},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(InvalidInput, match=name):
        replace(Recipe(), **settings)


def test_nesterov_needs_a_momentum() -> None:
    with pytest.raises(InvalidInput, match="momentum"):
        Recipe(optimizer="sgd", nesterov=True, momentum=0.0)


def test_presets_are_what_they_are_called() -> None:
    assert PRESETS["popnas"] == Recipe()
    assert PRESETS["smoke"].epochs < Recipe().epochs
