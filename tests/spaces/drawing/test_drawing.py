from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from agnet.spaces import (
    DARTS,
    Architecture,
    BlockCells,
    ChoiceSpace,
    NASBench101,
    NASBench201,
    Subset,
    open_space,
)
from agnet.spaces.drawing import draw, svg
from agnet.spaces.drawing._anatomy import Cell, Part, Rows, anatomy, words
from agnet.spaces.drawing._layering import layered
from agnet.spaces.drawing._picture import picture

NAMES = ("nasbench201", "nasbench101", "darts", "blocks", "ofa_mbv3", "elastic-tiny")


def drawn_texts(arch: Architecture) -> list[str]:
    root = ET.fromstring(svg(arch))
    return [item.text or "" for item in root.iter() if item.tag.endswith("text")]


def only_cell(arch: Architecture) -> Cell:
    found = anatomy(arch)
    assert not isinstance(found, Rows)
    (cell,) = found
    return cell


def read(cell: Cell) -> set[tuple[str, str]]:
    return {(cell.parts[u].label, cell.parts[v].label) for u, v in cell.links}


def samples() -> list[Architecture]:
    rng = np.random.default_rng(0)
    return [arch for name in NAMES for arch in open_space(name).sample(3, rng)]


def test_names_of_operations_are_shortened() -> None:
    found = {name: words(name) for name in ("nor_conv_3x3", "conv3x3-bn-relu", "avg_pool_3x3")}
    assert found == {
        "nor_conv_3x3": "conv 3×3",
        "conv3x3-bn-relu": "conv 3×3",
        "avg_pool_3x3": "avg 3×3",
    }
    more = ("maxpool3x3", "sep_conv_5x5", "skip_connect", "conv_1x3_3x1", "k7e6")
    assert [words(name) for name in more] == ["max 3×3", "sep 5×5", "skip", "conv 1×3 3×1", "k7e6"]


