from __future__ import annotations

import numpy as np

from agnet.spaces import BlockCells
from agnet.strategies.popnas.block_growth import BlockGrowth
from agnet.strategies.popnas.exploration import Underused, explore, underused
from agnet.strategies.popnas.growth import Usage

SPACE = BlockCells(2, 2, ("a", "b", "c"))
GROWTH = BlockGrowth(SPACE)
FRONT = ["[(-1,a,-1,a);(-1,a,-1,a)]", "[(-1,a,-2,a);(-1,a,-1,b)]"]
CANDIDATES = [
    "[(-1,a,-1,a);(0,a,-1,c)]",
    "[(-1,a,-1,a);(0,a,0,a)]",
    "[(-1,a,-1,b);(0,a,0,b)]",
    "[(-1,a,-1,b);(0,c,-1,a)]",
    "[(-1,b,-1,b);(-1,b,-1,c)]",
]
ACCURACY = np.array([0.84, 0.80, 0.79, 0.70, 0.60])
SECONDS = np.array([120.0, 90.0, 95.0, 60.0, 30.0])[:, None]
NONE = np.empty(0, dtype=np.int64)


def usage(texts: list[str]) -> Usage:
    return GROWTH.usage([SPACE.parse(text) for text in texts])


def rare() -> Underused:
    return underused(usage(FRONT))


def test_what_a_front_hardly_uses() -> None:
    """-1 seven times, -2 once, block 0 never; a seven times, b once, c never: less than 8 / 15."""
    found = rare()
    assert found.inputs.tolist() == [2]
    assert found.operations.tolist() == [2]


def test_worked_case() -> None:
    """The third is dearer than the second; the first counts the operation of its second half."""
    chosen = explore(ACCURACY, SECONDS, usage(CANDIDATES), rare(), 16, NONE)
    assert chosen.tolist() == [0, 1, 3, 4]
    assert (np.diff(SECONDS[chosen, 0]) < 0).all()


def test_no_more_than_asked_for_and_none_of_the_front() -> None:
    assert explore(ACCURACY, SECONDS, usage(CANDIDATES), rare(), 2, NONE).tolist() == [0, 1]
    without = explore(ACCURACY, SECONDS, usage(CANDIDATES), rare(), 16, np.array([0, 3]))
    assert not set(without.tolist()) & {0, 3}
    assert not len(explore(ACCURACY, SECONDS, usage(CANDIDATES), rare(), 0, NONE))


def test_the_order_of_candidates_does_not_matter() -> None:
    order = np.array([3, 0, 4, 2, 1])
    texts = [CANDIDATES[at] for at in order]
    found = explore(ACCURACY[order], SECONDS[order], usage(texts), rare(), 16, NONE)
    assert order[found].tolist() == [0, 1, 3, 4]


def test_one_kind_underused_needs_half_the_score() -> None:
    """Only an operation: 4 for one use of it at first, then 1 + 1 more if it is not often used."""
    only = Underused(NONE, np.array([2]))
    first = explore(ACCURACY, SECONDS, usage(CANDIDATES), only, 1, NONE)
    assert first.tolist() == [0]
    both = Underused(np.array([1]), np.array([2]))  # -2 is read by none of the candidates
    assert not len(explore(ACCURACY[:1], SECONDS[:1], usage(CANDIDATES[:1]), both, 1, NONE))


def test_where_all_is_used_nothing_is_explored() -> None:
    even = Usage(np.full((2, 3), 4), np.full((2, 3), 4))
    found = underused(even)
    assert not len(found.inputs) and not len(found.operations)
    assert not len(explore(ACCURACY, SECONDS, usage(CANDIDATES), found, 16, NONE))


def test_errors_to_be_lowered_are_compared_by_cost_alone() -> None:
    """Shares of numbers around 0 say nothing: what was the same but for the sign is the same."""
    costs = SECONDS[:, ::1]
    same = explore(ACCURACY - 1.0, costs, usage(CANDIDATES), rare(), 16, NONE)
    assert (
        same.tolist()
        == explore(ACCURACY - 100.0, costs, usage(CANDIDATES), rare(), 16, NONE).tolist()
    )


def test_with_two_costs_what_is_dominated_is_left_out() -> None:
    """The third is as cheap as the first in neither; the fourth is dominated by the second."""
    costs = np.array([[9.0, 1.0], [5.0, 5.0], [9.5, 2.0], [6.0, 6.0], [1.0, 9.0]])
    chosen = explore(ACCURACY, costs, usage(CANDIDATES), rare(), 16, NONE)
    assert 2 not in chosen and 3 not in chosen
    assert chosen.tolist()[:2] == [0, 1]
