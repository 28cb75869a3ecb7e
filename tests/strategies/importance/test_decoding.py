from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import (
    DARTS,
    BlockCells,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.strategies.importance.decoding import decoded

SPACES = (NASBench101(), NASBench201(), OFAMobileNetV3(), DARTS(), BlockCells(3))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_every_vector_stands_for_one_architecture(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    sizes = np.array(space.choice_sizes)
    rows = (rng.random((60, len(sizes))) * sizes).astype(np.int64)
    rows[::2] = np.minimum(rows[::2], 1)
    first, good = decoded(space, rows)
    again, _ = decoded(space, rows[::-1])
    assert good.all() and len(first) == 60
    assert np.array_equal(first.choices, again.choices[::-1])
    valid = space.is_valid(rows)
    assert np.array_equal(first[valid].choices, space.from_choices(rows[valid]).choices)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_architectures_stand_for_themselves(space: SearchSpace) -> None:
    archs = space.sample(40, np.random.default_rng(0))
    assert np.array_equal(decoded(space, archs.choices)[0].choices, archs.choices)


def test_the_next_option_that_is_allowed_by_hand() -> None:
    """A block without a first input has no other part, and none may follow it."""
    space = BlockCells(2, operations=("a", "b"))
    rows = np.array([[1, 0, 2, 2, 0, 0, 0, 0], [0, 1, 2, 2, 1, 1, 1, 1]])
    found, _ = decoded(space, rows)
    assert (
        found.choices.tolist()
        == space.from_choices(np.array([[1, 1, 2, 2, 0, 0, 0, 0], [0] * 8])).choices.tolist()
    )


def test_members_of_a_part_can_be_missed() -> None:
    whole = NASBench201()
    part = Subset(whole.from_choices(np.array([[0] * 6, [1] * 6])))
    found, good = decoded(part, np.array([[1] * 6, [2] * 6, [0] * 6]))
    assert good.tolist() == [True, False, True]
    assert found.choices.tolist() == [[1] * 6, [0] * 6]
