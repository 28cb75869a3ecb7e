from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import kendalltau

from agnet.benchmarks import NASBench201Benchmark
from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import (
    DARTS,
    Architectures,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.surrogates import GraphEnsemble, Surrogate
from agnet.surrogates.acquisitions import upper_bound
from agnet.surrogates.gaussian import LENGTHS, squared_distances
from agnet.surrogates.gnn import FEW, NEAR, _kept, _near
from agnet.testing.states import through_a_file
from agnet.testing.surrogates import SurrogateContract

SPACE = NASBench201()
PART = Subset(SPACE.enumerate()[::20])  # in the middle of every check a table is made
Array = npt.NDArray[np.float64]


class TestGraphEnsemble(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return GraphEnsemble(space, rng)

    def space(self) -> SearchSpace:
        return PART


class TestGraphEnsembleOfOne(TestGraphEnsemble):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return GraphEnsemble(space, rng, members=1, width=8, layers=3, at_most=40)

    def space(self) -> SearchSpace:
        return NASBench101(5)


class TestGraphEnsembleOnDARTS(TestGraphEnsemble):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return GraphEnsemble(space, rng, width=16)

    def space(self) -> SearchSpace:
        return DARTS()

    def values(self, archs: Architectures) -> Array:
        convs = (archs.choices.reshape(-1, 8, 3)[:, :, 1:] >= 3).sum(axis=(1, 2)).astype(float)
        return np.stack([convs, convs + 5], axis=1)


class TestGraphEnsembleOnChains(TestGraphEnsemble):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return GraphEnsemble(space, rng, members=1, width=16)

    def space(self) -> SearchSpace:
        return OFAMobileNetV3()


def draw(space: SearchSpace, n: int, seed: int = 0) -> Architectures:
    return space.sample(n, np.random.default_rng(seed))


def written(archs: Architectures) -> Array:
    """Like a latency: every operation takes its time, also where its result is thrown away."""
    return np.asarray(np.array([0.0, 0.1, 1.0, 3.0, 0.5])[archs.choices].sum(axis=1))


def computed(archs: Architectures) -> Array:
    """Like an accuracy: what is dead does not count."""
    ops = archs.choices.astype(int)
    worth = np.array([0.0, 0.1, 1.0, 3.0, 0.5])
    first, second, third, fourth, fifth, sixth = ops.T
    tensor_1 = first > 0
    tensor_2 = (second > 0) | (tensor_1 & (third > 0))
    live = [
        tensor_1 & ((fifth > 0) | ((third > 0) & (sixth > 0))),
        (second > 0) & (sixth > 0),
        tensor_1 & (third > 0) & (sixth > 0),
        fourth > 0,
        tensor_1 & (fifth > 0),
        tensor_2 & (sixth > 0),
    ]
    return np.asarray(np.where(np.stack(live, axis=1), worth[ops], 0.0).sum(axis=1))


def fitted(n: int = 80, **settings: Any) -> GraphEnsemble:
    """One that has learnt an accuracy and a latency."""
    ensemble = GraphEnsemble(PART, np.random.default_rng(0), **settings)
    archs = draw(PART, n)
    ensemble.fit(archs, np.stack([computed(archs), written(archs)], axis=1))
    return ensemble


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
def test_it_ranks_unseen_cells(dataset: str) -> None:
    benchmark = NASBench201Benchmark(dataset)
    archs = SPACE.enumerate()[np.random.default_rng(1).permutation(SPACE.size)[:596]]
    accuracy = benchmark.query(archs, ["val_accuracy"])[:, 0]
    places = np.argsort(np.argsort(accuracy[:96])) / 96
    ensemble = GraphEnsemble(SPACE, np.random.default_rng(0))
    ensemble.fit(archs[:96], places[:, None])
    mean, std = ensemble.predict(archs[96:])
    assert kendalltau(mean[:, 0], accuracy[96:]).statistic > 0.7
    assert (std > 0).all()


def test_costs_are_learnt_from_the_choices_and_accuracies_from_live_graphs() -> None:
    ensemble = GraphEnsemble(PART, np.random.default_rng(0))
    archs, fresh = draw(PART, 80), draw(PART, 300, seed=1)
    values = np.stack([computed(archs), written(archs), computed(archs)], axis=1)
    ensemble.fit(archs, values)
    assert ensemble._chosen == [[0, 1], [2], [0, 1]]
    mean = ensemble.predict(fresh)[0]
    assert np.corrcoef(mean[:, 1], written(fresh))[0, 1] > 0.99
    assert np.corrcoef(mean[:, 0], computed(fresh))[0, 1] > 0.9
    assert np.allclose(mean[:, 0], mean[:, 2])


def test_the_first_output_is_always_that_of_live_graphs() -> None:
    ensemble = GraphEnsemble(PART, np.random.default_rng(0))
    archs = draw(PART, 60)
    ensemble.fit(archs, np.stack([written(archs), written(archs)], axis=1))
    assert ensemble._chosen == [[0, 1], [2]]


def test_cells_of_one_live_graph_have_one_prediction() -> None:
    ensemble = GraphEnsemble(SPACE, np.random.default_rng(0))
    archs = draw(SPACE, 60)
    ensemble.fit(archs, computed(archs)[:, None])
    twins = [
        SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"),
        SPACE.parse("|none~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|"),
    ]
    mean, std = ensemble.predict(twins)
    assert mean[0] == pytest.approx(mean[1], abs=1e-4)
    assert std[0] == pytest.approx(std[1], abs=1e-3)


def test_the_mixture_is_that_of_its_members() -> None:
    """Mean of means; mean of variances and variance of means."""
    both, fresh = fitted(), draw(PART, 40, seed=1)
    means, stds = [], []
    for at in range(2):
        embed, view = both._embeddings[at], both._views[at]
        rows = [part.astype(np.float64) for part in embed(fresh)]
        known = view.coordinates.astype(np.float64), view.norm.astype(np.float64)
        squared = squared_distances(*known, *rows).astype(np.float64)
        gram = squared_distances(*known, *known).astype(np.float64)
        head = view.heads[0]

        def kernel(apart: Array, length: float = head.length) -> Array:
            scaled = np.sqrt(5 * apart) / length
            return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))

        np.fill_diagonal(gram, 0.0)
        solved = np.linalg.solve(kernel(gram) + head.noise * np.eye(len(gram)), kernel(squared))
        archs = draw(PART, 80)
        scaled = (computed(archs) - both._shift[0]) / both._scale[0]
        means.append(solved.T @ scaled)
        stds.append(np.sqrt(head.amplitude * (1 - (kernel(squared) * solved).sum(axis=0))))
    mean = np.mean(means, axis=0) * both._scale[0] + both._shift[0]
    std = np.sqrt(np.mean(np.square(stds), axis=0) + np.var(means, axis=0)) * both._scale[0]
    found = both.predict(fresh)
    assert np.allclose(found[0][:, 0], mean, atol=1e-3)  # distances are of single precision
    assert np.allclose(found[1][:, 0], std, atol=1e-3)


