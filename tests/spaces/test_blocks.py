from __future__ import annotations

from itertools import combinations, permutations, product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import Architecture, Architectures
from agnet.spaces._blocks_classes import (
    _least,
    canonical_codes,
    class_count,
    draw_cells,
    split_codes,
)
from agnet.spaces._blocks_moves import pairs
from agnet.spaces.blocks import BlockCells
from agnet.testing import SpaceContract

AB = ("identity", "conv_3x3")
TINY = BlockCells(3, 1, AB)  # 1 + 3 + 27 + 409 cells
# Classes of exactly so many blocks, counted over all ordered cells with an isomorphism test.
CLASSES = {
    (1, 2, 2): 27,
    (1, 2, 3): 409,
    (1, 2, 4): 9_261,
    (1, 1, 4): 79,
    (1, 1, 5): 633,
    (2, 1, 4): 807,
    (1, 3, 3): 3_647,
    (1, 4, 3): 18_070,
    (2, 2, 2): 165,
    (2, 2, 3): 3_840,
    (2, 3, 2): 735,
    (2, 3, 3): 37_303,
    (2, 8, 2): 31_620,
    (2, 12, 2): 154_950,
    (2, 12, 1): 300,
}


class TestBlockCells(SpaceContract):
    def space(self) -> BlockCells:
        return BlockCells()


class TestFewBlockCells(SpaceContract):
    def space(self) -> BlockCells:
        return TINY


def ordered(lookbacks: int, operations: int, blocks: int) -> np.ndarray:
    """The halves of every ordered cell, one a sequence of unordered pairs."""
    pairs = []
    for block in range(blocks):
        halves = range((lookbacks + block) * operations)
        pairs.append([(a, b) for a in halves for b in halves if a <= b])
    return np.array(list(product(*pairs)))


def graph(halves: np.ndarray) -> nx.DiGraph[Any]:
    """Blocks and their halves as nodes; of one look-back and two operations."""
    made: nx.DiGraph[Any] = nx.DiGraph()
    made.add_node("cell before", kind="cell before")
    made.add_nodes_from((at, {"kind": "block"}) for at in range(len(halves)))
    for at, block in enumerate(halves.tolist()):
        for side, half in enumerate(block):
            source, op = divmod(half, 2)
            made.add_node((at, side), kind=op)
            made.add_edge("cell before" if source == 0 else source - 1, (at, side))
            made.add_edge((at, side), at)
    return made


def isomorphic(one: nx.DiGraph[Any], other: nx.DiGraph[Any]) -> bool:
    return nx.is_isomorphic(one, other, node_match=lambda a, b: a["kind"] == b["kind"])


@pytest.mark.parametrize(("sizes", "count"), CLASSES.items())
def test_numbers_of_classes(sizes: tuple[int, int, int], count: int) -> None:
    assert class_count(*sizes) == count


@pytest.mark.parametrize("sizes", [(1, 2, 3), (2, 2, 2), (1, 1, 4)])
def test_the_formula_counts_what_canonical_forms_tell_apart(sizes: tuple[int, int, int]) -> None:
    lookbacks, operations, blocks = sizes
    codes = canonical_codes(ordered(*sizes), lookbacks, operations, blocks)
    assert len(np.unique(codes)) == class_count(*sizes)


def test_equal_numbers_mean_isomorphic_graphs() -> None:
    """All 630 ordered cells of three blocks, in 409 classes, against an isomorphism test."""
    cells = ordered(1, 2, 3)
    assert len(cells) == 630
    codes = canonical_codes(cells, 1, 2, 3)
    assert len(np.unique(codes)) == 409
    graphs = [graph(cell) for cell in cells]
    alike: dict[str, list[int]] = {}  # what has another hash is not isomorphic
    for at, drawn in enumerate(graphs):
        name = nx.weisfeiler_lehman_graph_hash(drawn.to_undirected(), node_attr="kind")
        alike.setdefault(name, []).append(at)
    for members in alike.values():
        for one, other in combinations(members, 2):
            assert isomorphic(graphs[one], graphs[other]) == (codes[one] == codes[other])
    names = [{codes[at] for at in members} for members in alike.values()]
    assert sum(map(len, names)) == 409


