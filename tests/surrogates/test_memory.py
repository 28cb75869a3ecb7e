from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agnet.surrogates import memory
from agnet.surrogates.memory import RowMemory


def squares(keys: npt.NDArray[np.int64], asked: list[int]):  # type: ignore[no-untyped-def]
    def compute(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        asked.extend(keys[rows].tolist())
        return (keys[rows].astype(np.float32) ** 2)[:, None]

    return compute


def test_each_key_is_computed_once() -> None:
    recalled, asked = RowMemory(), list[int]()
    for keys in (np.array([3, 1, 3]), np.array([2, 1]), np.array([1, 2, 3]), np.array([], int)):
        rows = recalled.recall(keys, squares(keys, asked))
        np.testing.assert_array_equal(rows[:, 0], keys**2)
    assert sorted(asked) == [1, 2, 3]


def test_it_forgets_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST", 2)
    recalled, asked = RowMemory(), list[int]()
    for keys in (np.array([1, 2, 3]), np.array([1, 4])):
        rows = recalled.recall(keys, squares(keys, asked))
        np.testing.assert_array_equal(rows[:, 0], keys**2)
    assert sorted(asked) == [1, 1, 2, 3, 4]
