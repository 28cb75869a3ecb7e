from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.spaces import DARTS, Architecture, Architectures, NASBench201

SPACE = NASBench201()
CELLS = SPACE.enumerate()[:5]


@pytest.mark.parametrize(
    "index",
    [
        [3, 0, 0],
        np.array([3, 0, 0]),
        pytest.param([], id="none"),
        slice(1, 3),
        np.array([True, False, True, False, False]),
    ],
    ids=str,
)
def test_a_batch_is_indexed_as_an_array_is(index: slice | list[int]) -> None:
    part = CELLS[index]
    assert isinstance(part, Architectures)
    rows = np.array(index, dtype=np.int64) if isinstance(index, list) else index
    assert np.array_equal(part.choices, CELLS.choices[rows])
    assert [str(arch) for arch in part] == [str(CELLS[int(i)]) for i in np.arange(5)[rows]]


def test_one_architecture_is_a_value() -> None:
    arch = CELLS[-1]
    assert isinstance(arch, Architecture)
    assert arch == list(CELLS)[4] == CELLS[int(np.int64(4))]
    assert {arch: "known"}[SPACE.parse(str(arch))] == "known"


def test_batches_of_two_spaces_are_not_joined() -> None:
    assert len(CELLS + CELLS) == 10
    with pytest.raises(InvalidInput, match="cannot join nasbench201 and darts"):
        CELLS + DARTS().sample(1, np.random.default_rng(0))


def test_the_first_of_each_is_kept_in_order() -> None:
    space = NASBench201()
    every = space.enumerate()
    batch = every[[7, 3, 7, 12, 3]]
    assert batch.distinct() == every[[7, 3, 12]]
    assert batch.distinct(unlike=every[[3, 4]]) == every[[7, 12]]
    assert len(batch[:0].distinct()) == len(batch.distinct(unlike=batch)) == 0


def test_equal_functions_are_one_at_their_level() -> None:
    space = NASBench201()
    every = space.enumerate()
    kept = every.distinct("function")
    assert len(kept) == len(np.unique(space.keys(every, "function")))
    assert len(every.distinct("function", unlike=kept[:5])) == len(kept) - 5
