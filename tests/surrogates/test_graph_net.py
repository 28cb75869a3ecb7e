from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from agnet.spaces import DARTS, NASBench101, NASBench201, SearchSpace
from agnet.surrogates.features import features_of
from agnet.surrogates.graph_net import GraphNet
from agnet.surrogates.live_graphs import LiveGraphs, live_graphs

SPACES = [NASBench201(), NASBench101(), DARTS()]
PARTS = 4  # readouts: total, mean, largest, and the state of the last node
WIDTH = 8


def live(space: SearchSpace, n: int = 30) -> LiveGraphs:
    features = features_of(space)
    graphs = space.encode(space.sample(n, np.random.default_rng(0)))
    return live_graphs(graphs, torch.from_numpy(features.dead), torch.from_numpy(features.silent))


def network(space: SearchSpace, seed: int = 0, layers: int = 2) -> GraphNet:
    return GraphNet(len(space.node_types), WIDTH, layers, np.random.default_rng(seed))


def by_node(network: GraphNet, graphs: LiveGraphs, row: int) -> torch.Tensor:
    """The slow way: message by message, over the nodes that are there."""
    nodes = graphs.mask[row].nonzero().flatten().tolist()
    edges = graphs.edges[row]
    state = {v: torch.relu(network.start[graphs.types[row, v]] + network.shift[0]) for v in nodes}
    weights = list(network.layers)
    for at in range(0, len(weights), 4):
        own, forth, back, shift = weights[at : at + 4]
        heard = {
            v: sum((edges[u, v] * state[u] @ forth for u in nodes), torch.zeros(WIDTH))
            + sum((edges[v, w] * state[w] @ back for w in nodes), torch.zeros(WIDTH))
            for v in nodes
        }
        state = {v: torch.relu(state[v] @ own + heard[v] + shift[0]) for v in nodes}
    if not nodes:
        return torch.zeros(PARTS * WIDTH)
    states = torch.stack([state[v] for v in nodes])
    return torch.cat([states.sum(0), states.mean(0), states.amax(0), states[-1]])


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_it_equals_messages_one_by_one(space: SearchSpace) -> None:
    net, graphs = network(space), live(space)
    read = net(graphs)
    assert read.shape == (30, PARTS * WIDTH)
    for row in range(30):
        assert torch.allclose(read[row], by_node(net, graphs, row), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_batched_equals_single(space: SearchSpace) -> None:
    net, graphs = network(space), live(space)
    read = net(graphs)
    for row in range(30):
        part = slice(row, row + 1)
        alone = LiveGraphs(graphs.types[part], graphs.edges[part], graphs.mask[part])
        assert torch.allclose(net(alone)[0], read[row], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_more_padding_changes_nothing(space: SearchSpace) -> None:
    net, graphs = network(space), live(space)
    padded = LiveGraphs(
        pad(graphs.types, (0, 3)), pad(graphs.edges, (0, 3, 0, 3)), pad(graphs.mask, (0, 3))
    )
    assert torch.allclose(net(padded), net(graphs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_the_types_of_dead_nodes_do_not_matter(space: SearchSpace) -> None:
    net, graphs = network(space), live(space)
    other = torch.where(graphs.mask, graphs.types, (graphs.types + 1) % len(space.node_types))
    changed = LiveGraphs(other, graphs.edges, graphs.mask)
    assert not torch.equal(other, graphs.types)
    assert torch.equal(net(changed), net(graphs))


def test_the_order_of_nodes_before_the_last_does_not_matter() -> None:
    space = NASBench201()
    net, graphs = network(space), live(space)
    order = torch.tensor([3, 0, 6, 2, 5, 1, 4, 7])
    moved = LiveGraphs(
        graphs.types[:, order], graphs.edges[:, order][:, :, order], graphs.mask[:, order]
    )
    assert torch.allclose(net(moved), net(graphs), rtol=1e-4, atol=1e-4)


def test_wiring_direction_and_number_of_ways_matter() -> None:
    space = NASBench201()
    types = torch.tensor([[0, 4, 5, 1]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    chain = torch.zeros(1, 4, 4)
    chain[0, 0, 1] = chain[0, 1, 2] = chain[0, 2, 3] = 1.0
    fan = torch.zeros(1, 4, 4)
    fan[0, 0, 1] = fan[0, 0, 2] = fan[0, 1, 3] = fan[0, 2, 3] = 1.0
    turned, doubled = chain.clone(), chain.clone()
    turned[0, 0, 1], turned[0, 1, 0] = 0.0, 1.0
    doubled[0, 1, 2] = 2.0
    read = [network(space)(LiveGraphs(types, e, mask)) for e in (chain, fan, turned, doubled)]
    for i, first in enumerate(read):
        for second in read[i + 1 :]:
            assert not torch.allclose(first, second, atol=1e-2)


def test_weights_are_those_of_the_stream_and_stay() -> None:
    space = NASBench101()
    graphs = live(space)
    first, again, other = network(space), network(space), network(space, seed=1)
    assert torch.equal(first(graphs), again(graphs))
    assert not torch.equal(first(graphs), other(graphs))
    assert not any(weight.requires_grad for weight in first.parameters())
    assert network(space, layers=0)(graphs).shape == (30, PARTS * WIDTH)


def test_no_graphs_and_dead_graphs_are_read() -> None:
    space = NASBench201()
    net, graphs = network(space), live(space, 3)
    empty = LiveGraphs(graphs.types[:0], graphs.edges[:0], graphs.mask[:0])
    assert net(empty).shape == (0, PARTS * WIDTH)
    none = LiveGraphs(graphs.types, torch.zeros_like(graphs.edges), torch.zeros_like(graphs.mask))
    assert not net(none).any()
