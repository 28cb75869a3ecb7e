from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agnet.pareto import dominance_numbers, hypervolume
from agnet.strategies.lamoo.partition import (
    NODES,
    Node,
    Partition,
    Splitting,
    grow,
    highest,
    undivided,
)
from agnet.strategies.lamoo.points import reference
from agnet.strategies.lamoo.region import Boundary

RNG = np.random.default_rng
NAN = float("nan")
Array = npt.NDArray[np.float64]


class Threshold:
    """Good is what lies above a value in one coordinate."""

    def __init__(self, at: int, value: float) -> None:
        self.at, self.value = at, value

    def predict(self, inputs: Array) -> npt.NDArray[np.int64]:
        return (inputs[:, self.at] > self.value).astype(np.int64)


def node(n: int, volume: float, parent: int, depth: int, side: int) -> Node:
    return Node(np.arange(n), volume, parent, depth, side)


def hand_made() -> Partition:
    """The good half is worth more as a whole, the best leaf lies in the bad one."""
    x, y = Threshold(0, 0.5), Threshold(1, 0.5)
    root = Node(np.arange(20), 8.0, boundary=x, children=(1, 2))
    good = replace(node(10, 7.0, 0, 1, 1), boundary=y, children=(3, 4))
    bad = replace(node(10, 6.9, 0, 1, 0), boundary=y, children=(5, 6))
    leaves = (
        node(5, 5.0, 1, 2, 1),
        node(5, 4.0, 1, 2, 0),
        node(5, 2.0, 2, 2, 1),
        node(5, 6.8, 2, 2, 0),
    )
    return Partition((root, good, bad, *leaves))


def samples(n: int = 80, seed: int = 0) -> tuple[Array, Array]:
    """Points whose second objective is the first coordinate, and noise is little."""
    inputs = RNG(seed).uniform(size=(n, 3))
    return inputs, np.stack([inputs[:, 1] - inputs[:, 2], inputs[:, 0]], axis=1) - 1.0


@pytest.mark.parametrize(("cp", "used"), [(0.0, 0.0), (0.3, 0.3), (-1.0, 0.8)])
def test_bounds_by_hand(cp: float, used: float) -> None:
    bounds = hand_made().bounds(cp)
    first, second = np.log(20) / 10, np.log(10) / 5
    expected = [7.0 + 2 * used * np.sqrt(2 * first), 6.9 + 2 * used * np.sqrt(2 * first)]
    expected += [v + 2 * used * np.sqrt(2 * second) for v in (5.0, 4.0, 2.0, 6.8)]
    assert bounds[0] == np.inf
    assert np.abs(bounds[1:] - expected).max() < 1e-12


def test_few_samples_are_explored() -> None:
    tree = hand_made()
    few = Partition((*tree.nodes[:3], node(1, 5.0, 1, 2, 1), *tree.nodes[4:]))
    assert few.best_leaf(few.bounds(0.0), RNG(0)) == 6
    assert few.best_leaf(few.bounds(3.0), RNG(0)) == 3


def test_leaf_and_path_can_differ() -> None:
    tree = hand_made()
    bounds = tree.bounds(-1.0)
    assert tree.best_leaf(bounds, RNG(0)) == 6
    assert tree.best_path(bounds, RNG(0)) == 3


def test_equals_are_drawn() -> None:
    bounds = np.array([9.0, 2.0, 1.0, 2.0])
    drawn = [highest(bounds, (1, 2, 3), RNG(seed)) for seed in range(40)]
    assert set(drawn) == {1, 3}


def test_the_region_of_a_node_is_where_its_boundaries_say() -> None:
    region = hand_made().region(5)
    inputs = np.array([[0.2, 0.8], [0.2, 0.2], [0.8, 0.8], [0.8, 0.2]])
    assert region.depth == 2
    assert region.contains(inputs).tolist() == [True, False, False, False]
    assert region.levels(inputs).tolist() == [2, 1, 0, 0]
    whole = hand_made().region(0)
    assert whole.depth == 0 and whole.contains(inputs).all()
    assert region.contains(inputs[:0]).shape == (0,)


