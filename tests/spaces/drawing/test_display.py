"""What notebooks show of spaces and architectures."""

from __future__ import annotations

import pytest

from agnet.spaces import DARTS, NASBench201, SearchSpace, Subset, open_space
from agnet.spaces.drawing import batch_shown
from tests.test_markup import Reader

SPACE = NASBench201()
TEXT = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"


def drawings(found: Reader) -> int:
    return [tag for tag, _ in found.tags].count("svg")


def test_an_architecture_is_drawn_with_its_text() -> None:
    found = Reader(SPACE.parse(TEXT)._repr_html_())
    assert TEXT in found.text
    assert drawings(found) == 1


@pytest.mark.parametrize(
    ("rows", "drawn", "said"),
    [
        (0, 0, "0 architectures of nasbench201"),
        (1, 1, "1 architecture of nasbench201"),
        (3, 3, "3 architectures of nasbench201"),
        (5, 3, "5 architectures of nasbench201, of which 3 are drawn"),
    ],
)
def test_the_first_few_of_a_batch_are_drawn(rows: int, drawn: int, said: str) -> None:
    archs = SPACE.enumerate()[:rows]
    found = Reader(archs._repr_html_())
    assert said in found.text
    assert drawings(found) == drawn
    assert all(str(arch) in found.text for arch in archs[:drawn])


@pytest.mark.parametrize("name", ["nasbench201", "darts", "ofa_mbv3", "elastic-tiny", "blocks"])
def test_a_space_is_shown_by_one_of_its_architectures(name: str) -> None:
    """The same each time it is looked at."""
    space: SearchSpace = open_space(name)
    found = Reader(space._repr_html_())
    assert space.name in found.text and drawings(found) == 1
    assert space._repr_html_() == space._repr_html_()


def test_sizes_are_exact_while_they_can_be_read() -> None:
    assert "15,625 architectures" in Reader(SPACE._repr_html_()).text
    power = len(str(DARTS().size)) - 1
    assert f"more than 10^{power} arch" in Reader(DARTS()._repr_html_()).text


def test_names_are_harmless() -> None:
    class Wicked(Subset):  # type: ignore[misc]
        name = "<script>alert(1)</script>"

    space = Wicked(SPACE.enumerate()[:5])
    for shown in (space._repr_html_(), batch_shown(space.enumerate())):
        assert "<script>" not in shown
        assert "<script>" in Reader(shown).text
