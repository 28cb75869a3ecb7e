from __future__ import annotations

import numpy as np

from agnet.one_shot.distributions import Distributions
from agnet.spaces import NASBench201


def test_complexities_of_many_multiply_adds_stay_within_0_and_1() -> None:
    """Costs above 2 ** 24 are not all numbers of 32 bits; at the ends of the range it shows."""
    low, span = 16_777_217.0, 33_554_433.0
    made = Distributions(NASBench201(), nets=1, each=2, epochs=1)
    made.priced(np.array([[0.0, 1.0]]), low, span)
    assert made.complexity(np.array([low, low + span])).tolist() == [0.0, 1.0]
