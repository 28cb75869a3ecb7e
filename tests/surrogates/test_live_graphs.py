from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from agnet.spaces import DARTS, Architecture, GraphBatch, NASBench101, NASBench201, SearchSpace
from agnet.surrogates.live_graphs import LiveGraphs, live_graphs

SPACE = NASBench201()
CELLS = [NASBench201(), NASBench101(), NASBench101(5), DARTS()]
INPUT, OUTPUT = 0, 7
WAYS = tuple[dict[int, str], dict[tuple[int, int], int]]


def read(space: SearchSpace, graphs: GraphBatch) -> LiveGraphs:
    names = space.node_types
    dead = torch.tensor([name == "none" for name in names])
    return live_graphs(graphs, dead, torch.tensor(["skip" in name for name in names]))


def fast(graphs: LiveGraphs, row: int, names: tuple[str, ...]) -> WAYS:
    """What is left of a graph: the names of its nodes, and how many ways lead between two."""
    nodes = {
        node: names[int(graphs.types[row, node])]
        for node in graphs.mask[row].nonzero().flatten().tolist()
    }
    edges = graphs.edges[row]
    pairs = {(a, b): int(edges[a, b]) for a, b in edges.nonzero().tolist()}
    return nodes, pairs


def slow(arch: Architecture) -> WAYS:
    """The same from all simple paths of the graph, listed one by one."""
    graph = arch.space.to_networkx(arch)
    names: dict[int, str] = nx.get_node_attributes(graph, "op")
    starts = [node for node in graph if graph.in_degree(node) == 0]
    ends = {node for node in graph if graph.out_degree(node) == 0}
    alive = graph.subgraph(node for node in graph if names[node] != "none")
    live = {
        node
        for start in starts
        for end in ends
        if start in alive and end in alive
        for path in nx.all_simple_paths(alive, start, end)
        for node in path
    }
    kept = {node: names[node] for node in live if "skip" not in names[node]}
    ways: dict[tuple[int, int], int] = {}
    for a in kept:
        for b in kept:
            # Between the two there is nothing, or nothing but skip connections.
            silent = alive.subgraph({a, b} | {n for n in live if "skip" in names[n]})
            count = sum(1 for _ in nx.all_simple_paths(silent, a, b)) if a != b else 0
            if count:
                ways[a, b] = count
    return kept, ways


def cell(*ops: int) -> WAYS:
    """What is left of a cell with operations on 0>1, 0>2, 1>2, 0>3, 1>3, 2>3 (nodes 1 to 6)."""
    archs = SPACE.from_choices([list(ops)])
    return fast(read(SPACE, SPACE.encode(archs)), 0, SPACE.node_types)


def test_nothing_is_left_of_a_cell_without_operations() -> None:
    assert cell(0, 0, 0, 0, 0, 0) == ({}, {})


def test_a_skip_alone_is_an_edge() -> None:
    assert cell(0, 0, 0, 1, 0, 0) == ({0: "input", 7: "output"}, {(0, 7): 1})


def test_skips_in_parallel_count_each() -> None:
    # Through 0>3 and through 0>2, 2>3.
    assert cell(0, 1, 0, 1, 0, 1)[1] == {(INPUT, OUTPUT): 2}
    # And through 0>1, 1>3, and 0>1, 1>2, 2>3.
    assert cell(1, 1, 1, 1, 1, 1)[1] == {(INPUT, OUTPUT): 4}


def test_dead_branches_are_cut() -> None:
    # Conv 3x3 on 0>1 leads nowhere, pooling on 1>3 comes from nowhere useful without it.
    assert cell(3, 0, 0, 1, 0, 0) == ({0: "input", 7: "output"}, {(0, 7): 1})
    assert cell(0, 0, 3, 1, 4, 0) == ({0: "input", 7: "output"}, {(0, 7): 1})
    # A conv on 2>3 that nothing reaches, and with it all of the cell.
    assert cell(3, 0, 0, 0, 0, 3) == ({}, {})


def test_a_chain_is_a_chain() -> None:
    nodes, ways = cell(3, 0, 4, 0, 0, 2)
    names = {0: "input", 1: "nor_conv_3x3", 3: "avg_pool_3x3", 6: "nor_conv_1x1", 7: "output"}
    assert nodes == names
    assert ways == {(0, 1): 1, (1, 3): 1, (3, 6): 1, (6, 7): 1}


def test_skips_between_operations_join_them() -> None:
    # 0>1 conv 3x3; then 1>3 skip, 1>2 skip before 2>3 conv 1x1.
    nodes, ways = cell(3, 0, 1, 0, 1, 2)
    assert nodes == {0: "input", 1: "nor_conv_3x3", 6: "nor_conv_1x1", 7: "output"}
    assert ways == {(0, 1): 1, (1, 6): 1, (1, 7): 1, (6, 7): 1}


@pytest.mark.parametrize("space", CELLS, ids=lambda space: str(space.name))
def test_it_is_that_of_a_slow_search(space: SearchSpace) -> None:
    archs = space.sample(80, np.random.default_rng(7))
    graphs = read(space, space.encode(archs))
    assert len(graphs) == 80
    for row, arch in enumerate(archs):
        assert fast(graphs, row, space.node_types) == slow(arch)


@pytest.mark.parametrize("space", CELLS, ids=lambda space: str(space.name))
def test_batched_equals_single_and_the_input_is_left_alone(space: SearchSpace) -> None:
    encoded = space.encode(space.sample(20, np.random.default_rng(8)))
    before = encoded.adjacency.clone(), encoded.mask.clone(), encoded.ops.clone()
    graphs = read(space, encoded)
    for row in range(20):
        alone = read(space, encoded[row : row + 1])
        assert torch.equal(alone.edges[0], graphs.edges[row])
        assert torch.equal(alone.mask[0], graphs.mask[row])
    after = encoded.adjacency, encoded.mask, encoded.ops
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert len(read(space, encoded[:0])) == 0
