from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from networkx.algorithms.isomorphism import categorical_node_match
from scipy.stats import chisquare

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import Architecture, GraphBatch
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101
from agnet.testing import SpaceContract

SPACE = NASBench101()
CONV3, CONV1, POOL = OPERATIONS
INCEPTION = [
    [0, 1, 1, 1, 0, 1, 0],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0],
]
INCEPTION_OPS = ["input", CONV1, CONV3, CONV3, CONV3, POOL, "output"]


class TestNASBench101(SpaceContract):
    samples = 100

    def space(self) -> NASBench101:
        return SPACE


class TestNASBench101OfFiveVertices(SpaceContract):
    def space(self) -> NASBench101:
        return NASBench101(max_vertices=5)


@pytest.mark.parametrize("vertices", [2, 8, -1])
def test_sizes_outside_the_benchmark_are_refused(vertices: int) -> None:
    with pytest.raises(InvalidInput, match="takes 3 to 7"):
        NASBench101(vertices)


# Against brute force: all matrices of up to four vertices, compared pair by pair.


def labelled_cells(vertices: int) -> Iterator[tuple[np.ndarray[Any, Any], list[str]]]:
    upper = np.triu_indices(vertices, 1)
    for edges in product((0, 1), repeat=len(upper[0])):
        for ops in product(OPERATIONS, repeat=vertices - 2):
            matrix = np.zeros((vertices, vertices), dtype=int)
            matrix[upper] = edges
            yield matrix, ["input", *ops, "output"]


def slowly_pruned(matrix: np.ndarray[Any, Any], ops: list[str]) -> nx.DiGraph[object] | None:
    graph: nx.DiGraph[object] = nx.DiGraph()
    graph.add_nodes_from((i, {"op": op}) for i, op in enumerate(ops))
    graph.add_edges_from((int(u), int(v)) for u, v in np.argwhere(matrix))
    last = len(ops) - 1
    if not nx.has_path(graph, 0, last):
        return None
    kept = (nx.descendants(graph, 0) & nx.ancestors(graph, last)) | {0, last}
    return graph.subgraph(kept).copy()


def test_classes_are_those_of_slow_isomorphism_tests() -> None:
    found: dict[int, nx.DiGraph[object]] = {}
    same_ops = categorical_node_match("op", None)
    for vertices in (2, 3, 4):
        for matrix, ops in labelled_cells(vertices):
            graph = slowly_pruned(matrix, ops)
            if graph is None:
                with pytest.raises(InvalidArchitecture, match="matrix 0 is outside"):
                    SPACE.from_matrix(matrix, ops)
                continue
            number = int(SPACE.index([SPACE.from_matrix(matrix, ops)])[0])
            first = found.setdefault(number, graph)
            assert nx.is_isomorphic(graph, first, node_match=same_ops)
    assert sorted(found) == list(range(91))
    for number, graph in found.items():
        others = (other for at, other in found.items() if at < number and len(other) == len(graph))
        assert not any(nx.is_isomorphic(graph, other, node_match=same_ops) for other in others)


def test_counts_by_vertices() -> None:
    cells = NASBench101(max_vertices=5).enumerate()
    graphs = NASBench101(max_vertices=5).encode(cells)
    assert torch.bincount(graphs.mask.sum(1)).tolist() == [0, 0, 1, 6, 84, 2441]
    assert int(graphs.adjacency.sum((1, 2)).max()) == 9


@pytest.mark.slow
def test_full_space_is_distinct_valid_canonical_and_of_the_published_size() -> None:
    cells = SPACE.enumerate()
    assert len(cells) == 423_624
    assert len(np.unique(cells.choices, axis=0)) == 423_624
    assert np.array_equal(SPACE.canonical(cells.choices), cells.choices)
    assert np.array_equal(SPACE.index(cells), np.arange(423_624))
    graphs = SPACE.encode(cells)
    by_vertices = [0, 0, 1, 6, 84, 2_441, 62_010, 359_082]
    assert torch.bincount(graphs.mask.sum(1)).tolist() == by_vertices
    assert int(graphs.adjacency.sum((1, 2)).max()) == 9
    assert SPACE.decode(graphs) == cells


def test_a_cell_has_the_same_number_in_every_space_that_holds_it() -> None:
    small, full = NASBench101(max_vertices=4), SPACE.enumerate()[:91]
    assert [str(arch) for arch in small.enumerate()] == [str(arch) for arch in full]


