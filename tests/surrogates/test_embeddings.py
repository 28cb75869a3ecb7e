from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agnet.spaces import DARTS, Architectures, NASBench101, NASBench201, SearchSpace, Subset
from agnet.surrogates import embeddings
from agnet.surrogates.embeddings import PATH_WEIGHT, GraphEmbedding, as_written
from agnet.surrogates.features import features_of
from agnet.surrogates.graph_net import GraphNet

SPACE = NASBench201()
LARGE = [NASBench101(), DARTS()]
Array = npt.NDArray[np.float32]


def embedding(space: SearchSpace, seed: int = 0) -> GraphEmbedding:
    network = GraphNet(len(space.node_types), 16, 1, np.random.default_rng(seed))
    return GraphEmbedding(space, network)


def draw(space: SearchSpace, n: int, seed: int = 0) -> Architectures:
    return space.sample(n, np.random.default_rng(seed))


def between(rows: tuple[Array, Array], a: int, b: int) -> float:
    (coordinates, norm) = rows
    return float(norm[a] + norm[b] - 2 * coordinates[a] @ coordinates[b])


def test_cells_that_differ_in_dead_parts_lie_together() -> None:
    first = SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
    second = SPACE.parse("|none~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|")
    other = SPACE.parse("|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|")
    rows = embedding(SPACE)([first, second, other])
    assert between(rows, 0, 1) == pytest.approx(0, abs=1e-4)
    assert between(rows, 0, 2) > 1


def test_equal_functions_lie_nearer_than_strangers() -> None:
    """What is dead never matters; a skip that is added up twice is counted twice, and is near."""
    archs = SPACE.enumerate()
    function, zeros = (SPACE.keys(archs, level) for level in ("function", "none"))
    rows = embedding(SPACE)(archs)
    rng = np.random.default_rng(0)
    twins, strangers = [], []
    for a in rng.permutation(len(archs))[:400]:
        same = np.flatnonzero((function == function[a]) & (zeros != zeros[a]))
        if len(same):
            twins.append(between(rows, a, int(same[0])))
        strangers.append(between(rows, a, int(rng.integers(len(archs)))))
    assert len(twins) > 50
    assert np.median(twins) < 0.2 * np.median(strangers)


def test_cells_whose_live_graphs_are_equal_have_one_place() -> None:
    """Dead edges replaced at random: the live graph, and with it the place, stays."""
    archs = draw(SPACE, 300)
    choices = archs.choices.copy()
    # 1>2 and 1>3 are dead where 0>1 is none; so is 0>1 where both are none.
    rng = np.random.default_rng(1)
    cut, blind = choices[:, 0] == 0, (choices[:, 2] == 0) & (choices[:, 4] == 0)
    choices[cut, 2], choices[cut, 4] = rng.integers(5, size=(2, int(cut.sum())))
    choices[blind & ~cut, 0] = rng.integers(5, size=int((blind & ~cut).sum()))
    changed = SPACE.from_choices(choices)
    assert (choices != archs.choices).any(axis=1).sum() > 30
    embed = embedding(SPACE)
    first, second = embed(archs), embed(changed)
    assert np.allclose(first[0], second[0], atol=1e-5)
    assert np.allclose(first[1], second[1], rtol=1e-5)


def test_a_table_equals_computing_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Subset(SPACE.enumerate()[::40])
    archs = draw(space, 50)
    tabled = embedding(space)
    first = tabled(archs)
    assert tabled._table is not None
    monkeypatch.setattr(embeddings, "TABLED", 0)
    afresh = embedding(space)
    afresh.learn_paths(space.enumerate())
    second = afresh(archs)
    assert afresh._table is None
    assert np.allclose(first[0], second[0], atol=1e-5)
    assert np.allclose(first[1], second[1], rtol=1e-5)


