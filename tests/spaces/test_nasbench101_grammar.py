from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from agnet.spaces import Architecture, NASBench101

SPACE = NASBench101()


def completions(space: NASBench101) -> np.ndarray:
    """Every vector that allowed options lead to."""
    rows = np.zeros((1, len(space.choice_sizes)), dtype=np.int64)
    for step, at in enumerate(space.choice_order):
        row, option = np.nonzero(space.allowed(rows, step))
        rows = rows[row]
        rows[:, at] = option
    return rows


@pytest.mark.parametrize("vertices", [3, 4, 5])
def test_allowed_options_make_all_cells_and_nothing_else(vertices: int) -> None:
    space = NASBench101(vertices)
    rows = completions(space)
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert space.is_valid(rows).all()
    cells = space.from_choices(rows)
    assert len(np.unique(space.keys(cells))) == space.size
    # Nothing was pruned: all that was chosen is alive.
    edges = vertices * (vertices - 1) // 2
    for part in (slice(0, edges), slice(edges, None)):
        assert np.array_equal((rows[:, part] > 0).sum(1), (cells.choices[:, part] > 0).sum(1))


@pytest.mark.parametrize("greed", [0.0, 0.3, 0.7, 1.0])
def test_walks_to_large_cells_keep_the_budget(greed: float) -> None:
    """With greed, every edge and vertex that can be there is taken."""
    rng = np.random.default_rng(0)
    rows = np.zeros((2000, len(SPACE.choice_sizes)), dtype=np.int64)
    for step, at in enumerate(SPACE.choice_order):
        allowed = SPACE.allowed(rows, step)
        assert allowed.any(axis=1).all()
        last = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
        drawn = np.where(allowed, rng.random(allowed.shape), -1).argmax(axis=1)
        rows[:, at] = np.where(rng.random(len(rows)) < greed, last, drawn)
    assert SPACE.is_valid(rows).all()
    edges = rows[:, :21].sum(axis=1)
    assert edges.max() == 9
    assert np.array_equal(SPACE.canonical(rows.astype(np.int16))[:, :21].sum(axis=1), edges)


def slow_distance(first: Architecture, second: Architecture) -> int:
    """The same by trying every order on full matrices."""
    graphs = []
    for arch in (first, second):
        matrix, ops = SPACE.to_matrix(arch)
        inner = len(ops) - 2
        at = [0, *range(1, inner + 1), 6]
        full = np.zeros((7, 7), dtype=int)
        full[np.ix_(at, at)] = matrix
        graphs.append((full, np.array(["", *ops[1:-1], *[""] * (5 - inner), ""])))
    (left, left_ops), (right, right_ops) = graphs
    best = 99
    for inner_order in permutations(range(1, 6)):
        order = [0, *inner_order, 6]
        edges = int((left[np.ix_(order, order)] != right).sum())
        best = min(best, edges + int((left_ops[order] != right_ops).sum()))
    return best


def test_edit_distance_is_the_least_over_all_orders() -> None:
    rng = np.random.default_rng(0)
    first = SPACE.sample(30, rng)
    second = SPACE.mutate(SPACE.mutate(first, rng), rng)[:15] + SPACE.sample(15, rng)
    wanted = [slow_distance(a, b) for a, b in zip(first, second, strict=True)]
    assert SPACE.edit_distance(first, second).tolist() == wanted
    assert min(wanted) <= 2
    assert max(wanted) >= 6


def test_one_edge_or_operation_is_one_edit() -> None:
    base = SPACE.parse("conv3x3-bn-relu~0+conv3x3-bn-relu~1+output~2")
    for text, edits in (
        ("conv3x3-bn-relu~0+conv3x3-bn-relu~1+output~0,2", 1),
        ("conv3x3-bn-relu~0+conv1x1-bn-relu~1+output~2", 1),
        ("conv3x3-bn-relu~0+output~1", 4),  # two edges and a vertex go, one edge comes
        ("output~0", 6),
    ):
        assert SPACE.edit_distance([base], [SPACE.parse(text)]).tolist() == [edits]