# Equal cells in different clothes.


def reordered(arch: Architecture, rng: np.random.Generator) -> tuple[Any, list[str]]:
    """The cell with another topological order of its operations."""
    matrix, ops = SPACE.to_matrix(arch)
    done: list[int] = []
    while len(done) < len(ops):
        ready = [
            v
            for v in range(len(ops))
            if v not in done and set(np.flatnonzero(matrix[:, v])) <= {*done}
        ]
        done.append(int(rng.choice([v for v in ready if v != len(ops) - 1] or ready)))
    return matrix[np.ix_(done, done)], [ops[v] for v in done]


def test_any_topological_order_is_the_same_cell() -> None:
    rng = np.random.default_rng(0)
    for arch in SPACE.sample(100, rng):
        matrix, ops = reordered(arch, rng)
        assert SPACE.from_matrix(matrix, ops) == arch
        vertices = [
            f"{op}~{','.join(str(u) for u in np.flatnonzero(matrix[:, v]))}"
            for v, op in enumerate(ops)
        ]
        assert SPACE.parse("+".join(vertices[1:])) == arch
        adjacency = torch.zeros(1, 7, 7, dtype=torch.bool)
        adjacency[0, : len(ops), : len(ops)] = torch.from_numpy(matrix > 0)
        types = torch.zeros(1, 7, dtype=torch.int64)
        types[0, : len(ops)] = torch.tensor([SPACE.node_types.index(op) for op in ops])
        mask = (torch.arange(7) < len(ops))[None]
        assert SPACE.decode(GraphBatch(types, adjacency, mask))[0] == arch


def test_what_is_on_no_path_goes() -> None:
    dead_ends = "conv3x3-bn-relu~0+maxpool3x3~1+conv1x1-bn-relu~+output~1,3"
    assert str(SPACE.parse(dead_ends)) == "conv3x3-bn-relu~0+output~1"
    gap = np.zeros((1, 26), dtype=int)
    gap[0, [3, 18, 24]] = 1, 1, 2  # edges 0>3 and 3>6, and the operation of slot 3, not 1
    gap[0, [24, 23]] = 0, 2
    assert str(SPACE.from_choices(gap)[0]) == "conv1x1-bn-relu~0+output~1"


def test_decode_reads_over_gaps() -> None:
    types = torch.tensor([[0, 0, 2, 0, 4, 1, 0]])
    mask = torch.tensor([[True, False, True, False, True, True, False]])
    adjacency = torch.zeros(1, 7, 7, dtype=torch.bool)
    adjacency[0, [0, 2, 4, 0], [2, 4, 5, 5]] = True
    decoded = SPACE.decode(GraphBatch(types, adjacency, mask))
    assert str(decoded[0]) == "conv3x3-bn-relu~0+maxpool3x3~1+output~0,2"


def test_nine_edges_are_counted_after_pruning() -> None:
    assert len(np.argwhere(INCEPTION)) == 9
    SPACE.from_matrix(INCEPTION, INCEPTION_OPS)
    crowded = np.array(INCEPTION)
    crowded[0, 4] = 1
    with pytest.raises(InvalidArchitecture, match="at most 9 edges"):
        SPACE.from_matrix(crowded, INCEPTION_OPS)
    crowded[:, 1] = 0  # vertex 1 is dead, and its edge to the output does not count
    assert crowded.sum() == 9
    SPACE.from_matrix(crowded, INCEPTION_OPS)


# The hash.


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("output~0", "043721b9c7fe8c5fad811d47d83132ec"),
        ("conv3x3-bn-relu~0+output~1", "b49ac8c578b4561d79ac7087988f1c61"),
        ("conv3x3-bn-relu~0+maxpool3x3~0,1+output~1,2", "5498ba534c256c9d086596e2b51cf170"),
    ],
)
def test_official_hash(text: str, known: str) -> None:
    assert SPACE.official_hash(SPACE.parse(text)) == known


def test_official_hash_of_the_published_example() -> None:
    example = SPACE.from_matrix(INCEPTION, INCEPTION_OPS)
    assert SPACE.official_hash(example) == "28cfc7874f6d200472e1a9dcd8650aa0"


# Moves.