@pytest.mark.parametrize("space", LARGE, ids=lambda space: str(space.name))
def test_unknown_paths_count_in_the_norm(space: SearchSpace) -> None:
    known, new = draw(space, 20), draw(space, 30, seed=1)
    embed = embedding(space)
    embed.learn_paths(known)
    partly = embed(new)
    embed.learn_paths(known + new)
    fully = embed(new)
    assert partly[0].shape[1] < fully[0].shape[1]
    assert np.array_equal(partly[1], fully[1])
    # What the norm has beyond the coordinates: one square a path that is not known.
    codes = features_of(space).describe(new).codes
    known_codes = features_of(space).describe(known).vocabulary()
    unknown = ((codes >= 0) & ~np.isin(codes, known_codes)).sum(axis=1)
    assert unknown.max() > 0
    beyond = partly[1] - (partly[0] ** 2).sum(axis=1)
    assert np.allclose(beyond, PATH_WEIGHT**2 * unknown, atol=1e-3)
    assert np.allclose(fully[1], (fully[0] ** 2).sum(axis=1), rtol=1e-4)


@pytest.mark.parametrize("space", LARGE, ids=lambda space: str(space.name))
def test_distances_from_the_known_are_exact(space: SearchSpace) -> None:
    """An example's paths are all known, so it does not matter which others are."""
    known, new = draw(space, 20), draw(space, 30, seed=1)
    embed = embedding(space)
    found = []
    for vocabulary in (known, known + new):
        embed.learn_paths(vocabulary)
        (a, a_norm), (b, b_norm) = embed(known), embed(new)
        found.append(a_norm[:, None] + b_norm - 2 * a @ b.T)
    assert np.allclose(found[0], found[1], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("space", [SPACE, *LARGE], ids=lambda space: str(space.name))
def test_batched_equals_single(space: SearchSpace) -> None:
    embed, archs = embedding(space), draw(space, 10)
    embed.learn_paths(archs)
    coordinates, norm = embed(archs)
    for row, arch in enumerate(archs):
        alone = embed([arch])
        assert np.allclose(alone[0][0], coordinates[row], atol=1e-5)
        assert np.allclose(alone[1][0], norm[row], rtol=1e-5)
    assert embed(archs[:0])[0].shape == (0, coordinates.shape[1])


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    space, archs = DARTS(), draw(DARTS(), 25)
    embed = embedding(space)
    whole = embed._read(archs)
    monkeypatch.setattr(embeddings, "CHUNK", 7)
    assert np.allclose(embed._read(archs), whole, rtol=1e-5, atol=1e-5)


def test_readouts_are_scaled_together() -> None:
    """All readouts of the network are together worth about one number."""
    space, known = DARTS(), draw(DARTS(), 1)
    embed, features = embedding(space), features_of(space)
    embed.learn_paths(known)
    coordinates, _ = embed(draw(space, 3000, seed=2))
    others = len(features.describe(known).vocabulary()) + len(features.groups)
    readouts = coordinates[:, others:]
    assert readouts.shape[1] > 1
    assert readouts.var(axis=0).sum() == pytest.approx(embeddings.NETWORK_WEIGHT**2, rel=0.1)


def test_choices_as_written_by_hand() -> None:
    archs = SPACE.from_choices([[0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 1]])
    coordinates, norm = as_written(SPACE, archs)
    assert coordinates.shape == (2, 30)
    assert coordinates[0].nonzero()[0].tolist() == [0, 6, 12, 18, 24, 25]
    assert coordinates[1].nonzero()[0].tolist() == [0, 6, 12, 18, 24, 26]
    assert norm.tolist() == [6.0, 6.0]
    assert between((coordinates, norm), 0, 1) == 2.0


def test_choices_as_written_count_differences() -> None:
    space = DARTS()
    first, second = draw(space, 20), draw(space, 20, seed=1)
    (a, a_norm), (b, b_norm) = as_written(space, first), as_written(space, second)
    squared = a_norm + b_norm - 2 * (a * b).sum(axis=1)
    assert np.array_equal(squared, 2 * (first.choices != second.choices).sum(axis=1))
