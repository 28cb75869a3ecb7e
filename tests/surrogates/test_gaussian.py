from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import lognorm

from agnet.surrogates.acquisitions import upper_bound
from agnet.surrogates.gaussian import (
    LENGTHS,
    NOISES,
    Belief,
    Head,
    choose_batch,
    fit_heads,
    log_normal,
    matern52,
    posterior,
    variance,
)

Array = npt.NDArray[np.float64]
BOUND = upper_bound(2.0)


def points(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, 3))


def squared(first: Array, second: Array) -> Array:
    return np.asarray(((first[:, None] - second) ** 2).sum(axis=2))


def values(at: Array) -> Array:
    """Two outputs: a smooth one with little noise, and one with much."""
    noise = np.random.default_rng(1).standard_normal((len(at), 2)) * [0.1, 1.0]
    raw = np.stack([np.sin(2 * at[:, 0]) + at[:, 1], at[:, 2]], axis=1) + noise
    return np.asarray((raw - raw.mean(axis=0)) / raw.std(axis=0))


def learnt(n: int = 30) -> tuple[Array, Array, list[Head]]:
    at = points(n, 0)
    return at, values(at), fit_heads(squared(at, at), values(at))


def belief_of(head: Head, at: Array, pool: Array) -> Belief:
    return Belief(head, squared(at, pool), pool, (pool**2).sum(axis=1))


def exact(head: Head, at: Array, target: Array, pool: Array) -> tuple[Array, Array]:
    """Mean and variance by the dense formulas (RW eq. 2.23 and 2.24)."""
    gram = matern52(squared(at, at), head.length) + head.noise * np.eye(len(at))
    cross = matern52(squared(at, pool), head.length)
    solved = np.linalg.solve(gram, cross)
    return solved.T @ target, head.amplitude * (1 - (cross * solved).sum(axis=0))


def log_marginal(target: Array, kernel: Array) -> float:
    """RW eq. 2.30, term by term."""
    n = len(target)
    fit = target @ np.linalg.solve(kernel, target)
    return float(-0.5 * (fit + np.linalg.slogdet(kernel)[1] + n * np.log(2 * np.pi)))


def test_kernel_by_hand() -> None:
    # sqrt(5) * 2 / 2 = 2.2360680: (1 + 2.2360680 + 5 / 3) * exp(-2.2360680)
    assert matern52(np.array([4.0]), 2.0)[0] == pytest.approx(0.5239941)
    assert matern52(np.array([0.0]), 2.0)[0] == 1.0


@pytest.mark.parametrize("m", [0, 1])
def test_no_grid_point_is_likelier_by_the_plain_formula(m: int) -> None:
    at, target, heads = learnt()
    distances = squared(at, at)
    median = np.sqrt(np.median(distances[distances > 1e-10]))
    unit = np.eye(len(at))
    found: dict[tuple[int, float], float] = {}
    for step, length in enumerate(LENGTHS * median):
        for noise in NOISES:
            kernel = matern52(distances, length) + noise * unit
            amplitude = target[:, m] @ np.linalg.solve(kernel, target[:, m]) / len(at)
            found[step, noise] = log_marginal(target[:, m], amplitude * kernel)
    head = heads[m]
    best = max(found, key=lambda key: found[key])
    assert (head.step, head.noise) == best
    assert head.length == pytest.approx(LENGTHS[best[0]] * median)
    # Up to a constant: n/2 (1 + log 2 pi) at the best amplitude.
    constant = len(at) / 2 * (1 + np.log(2 * np.pi))
    assert head.likelihood == pytest.approx(found[best] + constant)


def test_no_other_amplitude_is_likelier() -> None:
    at, target, heads = learnt()
    for m, head in enumerate(heads):
        kernel = matern52(squared(at, at), head.length) + head.noise * np.eye(len(at))
        at_best = log_marginal(target[:, m], head.amplitude * kernel)
        for factor in (0.9, 1.1):
            assert log_marginal(target[:, m], factor * head.amplitude * kernel) < at_best


def test_noise_is_found() -> None:
    _, _, (quiet, loud) = learnt()
    assert quiet.noise < 0.1 < loud.noise


