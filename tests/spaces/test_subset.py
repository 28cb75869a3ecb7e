from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import DARTS, NASBench201, OFAMobileNetV3, Subset
from agnet.testing import SpaceContract

WHOLE = NASBench201()


def members(n: int = 9_000) -> Subset:
    rows = np.random.default_rng(0).permutation(WHOLE.size)[:n]
    return Subset(WHOLE.enumerate()[rows])


class TestSubset(SpaceContract):
    """So dense that every member has neighbours and every mutation finds one."""

    def space(self) -> Subset:
        return members()


def test_moves_from_a_lonely_member_stay_inside() -> None:
    space = members(4)
    archs = space.enumerate()
    rng = np.random.default_rng(0)
    assert {len(space.neighbours(arch)) for arch in archs} == {0}
    mutants = space.mutate(archs, rng)
    assert space.is_valid(mutants.choices).all()
    assert (space.index(mutants) != space.index(archs)).all()
    children = space.crossover(archs, archs[::-1], rng)
    assert space.is_valid(children.choices).all()


def test_order_and_text_are_those_of_the_list() -> None:
    space = members(50)
    for i, arch in enumerate(space.enumerate()):
        assert space.index([space.parse(str(arch))]).tolist() == [i]
    outside = next(arch for arch in WHOLE.enumerate() if not space.is_valid([arch.choices])[0])
    with pytest.raises(InvalidArchitecture, match="none of the 50"):
        space.parse(str(outside))
    with pytest.raises(InvalidInput, match="nasbench201-subset50"):
        space.keys([outside])


@pytest.mark.parametrize("whole", [DARTS(), OFAMobileNetV3()], ids=lambda space: str(space.name))
def test_a_part_of_a_huge_space_can_be_listed(whole: DARTS | OFAMobileNetV3) -> None:
    space = Subset(whole.sample(30, np.random.default_rng(0)))
    everything = space.enumerate()
    assert space.index(everything).tolist() == list(range(30))
    assert space.decode(space.encode(everything)) == everything
    with pytest.raises(InvalidArchitecture):
        space.from_choices(whole.sample(3, np.random.default_rng(1)).choices)


def test_nothing_or_one_twice_is_no_subset() -> None:
    archs = WHOLE.enumerate()
    for wrong in (archs[:0], archs[:3] + archs[:1]):
        with pytest.raises(InvalidInput, match="at least one, each once"):
            Subset(wrong)
    alone = Subset(archs[:1])
    assert alone.mutate(alone.enumerate(), np.random.default_rng(0)) == alone.enumerate()