def test_the_least_number_of_all_orders() -> None:
    """Whatever the way it is found."""
    halves = draw_cells(2_000, 2, 2, 4, np.random.default_rng(0))
    orders = list(permutations(range(4)))
    assert np.array_equal(canonical_codes(halves, 2, 2, 4), _least(halves, orders, 2, 2, 4))


@given(st.data())
def test_order_of_blocks_and_halves_does_not_matter(data: st.DataObject) -> None:
    seed, blocks = data.draw(st.integers(0, 10_000)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(seed)
    halves = draw_cells(1, 2, 3, blocks, rng)
    order = np.array(data.draw(st.permutations(range(blocks))))
    source, op = np.divmod(halves[0], 3)
    place = np.concatenate([[0, 1], 2 + order])
    moved = np.empty_like(halves[0])
    moved[order] = place[source] * 3 + op
    turned = data.draw(st.booleans())
    again = moved[None, :, ::-1] if turned else moved[None]
    code = canonical_codes(halves, 2, 3, 4)
    assert canonical_codes(again, 2, 3, 4) == code
    least = split_codes(code, 2, 3, 4)[:, :blocks]
    assert canonical_codes(least, 2, 3, 4, ordered=True) == code


def test_draws_are_uniform_over_classes() -> None:
    """79 classes with up to 24 symmetries each, 20,000 draws: a chi-squared test."""
    codes = canonical_codes(draw_cells(20_000, 1, 1, 4, np.random.default_rng(0)), 1, 1, 4)
    _, count = np.unique(codes, return_counts=True)
    assert len(count) == 79
    expected = 20_000 / 79
    assert ((count - expected) ** 2 / expected).sum() < 120.0  # 99.8 % of 78 degrees of freedom


def test_sizes() -> None:
    assert TINY.size == 1 + 3 + 27 + 409
    assert BlockCells(2, 2, ("a", "b")).size == 1 + 10 + 165
    assert BlockCells().size == sum(class_count(2, 12, b) for b in range(6))
    assert BlockCells(2).size == 1 + 300 + 154_950


def test_cells_that_unrolled_trees_take_for_one_differ() -> None:
    """In the first, block 1 is a second output; in the second it is read."""
    first = TINY.parse(
        "[(-1,identity,-1,identity);(-1,identity,-1,identity);(0,identity,0,identity)]"
    )
    second = TINY.parse(
        "[(-1,identity,-1,identity);(-1,identity,-1,identity);(0,identity,1,identity)]"
    )
    assert first != second


def test_text() -> None:
    space = BlockCells(3, 2, AB)
    assert str(space.parse("[]")) == "[]"
    text = "[(-1,identity,-2,conv_3x3);(0,conv_3x3,-1,identity)]"
    turned = "[ (-2, conv_3x3, -1, identity) ; (-1, identity, 0, conv_3x3) ]"
    assert space.parse(text) == space.parse(turned)
    assert space.parse(str(space.parse(text))) == space.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[(-1,identity,-2,conv_5x5)]", "operation 'conv_5x5' in block 0"),
        ("[(-3,identity,-1,conv_3x3)]", "input -3 in block 0"),
        ("[(-1,identity,0,conv_3x3)]", "input 0 in block 0; expected one of -2 to -1"),
        ("[(-1,identity)]", "for block 0"),
        ("(-1,identity,-1,identity)", "brackets"),
        (";".join(["[(-1,identity,-1,identity)"] + ["(-1,identity,-1,identity)"] * 3) + "]", "at"),
    ],
)
def test_malformed_texts_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitecture, match=message):
        BlockCells(3, 2, AB).parse(text)


def test_graph_view() -> None:
    """Two blocks, of which the second reads the first; the third is not there."""
    space = BlockCells(3, 2, AB)
    arch = space.parse("[(-2,identity,-1,conv_3x3);(-1,identity,0,conv_3x3)]")
    drawn = space.to_networkx(arch)
    names = [drawn.nodes[node]["op"] for node in drawn]
    assert names == ["-1", "-2", "conv_3x3", "identity", "identity", "conv_3x3", "output"]
    assert sorted(drawn.edges) == [(0, 2), (0, 4), (1, 3), (2, 5), (3, 5), (4, 8), (5, 8)]
    empty = space.to_networkx(space.parse("[]"))
    assert sorted(empty.edges) == [(0, 8)]


