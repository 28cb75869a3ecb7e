from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from agnet.spaces import (
    DARTS,
    Architecture,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.surrogates.features import Features
from agnet.surrogates.paths import live_paths

SPACE = NASBench201()
CELLS = [NASBench201(), NASBench101(), NASBench101(5), DARTS()]


def spelled(arch: Architecture) -> list[tuple[int, list[str]]]:
    """All live paths, found one by one: the input's node, and the names on the way."""
    graph: Any = arch.space.to_networkx(arch)
    names = nx.get_node_attributes(graph, "op")
    starts = [node for node in graph if graph.in_degree(node) == 0]
    ends = [node for node in graph if graph.out_degree(node) == 0]
    paths = [path for a in starts for b in ends for path in nx.all_simple_paths(graph, a, b)]
    alive = [path for path in paths if all(names[node] != "none" for node in path)]
    return [(path[0], [names[node] for node in path[1:-1]]) for path in alive]


def summary(arch: Architecture) -> list[float]:
    """The summary of a cell with one output, from the paths above."""
    graph: Any = arch.space.to_networkx(arch)
    names = nx.get_node_attributes(graph, "op")
    ends = [node for node in graph if graph.out_degree(node) == 0]
    alive = graph.subgraph(node for node in graph if names[node] != "none")
    paths = [path[1:-1] for path in nx.all_simple_paths(alive, 0, ends[0]) if ends[0] in alive]
    live = {node for path in paths for node in path}
    counts = [sum(names[node] == name for node in live) for name in arch.space.node_types]

    def works(name: str) -> list[bool]:
        conv, wide = "conv" in name, "3x3" in name
        return [conv or wide, conv, wide, conv and wide]

    along = [[sum(works(names[node])[k] for node in path) for k in range(4)] for path in paths]
    most = [max(column) for column in zip(*along, strict=True)] or [0] * 4
    fewest = [min(column) for column in zip(*along, strict=True)] or [0] * 4
    edges = {pair for path in paths for pair in zip([0, *path], [*path, ends[0]], strict=True)}
    fans = [sum(a == 0 for a, _ in edges), sum(b == ends[0] for _, b in edges)]
    return [*counts, *fans, *most, *fewest]


@pytest.mark.parametrize("space", CELLS, ids=lambda space: str(space.name))
def test_codes_stand_for_the_sequences_of_a_slow_search(space: SearchSpace) -> None:
    archs = space.sample(60, np.random.default_rng(3))
    codes = Features(space).describe(archs).codes
    meaning: dict[int, tuple[Any, ...]] = {}
    for arch, row in zip(archs, codes, strict=True):
        slow = {
            (start, *[name for name in names if "skip" not in name])
            for start, names in spelled(arch)
        }
        fast = row[row >= 0].tolist()
        assert len(fast) == len(set(fast)) == len(slow)
        for code in fast:
            meaning.setdefault(code, tuple(sorted(slow, key=repr)))
    # One code, one sequence: rows with equal sets of codes have equal sets of sequences.
    seen: dict[frozenset[int], set[Any]] = {}
    for arch, row in zip(archs, codes, strict=True):
        slow = {
            (start, *[name for name in names if "skip" not in name])
            for start, names in spelled(arch)
        }
        assert seen.setdefault(frozenset(row[row >= 0].tolist()), slow) == slow


@pytest.mark.parametrize("space", CELLS[:3], ids=lambda space: str(space.name))
def test_summary_is_that_of_a_slow_search(space: SearchSpace) -> None:
    archs = space.sample(60, np.random.default_rng(3))
    features = Features(space)
    slow = np.array([summary(arch) for arch in archs], dtype=float)
    assert np.array_equal(features._raw(archs)[1], slow)


def test_known_cell_by_hand() -> None:
    cell = SPACE.parse(
        "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    )
    # Live: 0>3 by skip, and 0>1>2>3 by conv 3x3, pool, conv 1x1; the other two edges are none.
    codes, raw = Features(SPACE)._raw([cell])
    assert (codes >= 0).sum() == 2
    counts = [0, 0, 0, 1, 1, 1, 1]
    assert raw[0].tolist() == [*counts, 2, 2, *[3, 2, 2, 1], *[0, 0, 0, 0]]


def test_a_dead_cell_has_nothing() -> None:
    dead = SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|")
    codes, raw = Features(SPACE)._raw([dead])
    assert (codes < 0).all()
    assert not raw.any()


def test_functionally_equal_cells_have_equal_features() -> None:
    described = Features(SPACE).describe(SPACE.enumerate())
    _, first, again = np.unique(
        SPACE.keys(SPACE.enumerate(), "function"), return_index=True, return_inverse=True
    )
    # Counts see skip connections that a function does not have; sequences do not.
    assert np.array_equal(described.codes, described.codes[first][again.ravel()])


def test_darts_cells_are_told_apart() -> None:
    space = DARTS()
    arch = space.sample(1, np.random.default_rng(0))
    swapped = space.from_choices(np.concatenate([arch.choices[:, 12:], arch.choices[:, :12]], 1))
    features = Features(space)
    codes = [set(features.describe(one).codes[0].tolist()) - {-1} for one in (arch, swapped)]
    assert not codes[0] & codes[1]
    raw = [features._raw(one)[1][0] for one in (arch, swapped)]
    half = len(raw[0]) // 2
    assert np.array_equal(raw[0][:half], raw[1][half:])


def test_published_cells_do_not_explode() -> None:
    for space in CELLS:
        graphs = space.encode(space.sample(2000, np.random.default_rng(0)))
        dead = np.array([name == "none" for name in space.node_types])
        assert np.bincount(live_paths(graphs, dead).row).max() <= 36


def test_chains_are_described_by_choices_and_totals() -> None:
    space = OFAMobileNetV3()
    archs = space.sample(20, np.random.default_rng(0))
    features = Features(space)
    codes, raw = features._raw(archs)
    offsets = np.cumsum([0, *space.choice_sizes[:-1]])
    assert np.array_equal(codes - offsets, archs.choices)
    expected = [
        archs.choices[:, part].sum(axis=1) for part in (slice(1), slice(1, 6), slice(6, 46))
    ]
    assert np.array_equal(raw, np.stack(expected, axis=1))


def test_summary_has_zero_mean_and_unit_variance() -> None:
    described = Features(DARTS()).describe(DARTS().sample(4000, np.random.default_rng(1)))
    assert np.abs(described.summary.mean(axis=0)).max() < 0.15
    assert np.abs(described.summary.std(axis=0) - 1).max() < 0.15


def test_indicators_leave_out_unknown_codes() -> None:
    described = Features(SPACE).describe(SPACE.enumerate())
    vocabulary = described.vocabulary()
    known = vocabulary[::3]
    assert np.array_equal(described.indicators(known), described.indicators(vocabulary)[:, ::3])
    assert described.indicators(vocabulary).sum() == (described.codes >= 0).sum()
    assert described.indicators(vocabulary[:0]).shape == (SPACE.size, 0)


def test_a_listed_part_is_described_in_its_own_order() -> None:
    members = SPACE.sample(300, np.random.default_rng(0))
    members = members[np.sort(np.unique(SPACE.keys(members), return_index=True)[1])]
    part = Subset(members)
    chosen = part.sample(20, np.random.default_rng(1))
    features = Features(part)
    again = Features(part)._scaled(chosen)
    assert np.array_equal(features.describe(chosen).summary, again.summary)
