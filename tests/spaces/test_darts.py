from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidArchitecture
from agnet.spaces import Architecture, GraphBatch
from agnet.spaces.darts import DARTS, NODE_TYPES, OPERATIONS, SIZES
from agnet.testing import SpaceContract
from experiments.imagenet.published import SHORT, edges, spelled
from tests.genotypes import PUBLISHED, published

SPACE = DARTS()
FIRST_ORDER = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('skip_connect', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])"
)


class TestDARTS(SpaceContract):
    def space(self) -> DARTS:
        return SPACE


def test_size_is_exact() -> None:
    assert SPACE.size == (7**8 * 1 * 3 * 6 * 10) ** 2
    assert f"{SPACE.size:.5g}" == "1.0767e+18"


def test_largest_text_key_is_the_size() -> None:
    last = SPACE.from_choices([np.array(SIZES) - 1])
    assert SPACE.keys(last).tolist() == [SPACE.size - 1]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_genotype_round_trips(name: str) -> None:
    arch = published(name)
    assert SPACE.parse(str(arch)) == arch
    assert SPACE.decode(SPACE.encode([arch]))[0] == arch
    for written, cell in zip(cells(arch), PUBLISHED[name], strict=True):
        nodes = [sorted(edges(cell)[i : i + 2], key=lambda edge: edge[1]) for i in (0, 2, 4, 6)]
        assert written == sum(nodes, [])


def test_choices_of_a_published_genotype() -> None:
    arch = SPACE.parse(FIRST_ORDER)
    sep, skip, largest, average = (
        OPERATIONS.index(SHORT[op]) for op in ("sep3", "skip", "max", "avg")
    )
    normal = [0, sep, sep, 0, skip, sep, 0, skip, sep, 1, sep, skip]
    reduce = [0, largest, largest, 1, largest, skip, 1, largest, skip, 1, average, skip]
    assert arch.choices == (*normal, *reduce)
    assert str(arch).startswith("Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("[2, 3, 4, 5]", "range(2, 6)"),
        lambda text: text.replace("[2, 3, 4, 5]", "(2, 3, 4, 5,)"),
        lambda text: text.replace("'", '"').replace(", ", ",\n\t"),
        lambda text: text.replace(" ", ""),
        lambda text: text.replace("[(", "([").replace(")]", "])").replace("), (", "], ["),
        lambda text: text.replace("[(", "[ (").replace(")]", "), ]")[:-1] + ",)",
        lambda text: text.replace("1), ('sep_conv_3x3', 0", "0), ('sep_conv_3x3', 1", 1),
    ],
)
def test_other_spellings_are_read(change: Callable[[str], str]) -> None:
    assert SPACE.parse(change(FIRST_ORDER)) == SPACE.parse(FIRST_ORDER)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("('sep_conv_3x3', 1)", "('none', 1)", "'none' in node 0 of the normal cell"),
        ("('avg_pool_3x3', 0)", "('avg_pool_3x3', 5)", "source 5 in node 3 of the reduce cell"),
        ("('sep_conv_3x3', 0), ('skip", "('sep_conv_3x3', 1), ('skip", "source 1 twice in node 0"),
        ("('avg_pool_3x3', 0)]", "]", "7 edges in the reduce cell"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=[2, 3, 4]", "normal_concat=[2, 3, 4]"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(3, 6)", "expected '2'"),
        (", 1), ('sep", ", 1; ('sep", "character 35"),
        ("reduce=", "normal=", "expected reduce or reduce_concat"),
        ("reduce=", "reduced=", "expected reduce or reduce_concat"),
        ("Genotype(", "Genotype[", "expected '('"),
        ("'skip_connect', 2)", "skip_connect, 2)", "name of an operation in quotes"),
        ("[2, 3, 4, 5])", "[2, 3, 4, 5]) + 1", "'+ 1' at character"),
    ],
)
def test_error_says_where(old: str, new: str, said: str) -> None:
    assert old in FIRST_ORDER
    with pytest.raises(InvalidArchitecture) as raised:
        SPACE.parse(FIRST_ORDER.replace(old, new, 1))
    assert said in str(raised.value)


