from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agnet.spaces.key_index import KeyIndex


@given(st.lists(st.integers(-5, 5), min_size=1), st.lists(st.integers(-7, 7)))
def test_it_finds_what_a_list_finds(keys: list[int], asked: list[int]) -> None:
    index = KeyIndex(np.array(keys))
    found = index.find(np.array(asked, dtype=np.int64))
    assert found.tolist() == [keys.index(key) if key in keys else -1 for key in asked]
    if index.repeated is None:
        assert len(set(keys)) == len(keys)
    else:
        first, second = index.repeated
        assert first < second
        assert keys[first] == keys[second]
