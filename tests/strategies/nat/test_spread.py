from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agnet.strategies.nat.spread import evenly_spread, unevenness


def test_the_gap_is_filled_in_its_middle() -> None:
    front = np.array([[0.0], [1.0], [2.0], [4.0], [5.0]])
    candidates = np.array([[0.5], [2.2], [3.0], [3.9]])
    assert evenly_spread(front, candidates, 1).tolist() == [2]


def test_the_worst_cost_decides() -> None:
    sets = np.array([[[0.0, 0.0], [1.0, 1.0], [2.0, 4.0]]])
    assert unevenness(sets) == pytest.approx([1.0])


def test_few_candidates_are_all_taken() -> None:
    assert evenly_spread(np.zeros((0, 1)), np.zeros((2, 1)), 3).tolist() == [0, 1]
    assert evenly_spread(np.zeros((0, 1)), np.arange(3.0)[:, None], 1).tolist() == [0]


@pytest.mark.parametrize("seed", range(6))
def test_it_is_as_good_as_the_best_of_all_or_nearly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    front, candidates = rng.random((4, 2)), rng.random((9, 2))
    every = np.concatenate([front, candidates])
    low, span = every.min(axis=0), np.ptp(every, axis=0)

    def value(rows: list[int]) -> float:
        chosen = np.concatenate([front, candidates[rows]])
        return float(unevenness(((chosen - low) / span)[None])[0])

    all_sets = [value(list(rows)) for rows in combinations(range(9), 3)]
    found = value(evenly_spread(front, candidates, 3).tolist())
    assert found <= np.quantile(all_sets, 0.05)