def test_graph_of_a_worked_case() -> None:
    arch = published("P-DARTS")
    graphs = SPACE.encode([arch])
    types = [NODE_TYPES[i] for i in graphs.ops[0].tolist()]
    inputs = ["c_{k-2}", "c_{k-1}"]
    assert types[:2] == types[11:13] == inputs
    assert types[10] == types[21] == "output"
    # Two operations a node, in order: reading them with a stride of one would shift them.
    assert types[2:10] == [op for op, _ in edges(PUBLISHED["P-DARTS"][0])]
    sources = {v: graphs.adjacency[0, :, v].nonzero().flatten().tolist() for v in range(22)}
    assert sources[7] == [4, 5]  # node 2 reads tensor 3, made by the operations of node 1
    assert sources[9] == [6, 7]  # node 3 reads tensor 4
    assert sources[16] == [13, 14]  # reduction: node 1 reads tensor 2
    assert sources[10] == list(range(2, 10))
    assert sources[21] == list(range(13, 21))


def test_every_one_edge_damage_to_a_graph_is_refused() -> None:
    graphs = SPACE.encode(SPACE.sample(1, np.random.default_rng(5)))
    for u in range(22):
        for v in range(u + 1, 22):
            adjacency = graphs.adjacency.clone()
            adjacency[0, u, v] ^= True
            with pytest.raises(InvalidArchitecture, match="graph 0"):
                SPACE.decode(GraphBatch(graphs.ops, adjacency, graphs.mask))


@pytest.mark.parametrize(("slot", "op"), [(0, 1), (10, 3), (2, 0), (3, 10), (21, -1)])
def test_a_wrong_node_type_is_refused(slot: int, op: int) -> None:
    graphs = SPACE.encode(SPACE.sample(3, np.random.default_rng(5)))
    ops = graphs.ops.clone()
    ops[1, slot] = op
    with pytest.raises(InvalidArchitecture, match="graph 1"):
        SPACE.decode(GraphBatch(ops, graphs.adjacency, graphs.mask))


def test_other_graph_sizes_and_padding_are_refused() -> None:
    graphs = SPACE.encode(SPACE.sample(1, np.random.default_rng(5)))
    with pytest.raises(InvalidArchitecture, match="11 node slots"):
        SPACE.decode(
            GraphBatch(graphs.ops[:, :11], graphs.adjacency[:, :11, :11], graphs.mask[:, :11])
        )
    with pytest.raises(InvalidArchitecture, match="graph 0"):
        SPACE.decode(GraphBatch(graphs.ops, graphs.adjacency, torch.zeros_like(graphs.mask)))


def renumberings(cell: list[tuple[str, int]]) -> list[tuple[tuple[str, int], ...]]:
    """Every order in which a cell's nodes can be numbered, one edge at a time."""
    found = []
    for order in permutations(range(4)):
        new = {0: 0, 1: 1} | {2 + node: 2 + position for position, node in enumerate(order)}
        moved_edges: list[tuple[str, int]] = []
        for position, node in enumerate(order):
            moved = sorted((new[s], op) for op, s in cell[2 * node : 2 * node + 2])
            if moved[1][0] >= 2 + position:
                break
            moved_edges += [(op, source) for source, op in moved]
        else:
            found.append(tuple(moved_edges))
    return found


def cells(arch: Architecture) -> tuple[list[tuple[str, int]], ...]:
    edges = [(op, int(source)) for op, source in re.findall(r"'(\w+)', (\d)", str(arch))]
    return edges[:8], edges[8:]


def test_function_keys_join_exactly_the_renumberings() -> None:
    archs = list(SPACE.sample(150, np.random.default_rng(0)))
    everything = list(archs)
    for arch in archs[:50]:
        normal, reduce = (renumberings(cell) for cell in cells(arch))
        for left, right in ((normal[-1], reduce[0]), (normal[0], reduce[-1])):
            everything.append(SPACE.parse(spelled(left, right)))
    keys = SPACE.keys(everything, "function").tolist()
    # The oracle: the set of all spellings.
    names = [tuple(min(renumberings(cell)) for cell in cells(arch)) for arch in everything]
    assert len(set(zip(keys, names, strict=True))) == len(set(keys)) == len(set(names))
    assert len(set(keys)) < len(set(SPACE.keys(everything).tolist()))


