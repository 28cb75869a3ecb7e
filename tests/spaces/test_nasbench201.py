from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidArchitecture
from agnet.spaces import NASBench201
from agnet.spaces.nasbench201 import EDGES, OPERATIONS
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


def computed(ops: Sequence[int], image: int) -> int:
    """What a cell makes of a number, if its operations are polynomials modulo a prime."""
    maps = dict(zip(OPERATIONS, ((0, 0), (0, 1), (2, 3), (3, 5), (5, 7)), strict=True))
    tensors = [image, 0, 0, 0]
    for (source, target), op in zip(EDGES, ops, strict=True):
        power, factor = maps[OPERATIONS[op]]
        term = factor * tensors[source] + (tensors[source] ** power if power else 0)
        tensors[target] = (tensors[target] + term) % (2**61 - 1)
    return tensors[3]


def test_cells_share_a_function_key_exactly_if_they_compute_the_same() -> None:
    cells = SPACE.enumerate()
    keys = SPACE.keys(cells, "function").tolist()
    images = (123_456_789, 987_654_321)
    results = [tuple(computed(arch.choices, image) for image in images) for arch in cells]
    assert len(set(keys)) == len(set(results)) == len(set(zip(keys, results, strict=True)))


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


CELL = st.lists(st.integers(0, 4), min_size=6, max_size=6)


@given(CELL, CELL, st.integers(0, 6))
def test_keys_are_equal_exactly_for_equal_texts(one: list[int], two: list[int], cut: int) -> None:
    archs = SPACE.from_choices([one, two, one[:cut] + two[cut:]])
    keys, texts = SPACE.keys(archs).tolist(), [str(arch) for arch in archs]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (keys[i] == keys[j]) == (texts[i] == texts[j])


@given(st.lists(st.integers(-2, 6), min_size=6, max_size=6))
def test_wild_choices_are_cells_or_refused(choices: list[int]) -> None:
    try:
        arch = SPACE.from_choices([choices])[0]
    except InvalidArchitecture:
        assert not set(choices) <= set(range(5))
        return
    assert arch.choices == tuple(choices)
