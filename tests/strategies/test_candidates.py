from __future__ import annotations

import numpy as np
import pytest

from agnet.spaces import DARTS, NASBench101, OFAMobileNetV3, SearchSpace
from agnet.strategies.candidates import mutants


@pytest.mark.parametrize(
    "space", [NASBench101(), DARTS(), OFAMobileNetV3()], ids=lambda space: str(space.name)
)
def test_mutants_are_one_to_three_changes_away(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    parents = space.sample(10, rng)
    found = mutants(parents, 30, rng)
    assert len(found) == 30
    assert space.is_valid(found.choices).all()
    near = {key for arch in parents for key in space.keys(space.neighbours(arch)).tolist()}
    hits = sum(key in near for key in space.keys(found).tolist())
    assert 3 <= hits < 30
