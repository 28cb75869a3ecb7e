from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import ChoiceSpace, SearchSpace
from agnet.testing import SpaceContract


class TestSmall(SpaceContract):
    def space(self) -> SearchSpace:
        return ChoiceSpace.numbered((3, 2, 5, 4, 2), (False, True, True, False, False))


class TestNamed(SpaceContract):
    def space(self) -> SearchSpace:
        return ChoiceSpace.of(width=[8, 16, 32], rate=[0.01, 0.1], activation=["relu", "tanh"])


class TestSingle(SpaceContract):
    def space(self) -> SearchSpace:
        return ChoiceSpace.numbered((40,), (False,))


class TestLarge(SpaceContract):
    """Whose keys need two numbers."""

    def space(self) -> SearchSpace:
        return ChoiceSpace.numbered((9,) * 25, (False,) * 24 + (True,))


def test_by_hand() -> None:
    space = ChoiceSpace.numbered((2, 3), (False, True))
    assert (space.size, space.name) == (6, "choices-x0.2-x1.3+")
    assert [str(arch) for arch in space.enumerate()] == [
        "x0=0,x1=0",
        "x0=0,x1=1",
        "x0=0,x1=2",
        "x0=1,x1=0",
        "x0=1,x1=1",
        "x0=1,x1=2",
    ]
    names = ("input", "output", "x0=0", "x0=1", "x1<1", "x1>=1", "x1<2", "x1>=2")
    assert space.node_types == names
    graphs = space.encode([space.parse("x0=1,x1=1")])
    assert [names[op] for op in graphs.ops[0]] == [
        "input",
        "x0=1",
        "x1>=1",
        "x1<2",
        "output",
    ]
    assert graphs.adjacency[0].nonzero().tolist() == [
        [0, 1], [0, 2], [0, 3], [1, 4], [2, 4], [3, 4],
    ]  # fmt: skip


def test_numbers_that_are_near_are_alike() -> None:
    space = ChoiceSpace.numbered((5, 5), (True, False))
    ops = space.encode(space.from_choices([[k, 0] for k in range(5)])).ops.numpy()
    differ = (ops[0] != ops).sum(axis=1)
    assert differ.tolist() == [0, 1, 2, 3, 4]
    ops = space.encode(space.from_choices([[0, k] for k in range(5)])).ops.numpy()
    assert (ops[0] != ops).sum(axis=1).tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "text",
    ["x0=0", "x0=0,x1=3", "x0=2,x1=0", "x0=0,,x1=1", "x1=1,x0=0", "0,1", "x0=00,x1=1", "x0,x1"],
)
def test_malformed_text(text: str) -> None:
    with pytest.raises(InvalidArchitecture):
        ChoiceSpace.numbered((2, 3), (False, True)).parse(text)


def test_foreign_graphs_are_refused() -> None:
    space, other = (
        ChoiceSpace.numbered((2, 3), (False, False)),
        ChoiceSpace.numbered((3, 2), (False, False)),
    )
    for wrong in (
        other.parse("x0=2,x1=0"),
        ChoiceSpace.numbered((2, 3, 2), (False,) * 3).parse("x0=0,x1=0,x2=0"),
    ):
        with pytest.raises(InvalidArchitecture):
            space.decode(wrong.space.encode([wrong]))


@pytest.mark.parametrize("sizes", [(), (2, 1)])
def test_sizes_are_checked(sizes: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="at least two options"):
        ChoiceSpace.numbered(sizes, (False,) * len(sizes))


def test_keys_of_many_choices_are_sortable_and_distinct() -> None:
    space = ChoiceSpace.numbered((9,) * 25, (False,) * 25)
    archs = space.sample(50, np.random.default_rng(0))
    assert len(np.unique(space.keys(archs + archs))) == 50


def test_options_have_names() -> None:
    space = ChoiceSpace.of(width=[8, 16, 32], rate=[0.1, 0.01], activation=["relu", "tanh"])
    arch = space.parse("width=16,rate=0.01,activation=tanh")
    assert space.chosen(arch) == {"width": 16, "rate": 0.01, "activation": "tanh"}
    assert arch.choices == (1, 1, 1)
    assert space.ordered == (True, False, False)  # of the numbers only those that rise
    assert (space.size, space.name) == (12, "choices-width.3+-rate.2-activation.2")
    for message, text in (
        ("expected rate= and one of 0.1, 0.01", "width=16,rate=0.5,activation=tanh"),
        ("expected 3 choices: width, rate, activation", "width=16"),
    ):
        with pytest.raises(InvalidArchitecture, match=message):
            space.parse(text)


@pytest.mark.parametrize(
    "options", [["a", "a"], ["a,b", "c"], ["a=b", "c"], ["", "c"], [" a", "c"]]
)
def test_texts_that_would_not_be_read_back_are_refused(options: list[str]) -> None:
    with pytest.raises(InvalidInput, match="different texts"):
        ChoiceSpace.of(first=["x", "y"], second=options)
    with pytest.raises(InvalidInput, match="for a choice"):
        ChoiceSpace(("a",), (("x", "y"), ("x", "y")), (False,))


@pytest.mark.parametrize("options", [8, "relu", None])
def test_what_is_no_list_of_options_is_refused(options: Any) -> None:
    with pytest.raises(InvalidInput, match="width = .*expected the options"):
        ChoiceSpace.of(width=options)