def test_only_the_steps_asked_for_are_tried() -> None:
    at, target, heads = learnt()
    steps = np.array([2, 3])
    for head, free in zip(fit_heads(squared(at, at), target, steps), heads, strict=True):
        assert head.step in (2, 3)
        assert head.likelihood <= free.likelihood
    own = np.array([heads[0].step])
    again = fit_heads(squared(at, at), target[:, :1], own)[0]
    assert again.likelihood == heads[0].likelihood
    assert np.array_equal(again.weights, heads[0].weights)


def test_a_prior_decides_where_examples_do_not() -> None:
    """Ten values of pure noise fit any length; many of a smooth function fit one, whatever."""
    at, few = points(40, 0), np.random.default_rng(5).standard_normal((10, 1))
    belief = log_normal(1.5, 0.1)
    likeliest = int(belief.argmax())
    assert abs(np.log(LENGTHS[likeliest] / 1.5)) == np.abs(np.log(LENGTHS / 1.5)).min()
    plain, (head,) = (
        fit_heads(squared(at[:10], at[:10]), few)[0],
        fit_heads(squared(at[:10], at[:10]), few, prior=belief),
    )
    assert head.step == likeliest != plain.step
    weak = log_normal(1.5, 50.0)
    for with_prior, without in zip(
        fit_heads(squared(at, at), values(at), prior=weak), learnt(40)[2], strict=True
    ):
        assert with_prior.step == without.step
        assert with_prior.likelihood == pytest.approx(without.likelihood + weak[without.step])


def test_the_prior_is_log_normal() -> None:
    found = log_normal(2.0, 0.5)
    assert found == pytest.approx(
        lognorm.logpdf(LENGTHS, 0.5, scale=2.0)
        + np.log(LENGTHS)
        - (lognorm.logpdf(2.0, 0.5, scale=2.0) + np.log(2.0))
    )


def test_outputs_do_not_disturb_each_other() -> None:
    at, target, heads = learnt()
    for m, head in enumerate(heads):
        alone = fit_heads(squared(at, at), target[:, [m]])[0]
        assert (alone.step, alone.noise) == (head.step, head.noise)
        assert np.allclose(alone.weights, head.weights)


def test_one_example_and_equal_ones_are_learnt() -> None:
    for n in (1, 5):
        head = fit_heads(np.zeros((n, n)), np.zeros((n, 1)))[0]
        mean, whitened = posterior(head, np.ones((n, 2)))
        assert mean.tolist() == [0.0, 0.0]
        assert np.isfinite(variance(whitened)).all()


def test_posterior_is_that_of_the_dense_formula() -> None:
    at, target, heads = learnt()
    pool = points(50, 2)
    for m, head in enumerate(heads):
        mean, spread = exact(head, at, target[:, m], pool)
        ours, whitened = posterior(head, squared(at, pool))
        assert np.allclose(ours, mean)
        assert np.allclose(head.amplitude * variance(whitened), spread)
        assert np.allclose(head.known, exact(head, at, target[:, m], at)[0])


def test_posterior_is_that_of_scikit_learn() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    at, target, heads = learnt()
    pool = points(50, 2)
    for m, head in enumerate(heads):
        kernel = ConstantKernel(head.amplitude, "fixed") * Matern(head.length, "fixed", nu=2.5)
        noise = head.amplitude * head.noise
        oracle = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)
        mean, std = oracle.fit(at, target[:, m]).predict(pool, return_std=True)
        ours, whitened = posterior(head, squared(at, pool))
        assert np.allclose(ours, mean)
        assert np.allclose(np.sqrt(head.amplitude * variance(whitened)), std)


def test_taking_equals_refitting_on_the_believed_means() -> None:
    at, target, heads = learnt()
    pool = points(40, 2)
    head, column = heads[0], target[:, 0]
    belief = belief_of(head, at, pool)
    start = belief.mean.copy()
    for took in (3, 17, 3, 30):  # one of them twice
        belief.take(took)
        at = np.concatenate([at, pool[took : took + 1]])
        column = np.append(column, start[took])
        mean, spread = exact(head, at, column, pool)
        assert np.array_equal(belief.mean, start)
        assert np.allclose(mean, start)
        assert np.allclose(belief.variance, spread)