def edit(arch: Architecture) -> set[int]:
    """Every neighbour, by changing matrices one by one."""
    matrix, ops = SPACE.to_matrix(arch)
    size, found = len(ops), set()

    def note(matrix: np.ndarray[Any, Any], ops: list[str]) -> None:
        graph = nx.from_numpy_array(matrix, create_using=nx.DiGraph)
        if not nx.is_directed_acyclic_graph(graph):
            return
        last = ops.index("output")
        order = [v for v in nx.topological_sort(graph) if v not in (0, last)]
        order = [0, *order, last]
        try:
            again = SPACE.from_matrix(matrix[np.ix_(order, order)], [ops[v] for v in order])
        except InvalidArchitecture:
            return
        found.add(int(SPACE.index([again])[0]))

    for u, v in product(range(size - 1), range(1, size)):
        if u != v:
            flipped = matrix.copy()
            flipped[u, v] ^= 1
            note(flipped, ops)
            if size < 7:
                wider = np.pad(matrix, (0, 1))
                wider[[u, size], [size, v]] = 1
                for op in OPERATIONS:
                    note(wider, [*ops, op])
    for v, op in product(range(1, size - 1), OPERATIONS):
        note(matrix, [*ops[:v], op, *ops[v + 1 :]])
    return found - {int(SPACE.index([arch])[0])}


def test_neighbours_are_those_of_slow_edits() -> None:
    archs = list(SPACE.sample(15, np.random.default_rng(0)))
    archs += list(SPACE.enumerate()[np.array([0, 3, 50, 100, 2000])])
    for arch in archs:
        assert set(SPACE.index(SPACE.neighbours(arch)).tolist()) == edit(arch)


def test_mutation_reaches_every_neighbour() -> None:
    arch = SPACE.parse("conv3x3-bn-relu~0+maxpool3x3~0,1+output~1,2")
    many = SPACE.enumerate()[np.repeat(SPACE.index([arch]), 20_000)]
    reached = np.unique(SPACE.index(SPACE.mutate(many, np.random.default_rng(0))))
    assert np.array_equal(reached, SPACE.index(SPACE.neighbours(arch)))


def test_crossover_takes_slots_from_both_parents() -> None:
    first = SPACE.parse("conv3x3-bn-relu~0+conv3x3-bn-relu~1+output~2")
    second = SPACE.parse("maxpool3x3~0+maxpool3x3~1+output~2")
    rows = np.zeros(200, dtype=int)
    pairs = [SPACE.batch([parent])[rows] for parent in (first, second)]
    children = SPACE.crossover(pairs[0], pairs[1], np.random.default_rng(0))
    assert {str(child) for child in children} == {
        f"{a}~0+{b}~1+output~2" for a, b in product((CONV3, POOL), repeat=2)
    }


@pytest.mark.parametrize("vertices", [3, 4])
def test_sampling_is_uniform_over_cells(vertices: int) -> None:
    space = NASBench101(vertices)
    drawn = space.index(space.sample(200 * space.size, np.random.default_rng(0)))
    assert chisquare(np.bincount(drawn, minlength=space.size)).pvalue > 1e-3


# Wild input.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "vertex 1 of"),
        ("conv3x3-bn-relu~0", "got 'conv3x3-bn-relu' as vertex 1 .*expected output"),
        ("conv3x3~0+output~1", "got 'conv3x3' as vertex 1"),
        ("conv3x3-bn-relu~0+output", "got 'output' as vertex 2 .*expected op~sources"),
        ("conv3x3-bn-relu~0+output~1,", "vertex 2"),
        ("conv3x3-bn-relu~0+output~2", "sources '2' of vertex 2 .*below 2"),
        ("conv3x3-bn-relu~0+output~1,1", "distinct"),
        ("conv3x3-bn-relu~0+output~", "a path from input to output"),
        ("+".join(["maxpool3x3~0"] * 6 + ["output~1"]), "8 vertices.*at most 7"),
        (
            "+".join(f"maxpool3x3~{','.join('01234'[:i])}" for i in range(1, 5)) + "+output~4",
            "at most 9 edges",
        ),
    ],
)
def test_error_says_where(text: str, said: str) -> None:
    with pytest.raises(InvalidArchitecture, match=said):
        SPACE.parse(text)


@given(st.text(alphabet="~+,0123456outpcnv3x1-brelumaxl ", max_size=80))
def test_wild_text_is_read_or_refused(text: str) -> None:
    try:
        arch = SPACE.parse(text)
    except InvalidArchitecture:
        return
    assert SPACE.parse(str(arch)) == arch


