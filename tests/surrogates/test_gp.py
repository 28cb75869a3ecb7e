from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import (
    DARTS,
    Architectures,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
)
from agnet.surrogates import GaussianProcess, Surrogate
from agnet.surrogates.acquisitions import upper_bound
from agnet.surrogates.gaussian import LENGTHS, NOISES, matern52
from agnet.testing.surrogates import SurrogateContract

SPACE = NASBench201()


class TestGaussianProcess(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return GaussianProcess(space)


class TestGaussianProcessOnDARTS(TestGaussianProcess):
    def space(self) -> SearchSpace:
        return DARTS()

    def values(self, archs: object) -> np.ndarray:
        choices = DARTS().to_choices(archs)  # type: ignore[arg-type]
        convs = (choices.reshape(-1, 8, 3)[:, :, 1:] >= 3).sum(axis=(1, 2)).astype(float)
        return np.stack([convs, convs + 5], axis=1)


class TestGaussianProcessOnChains(TestGaussianProcess):
    def space(self) -> SearchSpace:
        return OFAMobileNetV3()


def problem(n: int = 40) -> tuple[GaussianProcess, np.ndarray]:
    """A fitted process, and the standardised values that it was fitted to."""
    archs = SPACE.sample(n, np.random.default_rng(0))
    raw = (archs.choices == 3).sum(axis=1) + np.random.default_rng(1).normal(0, 0.3, n)
    process = GaussianProcess(SPACE)
    process.fit(archs, raw[:, None])
    return process, (raw - raw.mean()) / raw.std()


def test_posterior_is_that_of_scikit_learn() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    process, values = problem()
    output = process._outputs[0]
    described = process._features.describe(SPACE.enumerate())
    all_codes = described.indicators(described.vocabulary())
    rows = np.concatenate([process._features.weight * all_codes, described.summary], axis=1)
    kernel = ConstantKernel(output.amplitude, "fixed") * Matern(output.length, "fixed", nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=output.amplitude * output.noise, optimizer=None)
    at = SPACE.index(SPACE.sample(40, np.random.default_rng(0)))
    oracle.fit(rows[at], values)
    some = np.arange(0, SPACE.size, 37)
    mean, std = oracle.predict(rows[some], return_std=True)
    ours = process.predict(SPACE.enumerate()[some])
    shift, scale = process._shift[0], process._scale[0]
    assert np.allclose(ours[0][:, 0], mean * scale + shift, atol=1e-6)
    assert np.allclose(ours[1][:, 0], std * scale, atol=1e-4)


def test_no_grid_point_is_likelier_by_the_plain_formula() -> None:
    process, values = problem()
    described = process._features.describe(SPACE.sample(40, np.random.default_rng(0)))
    squared = process._squared_distances(described)
    median = np.sqrt(np.median(squared[squared > 1e-10]))

    def likelihood(length: float, noise: float) -> float:
        kernel = matern52(squared, length) + noise * np.eye(len(values))
        amplitude = values @ np.linalg.solve(kernel, values) / len(values)
        return float(-0.5 * np.linalg.slogdet(amplitude * kernel)[1])

    grid = [(likelihood(length, noise)) for length in LENGTHS * median for noise in NOISES]
    output = process._outputs[0]
    assert likelihood(output.length, output.noise) == pytest.approx(max(grid))


def test_sequences_outside_the_training_set_count_as_distance() -> None:
    process = GaussianProcess(SPACE)
    dead = "|none~0|+|none~0|none~1|+|{}~0|none~1|none~2|"
    known = SPACE.parse(dead.format("skip_connect"))
    process.fit([known, SPACE.parse(dead.format("none"))], np.array([[1.0], [0.0]]))
    new = [SPACE.parse(dead.format(op)) for op in ("nor_conv_1x1", "avg_pool_3x3")]
    squared = process._squared_distances(process._features.describe(new))
    described = process._features.describe([known, *new])
    between = ((described.summary[1:] - described.summary[0]) ** 2).sum(axis=1)
    assert np.allclose(squared[0], between + 2 * process._features.weight**2)


def test_batch_choice_equals_refitting_on_believed_means() -> None:
    """The slow way: condition on each choice at its mean, with the same hyper-parameters."""
    process, values = problem()
    pool = SPACE.sample(300, np.random.default_rng(5))
    train = SPACE.sample(40, np.random.default_rng(0))
    chosen = process.choose(pool, 6, upper_bound(2.0)).tolist()
    output = process._outputs[0]
    described = process._features.describe(pool + train)
    codes = described.indicators(described.vocabulary()) * process._features.weight
    rows = np.concatenate([codes, described.summary], axis=1)
    kernel = matern52(((rows[:, None] - rows) ** 2).sum(axis=2), output.length)
    known, targets = list(range(300, 340)), values.tolist()
    slow: list[int] = []
    for _ in range(6):
        gram = kernel[np.ix_(known, known)] + output.noise * np.eye(len(known))
        cross = kernel[known, :300]
        mean = cross.T @ np.linalg.solve(gram, targets)
        variance = 1 - (cross * np.linalg.solve(gram, cross)).sum(axis=0)
        bound = mean + 2.0 * np.sqrt(output.amplitude * np.maximum(variance, 0))
        bound[slow] = -np.inf
        slow.append(int(bound.argmax()))
        known.append(slow[-1])
        targets.append(mean[slow[-1]])
    assert chosen == slow


def test_a_batch_does_not_exceed_its_candidates() -> None:
    process, _ = problem()
    chosen = process.choose(SPACE.sample(3, np.random.default_rng(2)), 10, upper_bound(2.0))
    assert sorted(chosen.tolist()) == [0, 1, 2]
    assert process.choose(SPACE.batch([]), 4, upper_bound(2.0)).tolist() == []


def test_padded_graphs_are_learnt() -> None:
    space = NASBench101()

    def fan(archs: Architectures) -> np.ndarray:
        return space.encode(archs).adjacency[:, 0].sum(dim=1).double().numpy()

    process = GaussianProcess(space)
    archs = space.sample(50, np.random.default_rng(0))
    process.fit(archs, fan(archs)[:, None])
    fresh = space.sample(200, np.random.default_rng(1))
    assert np.corrcoef(process.predict(fresh)[0][:, 0], fan(fresh))[0, 1] > 0.5


@pytest.mark.parametrize("size", [0.2, 2.0])
def test_noise_is_found(size: float) -> None:
    """Of two outputs the first has none, the second of a known size. Nothing is dead."""
    rng = np.random.default_rng(1)
    archs = SPACE.from_choices(np.unique(rng.integers(1, 5, (200, 6)), axis=0))
    clean = (archs.choices == 3).sum(axis=1) * 5.0
    surrogate = GaussianProcess(SPACE)
    surrogate.fit(archs, np.stack([clean, clean + rng.normal(0, size, len(archs))], axis=1))
    exact, noisy = np.asarray(surrogate.noise)
    assert exact < 0.1
    assert noisy == pytest.approx(size, rel=0.3)