def test_all_cells_that_grow_from_one() -> None:
    """The empty cell grows to all blocks, those to all cells of two; a full one does not grow."""
    empty = Architectures(TINY, np.zeros((1, 12)))
    first = TINY.grown(empty)
    second = TINY.grown(first)
    assert (len(first), len(second), len(TINY.grown(second))) == (3, 27, 409)
    assert TINY.blocks(second).tolist() == [2] * 27
    assert len(TINY.grown(TINY.grown(second))) == 0
    own = second[:1]
    halves = ordered(1, 2, 3)[:, :2]
    assert len(TINY.grown(own)) <= len(halves)
    parents = set(map(str, second))
    for child in TINY.grown(own)[:20]:
        removed = {str(near) for near in TINY.neighbours(child) if len(str(near)) < len(str(child))}
        assert removed & parents


def test_neighbours_by_hand() -> None:
    """One block, one operation and one look-back: only a second block can follow."""
    space = BlockCells(2, 1, ("identity",))
    one = space.parse("[(-1,identity,-1,identity)]")
    near = {str(arch) for arch in space.neighbours(one)}
    assert near == {
        "[]",
        "[(-1,identity,-1,identity);(-1,identity,-1,identity)]",
        "[(-1,identity,-1,identity);(-1,identity,0,identity)]",
        "[(-1,identity,-1,identity);(0,identity,0,identity)]",
    }


def test_neighbourhood_is_mutual() -> None:
    for arch in TINY.sample(20, np.random.default_rng(0)):
        for near in TINY.neighbours(arch):
            assert arch in list(TINY.neighbours(near))


@pytest.mark.parametrize(
    "settings",
    [{"max_blocks": 0}, {"lookbacks": 0}, {"operations": ()}, {"operations": ("a", "a")}],
)
def test_impossible_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="expected at least one"):
        BlockCells(**settings)  # type: ignore[arg-type]


def test_names_that_texts_cannot_hold_are_refused() -> None:
    for name in ("skip-connect", "a+b", "a b", ""):
        with pytest.raises(InvalidInput, match="underscores"):
            BlockCells(2, 1, (name,))


def test_blocks_of_each_step() -> None:
    """Of 12 operations and 2 look-backs: 300 blocks can come first, 2,628 fifth."""
    assert [len(pairs(2 + at, 12)) for at in range(5)] == [300, 666, 1_176, 1_830, 2_628]
    assert [len(pairs(2 + at, 3)) for at in range(5)] == [21, 45, 78, 120, 171]


def test_too_many_blocks_for_a_number() -> None:
    with pytest.raises(InvalidInput, match="64 bits"):
        BlockCells(8)


def test_names_say_what_is_not_the_default() -> None:
    assert BlockCells().name == "blocks"
    assert TINY.name == "blocks-3b-1l-identity+conv_3x3"


def test_crossover_takes_blocks_of_either_parent() -> None:
    space = BlockCells(3, 1, AB)
    short = space.parse("[(-1,identity,-1,identity)]")
    long = space.parse("[(-1,conv_3x3,-1,conv_3x3);(0,conv_3x3,-1,identity)]")
    first, second = ([arch] * 60 for arch in (short, long))
    children = space.crossover(first, second, np.random.default_rng(0))
    assert {len(str(child).split(";")) for child in children} == {1, 2}
    assert len({str(child) for child in children}) == 4


def test_blocks_read_earlier_ones() -> None:
    for arch in TINY.sample(50, np.random.default_rng(1)):
        for at, row in enumerate(np.reshape(arch.choices, (-1, 4))):
            assert max(row[0], row[2]) <= TINY.lookbacks + at


def test_single_architectures_are_values() -> None:
    assert isinstance(TINY.parse("[]"), Architecture)
    assert hash(TINY.parse("[]")) == hash(TINY.parse(" [] "))
