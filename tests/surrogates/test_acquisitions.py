from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from agnet.surrogates.acquisitions import expected_improvement, upper_bound


@pytest.mark.parametrize("mean", [-3.0, 0.0, 0.7, 4.0])
@pytest.mark.parametrize("std", [0.05, 1.0, 3.0])
@pytest.mark.parametrize("best", [0.0, 1.5])
def test_expected_improvement_equals_numerical_integration(
    mean: float, std: float, best: float
) -> None:
    def gain(value: float) -> float:
        return float((value - best) * norm.pdf(value, mean, std))

    expected, _ = quad(gain, best, max(best, mean) + 10 * std, points=[max(best, mean)])
    found = expected_improvement(np.array([mean]), np.array([std]), best)[0]
    assert found == pytest.approx(expected, abs=1e-9)


def test_upper_bound_by_hand() -> None:
    found = upper_bound(2.0)(np.array([1.0, 2.0]), np.array([1.0, 0.25]), 9.0)
    assert found.tolist() == [3.0, 2.5]
