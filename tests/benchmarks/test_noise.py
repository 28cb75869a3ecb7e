from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from agnet.benchmarks.noise import _mix, pick_repeat
from agnet.errors import InvalidInput

KEYS = np.arange(30_000, dtype=np.int64)


def test_mix_is_splitmix64() -> None:
    first_outputs_of_seed_0 = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    increment = 0x9E3779B97F4A7C15
    states = np.array([i * increment % 2**64 for i in range(3)], dtype=np.uint64)
    assert _mix(states).tolist() == first_outputs_of_seed_0


def test_picks_are_even_for_every_seed() -> None:
    counts = np.full(len(KEYS), 3)
    for seed in range(5):
        observed = np.bincount(pick_repeat(KEYS, counts, seed), minlength=3)
        assert len(observed) == 3
        assert chisquare(observed).pvalue > 1e-4


def test_seeds_pick_independently() -> None:
    counts = np.full(len(KEYS), 3)
    first, second = (pick_repeat(KEYS, counts, seed) for seed in (0, 1))
    assert chisquare(np.bincount(first * 3 + second, minlength=9)).pvalue > 1e-4


def test_a_pick_depends_on_nothing_but_its_own_row() -> None:
    counts = KEYS % 4
    together = pick_repeat(KEYS, counts, 7)
    shuffled = np.random.default_rng(0).permutation(len(KEYS))
    assert np.array_equal(pick_repeat(KEYS[shuffled], counts[shuffled], 7), together[shuffled])
    assert pick_repeat(KEYS[5:6], counts[5:6], 7)[0] == together[5]
    assert len(pick_repeat(KEYS[:0], counts[:0], 7)) == 0


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 10), st.integers(0, 2**63 - 1))
def test_pick_is_in_range(key: int, count: int, seed: int) -> None:
    pick = int(pick_repeat(np.array([key]), np.array([count]), seed)[0])
    assert 0 <= pick < max(count, 1)


def test_wrong_arguments_are_refused() -> None:
    for keys, counts, seed in (
        (KEYS[:3], np.ones(2, int), 0),
        (KEYS[:2], np.array([1, -1]), 0),
        (KEYS[:2], np.ones(2, int), -1),
    ):
        with pytest.raises(InvalidInput, match="got"):
            pick_repeat(keys, counts, seed)