def test_function_key_names_a_member_of_the_class() -> None:
    archs = SPACE.sample(100, np.random.default_rng(1))
    assert (SPACE.keys(archs, "function") <= SPACE.keys(archs)).all()


def test_neighbours_change_one_choice() -> None:
    arch = SPACE.sample(1, np.random.default_rng(2))[0]
    near = SPACE.neighbours(arch)
    assert len(near) == 2 * (8 * 6 + 0 + 2 + 5 + 9)
    assert ((near.choices != np.array(arch.choices)).sum(axis=1) == 1).all()


def test_crossover_takes_whole_nodes() -> None:
    rng = np.random.default_rng(3)
    first, second = SPACE.sample(64, rng), SPACE.sample(64, rng)
    blocks = SPACE.crossover(first, second, rng).choices.reshape(64, 8, 3)
    left = (blocks == first.choices.reshape(64, 8, 3)).all(axis=2)
    right = (blocks == second.choices.reshape(64, 8, 3)).all(axis=2)
    assert (left | right).all()
    assert 0.3 < left.mean() < 0.7


def test_sampling_is_uniform_over_choices() -> None:
    choices = SPACE.sample(20_000, np.random.default_rng(4)).choices
    for column, size in zip(choices.T, SIZES, strict=True):
        share = np.bincount(column, minlength=size) / len(column)
        assert np.abs(share - 1 / size).max() < 0.015


CHOICES = st.tuples(*[st.integers(0, size - 1) for size in SIZES])


@given(CHOICES)
def test_any_choices_round_trip(choices: tuple[int, ...]) -> None:
    arch = SPACE.from_choices([choices])[0]
    assert arch.choices == choices
    assert SPACE.parse(str(arch)) == arch
    assert SPACE.decode(SPACE.encode([arch]))[0] == arch


@given(CHOICES, CHOICES, st.integers(0, 24))
def test_keys_are_equal_exactly_for_equal_texts(
    one: tuple[int, ...], two: tuple[int, ...], cut: int
) -> None:
    archs = SPACE.from_choices([one, two, one[:cut] + two[cut:]])
    keys, texts = SPACE.keys(archs).tolist(), [str(arch) for arch in archs]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (keys[i] == keys[j]) == (texts[i] == texts[j])


@given(CHOICES, st.data())
def test_any_numbering_of_nodes_has_one_function_key(
    choices: tuple[int, ...], data: st.DataObject
) -> None:
    arch = SPACE.from_choices([choices])[0]
    left, right = (data.draw(st.sampled_from(renumberings(cell))) for cell in cells(arch))
    again = SPACE.parse(spelled(left, right))
    assert len(set(SPACE.keys([arch, again], "function").tolist())) == 1


@given(st.lists(st.integers(-3, 12), min_size=24, max_size=24))
def test_wild_choices_are_canonical_or_refused(choices: list[int]) -> None:
    inside = all(0 <= choice < size for choice, size in zip(choices, SIZES, strict=True))
    assert SPACE.is_valid([choices]).tolist() == [inside]


@given(st.text(alphabet="Genotype(rmal=['skp_c',0123)] \n\"{", max_size=200))
def test_wild_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidArchitecture):
        SPACE.parse(text)


@given(st.integers(0, len(FIRST_ORDER)), st.integers(0, 12), st.text(max_size=12))
def test_damaged_text_is_read_or_refused(at: int, cut: int, put: str) -> None:
    try:
        arch = SPACE.parse(FIRST_ORDER[:at] + put + FIRST_ORDER[at + cut :])
    except InvalidArchitecture:
        return
    assert SPACE.parse(str(arch)) == arch


def test_empty_batches_are_fine() -> None:
    nothing, rng = SPACE.batch([]), np.random.default_rng(0)
    assert len(SPACE.keys(nothing)) == 0
    assert SPACE.decode(SPACE.encode(nothing)) == nothing
    assert SPACE.mutate(nothing, rng) == SPACE.crossover(nothing, nothing, rng) == nothing