def test_the_better_half_and_some_of_the_rest_are_kept() -> None:
    value = np.array([5.0, 1.0, 9.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0, 0.0])
    kept = _kept(value, 6)
    assert np.array_equal(kept, np.sort(kept))
    # The best three, and of the other seven the first, the middle and the last.
    assert set(value[kept].tolist()) == {9.0, 8.0, 7.0, 6.0, 3.0, 0.0}
    assert _kept(value, 10).tolist() == list(range(10))
    for at_most in range(1, 10):
        assert len(set(_kept(value, at_most).tolist())) == at_most


def test_no_more_than_the_cap_is_learnt() -> None:
    capped = fitted(200, at_most=60)
    archs = draw(PART, 200)
    values = np.stack([computed(archs), written(archs)], axis=1)
    rows = _kept(values[:, 0], 60)
    assert len(capped._views[0].coordinates) == 60
    by_hand = GraphEnsemble(PART, np.random.default_rng(0), at_most=60)
    by_hand.fit(archs[rows], values[rows])
    fresh = draw(PART, 30, seed=1)
    assert np.array_equal(capped.predict(fresh)[0], by_hand.predict(fresh)[0])


def test_a_refit_looks_near_the_last_one() -> None:
    assert _near([4, 6]).tolist() == list(range(4 - NEAR, 6 + NEAR + 1))
    assert _near([0]).tolist() == list(range(NEAR + 1))
    assert _near([len(LENGTHS) - 1])[-1] == len(LENGTHS) - 1
    ensemble = GraphEnsemble(PART, np.random.default_rng(0))
    for n in (FEW, 80):
        archs = draw(PART, n)
        ensemble.fit(archs, np.stack([computed(archs), written(archs)], axis=1))
        before = ensemble._steps
    for n in (100, 120):
        archs = draw(PART, n, seed=n)
        ensemble.fit(archs, np.random.default_rng(n).standard_normal((n, 2)))
        for last, now in zip(before, ensemble._steps, strict=True):
            assert set(now) <= set(_near(last).tolist())
        before = ensemble._steps


