from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from agnet.generators import ascend
from agnet.strategies.guidance import fit_score


def codes(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def truth(z: torch.Tensor) -> npt.NDArray[np.float64]:
    """Smooth, and far from zero on average."""
    values = 50 + z[:, 0].sin() + z[:, 1] - 0.2 * z[:, 2].square()
    return values.double().numpy()


def test_it_fits_a_smooth_function_where_codes_are() -> None:
    z, fresh = codes(1500), codes(300, seed=1)
    score = fit_score(z, truth(z), np.random.default_rng(0))
    predicted = score(fresh).numpy()
    assert predicted.shape == (300,)
    assert np.corrcoef(predicted, truth(fresh))[0, 1] > 0.95
    assert predicted.mean() == pytest.approx(truth(fresh).mean(), abs=0.2)


def test_its_gradient_is_that_of_finite_differences() -> None:
    z = codes(400)
    score = fit_score(z, truth(z), np.random.default_rng(0))
    at = codes(5, seed=2).requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(at).sum(), at)
    step = 1e-2
    for dimension in range(4):
        shift = torch.zeros(4)
        shift[dimension] = step
        with torch.no_grad():
            slope = (score(at + shift) - score(at - shift)) / (2 * step)
        assert torch.allclose(gradient[:, dimension], slope, atol=2e-2)


def test_ascent_raises_score_and_truth() -> None:
    z, start = codes(1500), codes(50, seed=1)
    score = fit_score(z, truth(z), np.random.default_rng(0))
    moved = ascend(start, score, steps=20, prior=0.02)
    with torch.no_grad():
        assert bool((score(moved) >= score(start) - 1e-3).float().mean() > 0.9)
    gained = truth(moved) - truth(start)
    assert gained.mean() > 0.5
    assert (gained > 0).mean() > 0.9


def test_same_stream_same_score() -> None:
    z, fresh = codes(200), codes(50, seed=1)
    first, again, other = (
        fit_score(z, truth(z), np.random.default_rng(seed))(fresh) for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("n", [1, 2])
def test_few_or_equal_codes_are_fitted(n: int) -> None:
    z = torch.ones(n, 4)
    score = fit_score(z, np.full(n, 3.0), np.random.default_rng(0))
    assert torch.allclose(score(z), torch.full((n,), 3.0))
    assert bool(score(codes(5)).isfinite().all())
