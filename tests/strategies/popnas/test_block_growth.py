from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import BlockCells
from agnet.spaces._blocks_classes import draw_cells, is_acyclic, reordered
from agnet.strategies.popnas.block_growth import BlockGrowth

SPACE = BlockCells(4, 2, ("A", "B"))
GROWTH = BlockGrowth(SPACE)
SCORES = np.array([1.0, 0.5])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", [0, 0, 0, 0, 1, 0, 0, 0, 1]),
        ("[(-2,A,-1,B);(-1,B,-1,B)]", [2, 8, 2.5, 1, 1, 0, 1, 2, 0.4]),
        ("[(-2,A,-2,A)]", [1, 4, 2, 0, 1, 0, 1, 0, 0.5]),
        ("[(-1,A,-2,B);(0,B,0,A);(-1,B,-1,B)]", [3, 8, 4, 1, 0.625, 2, 2, 2, 0.5]),
        ("[(-1,A,-1,A);(-1,A,0,A);(0,A,1,A)]", [3, 8, 6, 0, 0.5, 3, 3, 0, 0.5]),
        ("[(-1,A,-1,A);(-1,A,0,A);(0,A,1,A);(-1,A,2,A)]", [4, 8, 8, 0, 0.5, 4, 4, 0, 0.5]),
    ],
)
def test_features_by_hand(text: str, expected: list[float]) -> None:
    """The last of them is along one half a block; the chain of four is four deep."""
    assert GROWTH.features([SPACE.parse(text)], SCORES)[0].tolist() == expected


def test_operations_that_cost_nothing_divide_nothing() -> None:
    archs = SPACE.sample(20, np.random.default_rng(0))
    found = GROWTH.features(archs, np.zeros(2))
    assert np.isfinite(found).all()
    assert (found[:, [4, 8]] == 1.0).all()


def test_batched_features_equal_single_ones() -> None:
    archs = SPACE.sample(30, np.random.default_rng(0))
    whole = GROWTH.features(archs, SCORES)
    for at, arch in enumerate(archs):
        assert np.array_equal(GROWTH.features([arch], SCORES)[0], whole[at])


def test_start_steps_and_growth() -> None:
    start = GROWTH.start()
    assert len(start) == 1 + 10
    assert GROWTH.step(start).tolist() == [0] * 11
    second = GROWTH.grown(start)
    assert len(second) == 165
    assert set(GROWTH.step(second).tolist()) == {1}
    assert GROWTH.steps == 3


def test_probes_have_one_operation_each() -> None:
    empty, probes = GROWTH.probes()
    assert list(map(str, empty)) == ["[]"]
    assert list(map(str, probes)) == ["[(-1,A,-1,A)]", "[(-1,B,-1,B)]"]


def test_usage_by_hand() -> None:
    """Two look-backs and the first block can be read by a cell of two blocks."""
    archs = [SPACE.parse("[(-1,A,-2,B);(0,A,-1,A)]"), SPACE.parse("[(-1,A,-1,A);(-1,A,0,B)]")]
    usage = GROWTH.usage(archs)
    assert usage.inputs.tolist() == [[2, 1, 1], [3, 0, 1]]
    assert usage.operations.tolist() == [[3, 1], [3, 1]]


def test_reordered_cells_are_the_same_cells() -> None:
    """Blocks still read earlier ones only; all orders of a cell of free blocks occur."""
    rng = np.random.default_rng(0)
    archs = SPACE.sample(100, rng)
    again = SPACE.reordered(archs, rng)
    assert not np.array_equal(again, archs.choices)
    assert SPACE.from_choices(again) == archs
    halves = draw_cells(200, 2, 3, 4, rng)
    assert is_acyclic(reordered(halves, 2, 3, rng), 2, 3).all()
    free = SPACE.parse("[(-1,A,-1,A);(-1,A,-1,B);(-1,A,-2,A)]")
    seen = {tuple(SPACE.reordered([free], rng)[0, ::4].tolist()) for _ in range(40)}
    orders = {tuple(SPACE.reordered([free], rng)[0, :12].tolist()) for _ in range(400)}
    assert len(seen) >= 2 and len(orders) >= 6
