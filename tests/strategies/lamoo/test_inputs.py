from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import DARTS, NASBench201, SearchSpace
from agnet.strategies.lamoo.inputs import integer, latent, onehot
from agnet.strategies.pretrained import ready_generator

SPACE = NASBench201()


def test_by_hand() -> None:
    arch = SPACE.from_choices([[0, 1, 2, 3, 4, 4]])
    assert integer(SPACE)(arch).tolist() == [[0.0, 0.25, 0.5, 0.75, 1.0, 1.0]]
    ones = np.flatnonzero(onehot(SPACE)(arch)[0])
    assert ones.tolist() == [0, 6, 12, 18, 24, 29]


@pytest.mark.parametrize("space", [SPACE, DARTS()], ids=lambda space: str(space.name))
def test_shapes(space: SearchSpace) -> None:
    archs = space.sample(7, np.random.default_rng(0))
    sizes = space.choice_sizes
    for encoding, width in ((onehot(space), sum(sizes)), (integer(space), len(sizes))):
        inputs = encoding(archs)
        assert inputs.shape == (7, width) and inputs.dtype == np.float64
        assert inputs.min() >= 0 and inputs.max() == 1


def test_codes_are_those_of_the_generator() -> None:
    generator = ready_generator(SPACE, np.random.default_rng(0))
    archs = SPACE.sample(7, np.random.default_rng(0))
    inputs = latent(generator)(archs)
    assert inputs.dtype == np.float64
    assert inputs.tolist() == generator.encode(archs).tolist()
