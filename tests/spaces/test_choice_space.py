from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import ChoiceSpace, SearchSpace
from agnet.testing import SpaceContract


class TestSmall(SpaceContract):
    def space(self) -> SearchSpace:
        return ChoiceSpace((3, 2, 5, 4, 2), (False, True, True, False, False))


class TestSingle(SpaceContract):
    def space(self) -> SearchSpace:
        return ChoiceSpace((40,), (False,))


class TestLarge(SpaceContract):
    """Whose keys need two numbers."""

    def space(self) -> SearchSpace:
        return ChoiceSpace((9,) * 25, (False,) * 24 + (True,))


def test_by_hand() -> None:
    space = ChoiceSpace((2, 3), (False, True))
    assert (space.size, space.name) == (6, "choices-2-3+")
    assert [str(arch) for arch in space.enumerate()] == [
        "[0,0]",
        "[0,1]",
        "[0,2]",
        "[1,0]",
        "[1,1]",
        "[1,2]",
    ]
    names = ("input", "output", "0:0", "0:1", "1:below 1", "1:above 1", "1:below 2", "1:above 2")
    assert space.node_types == names
    graphs = space.encode([space.parse("[1,1]")])
    assert [names[op] for op in graphs.ops[0]] == [
        "input",
        "0:1",
        "1:above 1",
        "1:below 2",
        "output",
    ]
    assert graphs.adjacency[0].nonzero().tolist() == [
        [0, 1], [0, 2], [0, 3], [1, 4], [2, 4], [3, 4],
    ]  # fmt: skip


def test_numbers_that_are_near_are_alike() -> None:
    space = ChoiceSpace((5, 5), (True, False))
    ops = space.encode(space.from_choices([[k, 0] for k in range(5)])).ops.numpy()
    differ = (ops[0] != ops).sum(axis=1)
    assert differ.tolist() == [0, 1, 2, 3, 4]
    ops = space.encode(space.from_choices([[0, k] for k in range(5)])).ops.numpy()
    assert (ops[0] != ops).sum(axis=1).tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "text", ["[0]", "[0,3]", "[2,0]", "[0,,1]", "[0,1,]", "0,1", "[0,-1]", "[00,1]", "[", "]"]
)
def test_malformed_text(text: str) -> None:
    with pytest.raises(InvalidArchitecture):
        ChoiceSpace((2, 3), (False, True)).parse(text)


def test_foreign_graphs_are_refused() -> None:
    space, other = ChoiceSpace((2, 3), (False, False)), ChoiceSpace((3, 2), (False, False))
    for wrong in (other.parse("[2,0]"), ChoiceSpace((2, 3, 2), (False,) * 3).parse("[0,0,0]")):
        with pytest.raises(InvalidArchitecture):
            space.decode(wrong.space.encode([wrong]))


@pytest.mark.parametrize("sizes", [(), (2, 1), (2, 2, 2)])
def test_sizes_are_checked(sizes: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="at least two options"):
        ChoiceSpace(sizes, (False, False))


def test_keys_of_many_choices_are_sortable_and_distinct() -> None:
    space = ChoiceSpace((9,) * 25, (False,) * 25)
    archs = space.sample(50, np.random.default_rng(0))
    assert len(np.unique(space.keys(archs + archs))) == 50