def test_a_batch_is_the_slow_one() -> None:
    at, target, heads = learnt()
    pool = points(60, 2)
    beliefs = [belief_of(head, at, pool) for head in heads]
    fast = choose_batch(beliefs, 6, BOUND, 0.0, None).tolist()
    slow: list[int] = []
    columns = [target[:, 0], target[:, 1]]
    for _ in range(6):
        pairs = [exact(head, at, column, pool) for head, column in zip(heads, columns, strict=True)]
        means, spreads = (np.stack(part) for part in zip(*pairs, strict=True))
        bound = means.mean(axis=0) + 2 * np.sqrt(spreads.mean(axis=0) + means.var(axis=0))
        bound[slow] = -np.inf
        slow.append(int(bound.argmax()))
        at = np.concatenate([at, pool[slow[-1:]]])
        columns = [
            np.append(column, mean[slow[-1]]) for column, mean in zip(columns, means, strict=True)
        ]
    assert fast == slow


def test_a_batch_spreads_out() -> None:
    at, _, heads = learnt()
    pool = np.repeat(points(8, 2), 2, axis=0)  # each candidate twice, both equally promising
    chosen = choose_batch([belief_of(heads[0], at, pool)], 5, upper_bound(50.0), 0.0, None)
    assert len(set((chosen // 2).tolist())) == 5


def test_one_belief_twice_is_the_same_as_once() -> None:
    at, _, heads = learnt()
    pool = points(60, 2)
    once = choose_batch([belief_of(heads[0], at, pool)], 8, BOUND, 0.0, None)
    twice = choose_batch([belief_of(heads[0], at, pool) for _ in range(2)], 8, BOUND, 0.0, None)
    assert once.tolist() == twice.tolist()


def test_several_acquisitions_take_turns() -> None:
    """A meek and a bold one: the first choice is that of the one, the second of the other."""
    at, _, heads = learnt()
    pool = points(60, 2)
    meek, bold = upper_bound(0.0), upper_bound(50.0)
    both = choose_batch([belief_of(heads[0], at, pool)], 2, (meek, bold), 0.0, None)
    alone = choose_batch([belief_of(heads[0], at, pool)], 1, meek, 0.0, None)
    assert both[0] == alone[0]
    belief = belief_of(heads[0], at, pool)
    belief.take(int(both[0]))
    mean, std = belief.mean.astype(np.float64), np.sqrt(belief.variance).astype(np.float64)
    scores = bold(mean, std, 0.0)
    scores[both[0]] = -np.inf
    assert both[1] == scores.argmax()


def test_the_offset_is_added() -> None:
    at, _, heads = learnt()
    pool = points(60, 2)
    free = choose_batch([belief_of(heads[0], at, pool)], 4, BOUND, 0.0, None)
    offset = np.zeros(60)
    offset[free[0]], offset[41] = -np.inf, 100.0
    before = offset.copy()
    chosen = choose_batch([belief_of(heads[0], at, pool)], 4, BOUND, 0.0, offset)
    assert chosen[0] == 41
    assert chosen[1] == free[1]  # the next best but the one that is ruled out
    assert np.array_equal(offset, before)
    level = choose_batch([belief_of(heads[0], at, pool)], 4, BOUND, 0.0, np.full(60, -7.0))
    assert level.tolist() == free.tolist()


def test_what_is_ruled_out_is_not_chosen_for_want_of_others() -> None:
    at, _, heads = learnt()
    pool = points(10, 2)
    offset = np.full(10, -np.inf)
    offset[[2, 5]] = 0.0
    chosen = choose_batch([belief_of(heads[0], at, pool)], 6, BOUND, 0.0, offset)
    assert sorted(chosen.tolist()) == [2, 5]


def test_the_best_known_mean_reaches_the_acquisition() -> None:
    at, _, heads = learnt()
    seen: list[float] = []

    def noting(mean: Array, std: Array, best: float) -> Array:
        seen.append(best)
        return mean

    pool = points(20, 2)
    chosen = choose_batch([belief_of(heads[0], at, pool)], 3, noting, 1.5, None)
    assert seen == [1.5] * 3
    order = np.argsort(-belief_of(heads[0], at, pool).mean)
    assert chosen.tolist() == order[:3].tolist()