def test_a_cell_of_nasbench201_has_its_operations_between_tensors() -> None:
    text = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
    cell = only_cell(NASBench201().parse(text))
    assert [part.label for part in cell.parts] == [
        *("in", "conv 1×1", "1", "avg 3×3", "2", "skip", "conv 3×3", "out")
    ]
    assert cell.links == ((0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (4, 6), (5, 7), (6, 7))
    assert all(part.live for part in cell.parts)


def test_what_leads_nowhere_or_comes_from_nothing_is_dead() -> None:
    text = "|none~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
    cell = only_cell(NASBench201().parse(text))
    live = {part.label: part.live for part in cell.parts}
    assert live == {
        **{"in": True, "skip": True, "out": True},
        **{"conv 3×3": False, "avg 3×3": False, "conv 1×1": False, "1": False, "2": False},
    }
    nothing = only_cell(NASBench201().parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"))
    assert [(part.label, part.live) for part in nothing.parts] == [("in", False), ("out", False)]


def test_a_cell_of_nasbench101_is_its_graph() -> None:
    arch = NASBench101().parse("conv3x3-bn-relu~0+maxpool3x3~0,1+output~1,2")
    assert read(only_cell(arch)) == {
        *(("in", "conv 3×3"), ("in", "max 3×3"), ("conv 3×3", "max 3×3")),
        *(("conv 3×3", "out"), ("max 3×3", "out")),
    }


def test_nodes_of_darts_add_up_two_operations_and_the_output_joins_all() -> None:
    edges = "('sep_conv_3x3', 0), ('skip_connect', 1)"
    rest = (
        "('max_pool_3x3', 1), ('dil_conv_5x5', 2), " * 2
        + "('avg_pool_3x3', 0), ('skip_connect', 4)"
    )
    cell_text = f"[{edges}, {rest}]"
    text = (
        f"Genotype(normal={cell_text}, normal_concat=range(2, 6), reduce={cell_text}, "
        "reduce_concat=range(2, 6))"
    )
    normal, reduction = anatomy(DARTS().parse(text))  # type: ignore[misc]
    assert (normal.title, reduction.title) == ("normal cell", "reduction cell")
    assert normal.parts == reduction.parts and normal.links == reduction.links
    found = read(normal)
    assert {("cell −2", "sep 3×3"), ("cell −1", "skip"), ("0", "dil 5×5")} <= found
    assert {("dil 5×5", "1"), ("dil 5×5", "2"), ("2", "skip"), ("skip", "3")} <= found
    assert {end for end, reader in found if reader == "out"} == {"0", "1", "2", "3"}


def test_unread_blocks_are_joined_and_an_empty_cell_is_the_last_one() -> None:
    space = BlockCells()
    cell = only_cell(space.parse("[(-1,identity,-2,conv_3x3);(0,conv_5x5,-1,conv_1x1)]"))
    assert {end for end, reader in read(cell) if reader == "out"} == {"1"}
    assert ("0", "conv 5×5") in read(cell)
    assert read(only_cell(space.parse("[]"))) == {("cell −1", "out")}


def test_layers_stand_in_a_row_a_stage() -> None:
    text = "r192:k3e6,k5e4:k7e3,k3e3:k3e3,k3e3:k3e3,k3e3:k3e3,k3e3,k7e6"
    arch = open_space("ofa_mbv3").parse(text)
    boxes = {box.part.label: box for box in picture(anatomy(arch)).boxes}
    assert boxes["r192"].y == boxes["k3e6"].y == boxes["k5e4"].y < boxes["k7e3"].y
    assert boxes["out"].y == boxes["k7e6"].y
    assert drawn_texts(arch).count("k3e3") == 7
    assert "stage 5" in drawn_texts(arch)


def test_options_stand_beside_each_other() -> None:
    space = ChoiceSpace.of(width=[8, 16], activation=["relu", "tanh"])
    cell = only_cell(space.parse("width=16,activation=relu"))
    ways = {("in", "width 16"), ("in", "activation relu"), ("width 16", "out")}
    assert read(cell) == ways | {("activation relu", "out")}


def test_a_subset_is_drawn_as_its_whole_space() -> None:
    archs = NASBench201().sample(4, np.random.default_rng(1))
    part = Subset(archs)
    assert svg(part.parse(str(archs[0]))) == svg(archs[0])


@pytest.mark.parametrize("arch", samples(), ids=lambda arch: arch.space.name)
def test_both_renderings_show_every_part_once(arch: Architecture) -> None:
    drawing = picture(anatomy(arch))
    labels = [box.part.label for box in drawing.boxes] + [words.text for words in drawing.words]
    assert sorted(drawn_texts(arch)) == sorted(labels)
    axes = Figure().subplots()
    draw(arch, axes)
    # A frame for each box, a line and a head for each wire, outlines for all words.
    assert len(axes.patches) == len(drawing.boxes) + 2 * len(drawing.wires) + len(labels)


@pytest.mark.parametrize("arch", samples(), ids=lambda arch: arch.space.name)
def test_boxes_do_not_overlap_and_all_is_inside(arch: Architecture) -> None:
    drawing = picture(anatomy(arch))
    boxes = drawing.boxes
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2
            apart_y = abs(one.y - other.y) >= (one.height + other.height) / 2
            assert apart_x or apart_y
        assert one.width / 2 <= one.x <= drawing.size[0] - one.width / 2
        assert one.height / 2 <= one.y <= drawing.size[1] - one.height / 2
    for wire in drawing.wires:
        assert (wire.curves >= 0).all() and (wire.curves <= drawing.size).all()


def test_texts_of_an_svg_are_escaped_and_it_has_a_title_and_no_identifiers() -> None:
    space = BlockCells(operations=("conv_3x3", "b"))
    root = ET.fromstring(svg(space.parse("[(-1,b,-2,conv_3x3)]")))
    names = [item.tag.split("}")[1] for item in root.iter()]
    assert names.count("title") == 1
    assert all("id" not in item.attrib for item in root.iter())
    darts = DARTS().sample(1, np.random.default_rng(0))[0]
    title = next(item for item in ET.fromstring(svg(darts)).iter() if item.tag.endswith("title"))
    assert title.text == str(darts)


def test_columns_follow_the_longest_way_and_links_do_not_cross_needlessly() -> None:
    sizes = np.full((6, 2), 10.0)
    # 0 and 1 feed 3 and 2: drawn in the order of the numbers, the links would cross.
    layout = layered(sizes, [(0, 3), (1, 2), (2, 5), (3, 4), (4, 5), (0, 5)])
    x, y = layout.centres.T
    assert x[0] == x[1] < x[2] == x[3] < x[4] < x[5]
    assert (y[0] < y[1]) == (y[3] < y[2])
    for (source, target), route in zip(
        [(0, 3), (1, 2), (2, 5), (3, 4), (4, 5), (0, 5)], layout.routes, strict=True
    ):
        assert route[0].tolist() == [x[source] + 5, y[source]]
        assert route[-1].tolist() == [x[target] - 5, y[target]]
        assert (np.diff(route[:, 0]) >= 0).all()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    parts = draw(st.integers(1, 9))
    pairs = [(u, v) for v in range(parts) for u in range(v)]
    kept = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    return parts, [pair for pair, keep in zip(pairs, kept, strict=True) if keep]


@given(graphs())
@settings(max_examples=40)
def test_parts_of_any_graph_are_apart_and_its_links_lead_onwards(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    parts, links = graph
    layout = layered(np.full((parts, 2), 10.0), links)
    assert layout.centres.shape == (parts, 2)
    for at in range(parts):
        gaps = np.abs(layout.centres[:at] - layout.centres[at])
        assert (gaps >= 10 - 1e-6).any(axis=1).all()
    for (source, target), route in zip(links, layout.routes, strict=True):
        assert layout.centres[source, 0] < layout.centres[target, 0]
        assert (np.diff(route[:, 0]) >= -1e-9).all()
    assert (layout.centres + 5 <= np.array(layout.size) + 1e-6).all()


def test_parts_have_a_label_that_is_no_formula_to_matplotlib() -> None:
    axes = Figure().subplots()
    odd = Cell("$x$ <b>", (Part("$a_{$", "input"), Part("out", "output")), ((0, 1),))
    assert len(picture([odd]).boxes) == 2
    from agnet.spaces.drawing._rendering import _write

    _write("$a_{$ $", 0.0, 0.0, axes, centred=True)
    assert len(axes.patches) == 1
