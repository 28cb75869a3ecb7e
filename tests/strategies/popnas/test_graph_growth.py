from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import NASBench101, NASBench201
from agnet.strategies.popnas.edge_growth import EdgeGrowth
from agnet.strategies.popnas.graph_features import graph_features
from agnet.strategies.popnas.growth import Growth
from agnet.strategies.popnas.vertex_growth import VertexGrowth

CELLS = NASBench101(5)
BY_VERTEX, BY_EDGE = VertexGrowth(CELLS), EdgeGrowth(NASBench201())


def test_a_vertex_a_step_reaches_every_cell() -> None:
    """1 and 6 cells of two and three vertices, 84 of four, 2,441 of five."""
    start = BY_VERTEX.start()
    four = BY_VERTEX.grown(start)
    five = BY_VERTEX.grown(four)
    assert (len(start), len(four), len(five)) == (7, 84, 2_441)
    assert set(BY_VERTEX.step(four).tolist()) == {1}
    assert set(BY_VERTEX.step(five).tolist()) == {2}
    assert np.array_equal(CELLS.index(start), np.arange(7))


def test_an_edge_a_step() -> None:
    """Functions of at most three active edges, and what each further edge reaches of them."""
    cells = BY_EDGE.start()
    assert len(cells) == 86
    for step, count in enumerate((297, 1_188, 1_728), start=1):
        cells = BY_EDGE.grown(cells)
        assert len(cells) == count
        assert set(BY_EDGE.step(cells).tolist()) == {step}
        assert len(np.unique(NASBench201().keys(cells, "function"))) == count


@pytest.mark.parametrize("growth", [BY_VERTEX, BY_EDGE])
def test_probes_belong_to_the_start(growth: Growth) -> None:
    start = set(map(str, growth.start()))
    empty, probes = growth.probes()
    assert {str(arch) for arch in (*empty, *probes)} <= start
    usage = growth.usage(probes)
    assert np.array_equal(usage.operations > 0, np.eye(len(probes), dtype=bool))


def test_features_of_a_cell_by_hand() -> None:
    """conv 3x3, then max-pooling and conv 1x1 side by side; the output reads both and the input."""
    arch = CELLS.parse("conv3x3-bn-relu~0+conv1x1-bn-relu~1+maxpool3x3~1+output~0,2,3")
    found = BY_VERTEX.features([arch], np.array([1.0, 0.5, 0.25]))[0]
    assert found.tolist() == [3, 1.75, 1 / 1.75, 2, 2, 3, 1.5 / 1.75]
    usage = BY_VERTEX.usage([arch])
    assert usage.inputs.tolist() == [[2, 2, 1, 1]]
    assert usage.operations.tolist() == [[1, 1, 1]]


def test_features_of_active_edges_by_hand() -> None:
    """A convolution into node 1, then pooling out of it; what node 2 gets leads nowhere."""
    space = NASBench201()
    arch = space.parse("|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|avg_pool_3x3~1|none~2|")
    found = BY_EDGE.features([arch], np.array([0.0, 0.5, 1.0, 0.2]))[0]
    assert found.tolist() == pytest.approx([2, 1.2, 1 / 1.2, 1, 2, 1, 1.0])
    usage = BY_EDGE.usage([arch])
    assert usage.inputs.tolist() == [[2, 1, 0]]
    assert usage.operations.tolist() == [[0, 1, 1, 1]]


def test_dead_ends_do_not_count() -> None:
    edges = np.zeros((1, 4, 4), dtype=bool)
    edges[0, 0, 1] = edges[0, 0, 2] = edges[0, 2, 3] = True  # node 1 is read by nothing
    found = graph_features(edges, np.array([[0.0, 5.0, 1.0, 0.0]]))
    assert found[0].tolist() == [1, 1.0, 1.0, 0, 1, 1, 1.0]
    assert graph_features(np.zeros((1, 4, 4), dtype=bool), np.zeros((1, 4)))[0, 2] == 1.0