def test_shares_are_of_the_region_of_each_node() -> None:
    inputs = np.array([(0.9, 0.9), (0.9, 0.1), (0.8, 0.1), (0.1, 0.1)])
    shares = hand_made().shares(inputs)
    assert shares.tolist() == [1, 0.75, 0.25, 0.25, 0.5, 0, 0.25]
    assert hand_made().shares(inputs[:0]).tolist() == [0] * 7


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
@pytest.mark.parametrize("by_label", [False, True])
def test_a_tree_is_consistent(kernel: str, by_label: bool) -> None:
    inputs, points = samples()
    tree = grow(inputs, points, RNG(0), Splitting(kernel, 16, by_label))
    assert len(tree.nodes) > 3
    assert tree.nodes[0].rows.tolist() == list(range(80))
    for at, one in enumerate(tree.nodes):
        assert one.hypervolume == hypervolume(points[one.rows], reference(2))
        assert len(one.rows)
        if not by_label:
            assert tree.region(at).contains(inputs[one.rows]).all()
        if one.children:
            left, right = (tree.nodes[i] for i in one.children)
            assert (left.parent, right.parent, left.side, right.side) == (at, at, 1, 0)
            assert left.depth == right.depth == one.depth + 1
            assert sorted([*left.rows, *right.rows]) == one.rows.tolist()
            assert one.accuracy is not None and one.accuracy > 0.5


def test_labels_are_of_the_node_alone() -> None:
    """With the label rule, a child holds the better half of its parent, not of everything."""
    inputs, points = samples()
    tree = grow(inputs, points, RNG(0), Splitting(by_label=True))
    inner = [one for one in tree.nodes if one.children]
    assert len(inner) > 1
    for one in inner:
        numbers = dominance_numbers(points[one.rows])
        good = np.isin(one.rows, tree.nodes[one.children[0]].rows)
        assert good.sum() == (len(good) + 1) // 2
        assert numbers[good].max() <= numbers[~good].min()


def test_nodes_come_level_by_level_and_end() -> None:
    inputs, points = samples(600)
    tree = grow(inputs, points, RNG(0), Splitting(min_split=2))
    depths = [one.depth for one in tree.nodes]
    assert len(depths) == NODES
    assert depths == sorted(depths)


@pytest.mark.parametrize(("n", "nodes"), [(15, 1), (16, 3), (17, 3)])
def test_small_nodes_are_leaves(n: int, nodes: int) -> None:
    inputs, points = samples(n)
    assert len(grow(inputs, points, RNG(0), Splitting()).nodes) == nodes


@pytest.mark.parametrize("value", [0.0, NAN])
def test_what_is_equal_is_not_split(value: float) -> None:
    inputs, points = samples()
    tree = grow(inputs, np.full_like(points, value), RNG(0), Splitting())
    assert len(tree.nodes) == 1 and not tree.nodes[0].children


def test_inputs_that_tell_nothing_are_not_split() -> None:
    _, points = samples()
    tree = grow(np.ones((80, 3)), points, RNG(0), Splitting())
    assert len(tree.nodes) == 1
    assert tree.best_leaf(tree.bounds(-1.0), RNG(0)) == 0
    assert tree.best_path(tree.bounds(-1.0), RNG(0)) == 0


def test_the_whole_is_the_root_of_any_tree() -> None:
    inputs, points = samples()
    whole, tree = undivided(points), grow(inputs, points, RNG(0), Splitting())
    assert len(whole.nodes) == 1
    assert whole.nodes[0].rows.tolist() == tree.nodes[0].rows.tolist()
    assert whole.nodes[0].hypervolume == tree.nodes[0].hypervolume > 0
    assert whole.best_leaf(whole.bounds(-1.0), RNG(0)) == 0


def test_nothing_is_a_root_alone() -> None:
    tree = grow(np.empty((0, 0)), np.empty((0, 2)), RNG(0), Splitting())
    assert [len(one.rows) for one in tree.nodes] == [0]


def test_a_threshold_is_a_boundary() -> None:
    boundary: Boundary = Threshold(0, 0.5)
    assert boundary.predict(np.array([[0.2], [0.7]])).tolist() == [0, 1]
