from __future__ import annotations

import numpy as np
import pytest

from agnet.report._some import some


def test_few_rows_are_all_taken() -> None:
    assert some(np.array([3, 5, 9]), 3).tolist() == [3, 5, 9]
    assert some(np.arange(0), 3).tolist() == []


@pytest.mark.parametrize("most", [1, 10, 333])
def test_rows_are_taken_evenly_and_in_order(most: int) -> None:
    rows = some(np.arange(5000), most)
    assert len(rows) == most and (np.diff(rows) > 0).all()
    gaps = np.diff([0, *rows, 5000])
    assert gaps.max() < 3 * 5000 / most


def test_the_fewer_are_among_the_more() -> None:
    many, few = some(np.arange(5000), 400), some(np.arange(5000), 100)
    assert set(few) <= set(many)
