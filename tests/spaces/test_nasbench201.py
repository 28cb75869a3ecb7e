from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidArchitecture
from agnet.spaces import NASBench201
from agnet.testing import SpaceContract

SPACE = NASBench201()
BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
    "|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


class TestNASBench201(SpaceContract):
    def space(self) -> NASBench201:
        return SPACE


def test_known_cell_has_its_official_index() -> None:
    assert SPACE.index([SPACE.parse(BEST)]).tolist() == [6111]
    assert str(SPACE.enumerate()[6111]) == BEST


@pytest.mark.parametrize(
    ("level", "classes"), [("text", 15_625), ("skip", 12_751), ("none", 6_466), ("function", 4_930)]
)
def test_published_class_counts(level: str, classes: int) -> None:
    assert len(np.unique(SPACE.keys(SPACE.enumerate(), level))) == classes


def test_functionally_equal_cells_share_a_key() -> None:
    direct = SPACE.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    detour = SPACE.parse("|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|")
    assert len(set(SPACE.keys([direct, detour], "function").tolist())) == 1
    assert len(set(SPACE.keys([direct, detour]).tolist())) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("|none~0|", "1 blocks"),
        (BEST.replace("skip_connect", "skip"), "edge 0>3"),
        (BEST.replace("nor_conv_1x1~2", "nor_conv_1x1~1"), "source '1'"),
        (BEST[:-1], "block 3"),
        (BEST.replace("|nor_conv_3x3~0|+", "nor_conv_3x3~0|+", 1), "block 1"),
    ],
)
def test_error_says_where(text: str, said: str) -> None:
    with pytest.raises(InvalidArchitecture, match=said.replace("|", r"\|")):
        SPACE.parse(text)


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_any_choices_round_trip(choices: list[int]) -> None:
    arch = SPACE.from_choices([choices])[0]
    assert SPACE.parse(str(arch)) == arch
    assert arch.choices == tuple(choices)


@given(st.text(alphabet="|~+0123noreskip_cvaglx ", max_size=120))
def test_wild_text_is_read_or_refused(text: str) -> None:
    try:
        arch = SPACE.parse(text)
    except InvalidArchitecture:
        return
    assert str(arch) == text.strip()