@given(
    st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.lists(st.integers(0, 5), max_size=4)),
        max_size=6,
    )
)
def test_wild_vertices_are_read_or_refused(vertices: list[tuple[str, list[int]]]) -> None:
    parts = [f"{op}~{','.join(map(str, sources))}" for op, sources in vertices]
    text = "+".join([*parts, f"output~{len(vertices)}"])
    try:
        arch = SPACE.parse(text)
    except InvalidArchitecture:
        return
    assert SPACE.parse(str(arch)) == arch


@given(
    hnp.arrays(
        st.sampled_from([np.int64, np.float64, np.bool_]), hnp.array_shapes(max_dims=3, max_side=8)
    ),
    st.lists(st.sampled_from(["input", "output", "conv", *OPERATIONS]), max_size=8),
)
def test_wild_matrices_are_read_or_refused(matrix: np.ndarray[Any, Any], ops: list[str]) -> None:
    try:
        arch = SPACE.from_matrix(matrix, ["input", *ops, "output"])
    except InvalidArchitecture:
        return
    assert SPACE.from_matrix(*SPACE.to_matrix(arch)) == arch


SMALL_CELLS = st.integers(3, 5).flatmap(
    lambda size: st.tuples(
        hnp.arrays(np.int64, (size, size), elements=st.integers(0, 1)).map(lambda m: np.triu(m, 1)),
        st.lists(st.sampled_from(OPERATIONS), min_size=size - 2, max_size=size - 2),
    )
)


@given(st.lists(SMALL_CELLS, min_size=2, max_size=5), st.integers(0, 2**32))
def test_keys_are_equal_exactly_for_isomorphic_cells(cells: list[Any], seed: int) -> None:
    archs: list[Architecture] = []
    for matrix, ops in cells:
        try:
            arch = SPACE.from_matrix(matrix, ["input", *ops, "output"])
        except InvalidArchitecture:
            pruned = slowly_pruned(matrix, ["input", *ops, "output"])
            assert pruned is None or pruned.number_of_edges() > 9
            continue
        again = SPACE.from_matrix(*reordered(arch, np.random.default_rng(seed)))
        assert SPACE.keys([arch])[0] == SPACE.keys([again])[0]
        archs.append(arch)
    keys = SPACE.keys(archs).tolist()
    texts, hashes = [str(arch) for arch in archs], [SPACE.official_hash(arch) for arch in archs]
    assert len(set(keys)) == len(set(texts)) == len(set(hashes))
    assert len(set(zip(keys, texts, hashes, strict=True))) == len(set(keys))


def test_ragged_matrix_is_refused() -> None:
    with pytest.raises(InvalidArchitecture, match="unequal rows"):
        SPACE.from_matrix([[0, 1], [0]], ["input", "output"])


@given(hnp.arrays(np.int64, (3, 26), elements=st.integers(-1, 4)), st.integers(0, 2**32))
def test_wild_choices_are_canonical_once_or_refused(choices: Any, seed: int) -> None:
    likely = np.random.default_rng(seed).integers(0, SPACE.choice_sizes, size=(20, 26))
    likely[:, :21] &= np.random.default_rng(seed + 1).integers(0, 2, size=(20, 21))
    rows = np.concatenate([choices, likely])
    valid = SPACE.is_valid(rows)
    archs = SPACE.from_choices(rows[valid])
    assert np.array_equal(SPACE.canonical(archs.choices), archs.choices)
    for row in rows[~valid]:
        with pytest.raises(InvalidArchitecture, match="is no architecture"):
            SPACE.from_choices(row[None])


@pytest.mark.parametrize("part", ["types", "edges", "mask", "size"])
def test_foreign_graphs_are_refused(part: str) -> None:
    good = SPACE.encode(SPACE.sample(3, np.random.default_rng(0)))
    types, edges, mask = good.ops.clone(), good.adjacency.clone(), good.mask.clone()
    if part == "types":
        types[1, 1] = 5
    elif part == "edges":
        edges[1, 1, 1] = True
    elif part == "mask":
        mask[1] = False
    wrong = GraphBatch(types, edges, mask)
    if part == "size":
        wrong = GraphBatch(types[:, :6], edges[:, :6, :6], mask[:, :6])
    with pytest.raises(InvalidArchitecture, match="6 node slots" if part == "size" else "graph 1"):
        SPACE.decode(wrong)