@pytest.mark.parametrize("space", [PART, DARTS()], ids=lambda space: str(space.name))
def test_resumed_equals_unbroken(space: SearchSpace) -> None:
    """After several fits: equal predictions, and the next fit is equal as well."""
    whole = GraphEnsemble(space, np.random.default_rng(0))

    def learn(ensemble: GraphEnsemble, n: int) -> None:
        archs = draw(space, n)
        total = archs.choices.sum(axis=1).astype(float)
        ensemble.fit(archs, np.stack([total, archs.choices[:, 0].astype(float)], axis=1))

    for n in (20, 60, 70):
        learn(whole, n)
    resumed = GraphEnsemble(space, np.random.default_rng(5))
    resumed.load_state_dict(through_a_file(whole.state_dict()))
    fresh = draw(space, 50, seed=1)
    for n in (90, 110):
        first, second = whole.predict(fresh), resumed.predict(fresh)
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
        assert whole._steps == resumed._steps
        learn(whole, n)
        learn(resumed, n)
    assert np.array_equal(whole.predict(fresh)[0], resumed.predict(fresh)[0])


def test_states_are_snapshots() -> None:
    ensemble, fresh = fitted(), draw(PART, 20, seed=1)
    before, state = ensemble.predict(fresh)[0], ensemble.state_dict()
    ensemble.load_state_dict(GraphEnsemble(PART, np.random.default_rng(7)).state_dict())
    ensemble.load_state_dict(state)
    assert np.array_equal(ensemble.predict(fresh)[0], before)


def test_states_of_another_ensemble_are_refused() -> None:
    state = fitted().state_dict()
    rng = np.random.default_rng(0)
    lacking = [{k: v for k, v in state.items() if k != name} for name in state]
    for settings, wrong in (
        ({"members": 3}, state),
        ({"width": 32}, state),
        ({"layers": 2}, state),
        *(({}, part) for part in lacking),
        ({}, {**state, "examples": {"space": PART.name}}),
        ({}, {**state, "networks": None}),
    ):
        with pytest.raises(CheckpointError):
            GraphEnsemble(PART, rng, **settings).load_state_dict(wrong)
    with pytest.raises(CheckpointError, match="expected 'nasbench201'"):
        GraphEnsemble(SPACE, rng).load_state_dict(state)


@pytest.mark.parametrize("name", ["members", "width", "at_most"])
def test_settings_are_checked(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} 0"):
        GraphEnsemble(PART, np.random.default_rng(0), **{name: 0})


def test_a_batch_starts_with_the_highest_bound_and_goes_on_elsewhere() -> None:
    ensemble, pool = fitted(30), PART.enumerate()
    mean, std = ensemble.predict(pool)
    chosen = ensemble.choose(pool, 16, upper_bound(20.0))
    bound = mean[:, 0] + 20 * std[:, 0]
    assert bound[chosen[0]] == pytest.approx(bound.max(), rel=1e-6)
    assert len(set(chosen.tolist())) == 16
    highest = np.argsort(-bound)[:16]

    def nearest(rows: npt.NDArray[np.int64]) -> float:
        coordinates, norm = ensemble._embedded(0, pool[rows])
        apart = squared_distances(coordinates, norm, coordinates, norm)
        np.fill_diagonal(apart, np.inf)
        return float(apart.min(axis=1).mean())

    assert nearest(chosen) > 1.2 * nearest(highest)


def test_an_offset_rules_candidates_out() -> None:
    ensemble, pool = fitted(), PART.enumerate()
    offset = np.where(written(pool) <= 4, 0.0, -np.inf)
    chosen = ensemble.choose(pool, 8, upper_bound(2.0), offset)
    assert (written(pool[chosen]) <= 4).all()
    assert len(ensemble.choose(pool[:0], 8, upper_bound(2.0))) == 0
    with pytest.raises(InvalidInput, match="has not been fitted"):
        GraphEnsemble(PART, np.random.default_rng(0)).choose(pool, 8, upper_bound(2.0))


@pytest.mark.parametrize("size", [0.2, 2.0])
def test_noise_is_found(size: float) -> None:
    """Of two outputs the first has none, the second of a known size. Nothing is dead."""
    rng = np.random.default_rng(1)
    archs = SPACE.from_choices(np.unique(rng.integers(1, 5, (200, 6)), axis=0))
    clean = (archs.choices == 3).sum(axis=1) * 5.0
    surrogate = GraphEnsemble(SPACE, rng)
    surrogate.fit(archs, np.stack([clean, clean + rng.normal(0, size, len(archs))], axis=1))
    exact, noisy = np.asarray(surrogate.noise)
    assert exact < 0.1
    assert noisy == pytest.approx(size, rel=0.3)
