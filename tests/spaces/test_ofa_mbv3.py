from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import Architecture, GraphBatch
from agnet.spaces.ofa_mbv3 import NODE_TYPES, SIZES, OFAMobileNetV3, layer_codes
from agnet.testing import SpaceContract

SPACE = OFAMobileNetV3()
TEXT = "r160:k3e6,k5e4:k7e3,k3e3,k5e6:k3e3,k3e3,k3e4,k7e6:k3e3,k3e3:k5e4,k5e4,k5e4"


def uniform(kernel: int, expand: int, depth: int, resolution: int = 224) -> str:
    stage = ",".join([f"k{kernel}e{expand}"] * depth)
    return f"r{resolution}:{':'.join([stage] * 5)}"


class TestOFAMobileNetV3(SpaceContract):
    def space(self) -> OFAMobileNetV3:
        return SPACE


class TestWiderOFAMobileNetV3(SpaceContract):
    samples = 40

    def space(self) -> OFAMobileNetV3:
        return OFAMobileNetV3(width_multiplier=1.2)


def test_size_is_exact() -> None:
    assert SPACE.size == 4 * 7371**5 == 87_034_621_970_289_943_404


def test_the_two_supernets_are_different_spaces() -> None:
    wide = OFAMobileNetV3(1.2)
    assert (SPACE.name, wide.name) == ("ofa_mbv3", "ofa_mbv3-w1.2")
    with pytest.raises(InvalidInput, match=r"expected ofa_mbv3-w1\.2"):
        wide.keys(SPACE.sample(2, np.random.default_rng(0)))
    with pytest.raises(InvalidInput, match=r"1\.1"):
        OFAMobileNetV3(1.1)


# Measured with torch on networks built for the purpose, 1000 classes, 224 pixels.
@pytest.mark.parametrize(
    ("width", "kernel", "expand", "depth", "params", "macs"),
    [
        (1.0, 7, 6, 4, 7_664_760, 566_170_656),
        (1.0, 7, 3, 4, 4_554_328, 292_708_368),
        (1.0, 5, 4, 3, 4_551_792, 250_746_944),
        (1.0, 3, 6, 2, 4_672_808, 222_604_704),
        (1.0, 3, 3, 2, 3_410_792, 121_278_672),
        (1.2, 7, 6, 4, 10_701_632, 843_101_040),
        (1.2, 5, 4, 3, 6_245_312, 385_659_168),
        (1.2, 3, 3, 2, 4_602_456, 193_078_200),
    ],
)
def test_known_costs(
    width: float, kernel: int, expand: int, depth: int, params: int, macs: int
) -> None:
    space = OFAMobileNetV3(width)
    arch = space.parse(uniform(kernel, expand, depth))
    assert space.params([arch]).tolist() == [params]
    assert space.macs([arch]).tolist() == [macs]


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = eighths(channels // 4)
        self.down, self.up = nn.Conv2d(channels, middle, 1), nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(gate)


def eighths(value: float) -> int:
    near = max(8, int(value + 4) // 8 * 8)
    return near + 8 if near < 0.9 * value else near


def conv(a: int, b: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    layer = nn.Conv2d(a, b, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(b), nn.Hardswish()]


def network(arch: Architecture, width: float, classes: int) -> tuple[nn.Sequential, int]:
    """The plain network that an architecture stands for, from its text, and its resolution."""
    head, *stages = str(arch).split(":")
    channels = eighths(16 * width)
    layers = conv(3, channels, 3, 2) + conv(channels, channels, 3, groups=channels)
    layers += conv(channels, channels)
    shapes = [(24, 2, False), (40, 2, True), (80, 2, False), (112, 1, True), (160, 2, True)]
    for (base, first_stride, squeeze), stage in zip(shapes, stages, strict=True):
        out = eighths(base * width)
        for i, layer in enumerate(stage.split(",")):
            kernel, expand = int(layer[1]), int(layer[3])
            middle = eighths(channels * expand)
            stride = first_stride if i == 0 else 1
            layers += conv(channels, middle)
            layers += conv(middle, middle, kernel, stride, middle)
            layers += [SqueezeExcite(middle)] if squeeze else []
            layers += conv(middle, out)
            channels = out
    wide, features = eighths(960 * width), eighths(1280 * width)
    layers += [*conv(channels, wide), nn.AdaptiveAvgPool2d(1)]
    layers += [nn.Conv2d(wide, features, 1, bias=False), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(features, classes)), int(head[1:])


@pytest.mark.parametrize(
    ("width", "classes", "seed"), [(1.0, 1000, 0), (1.0, 10, 1), (1.2, 100, 2)]
)
def test_costs_equal_those_of_a_real_network(width: float, classes: int, seed: int) -> None:
    space = OFAMobileNetV3(width)
    shallow = space.from_choices([[seed, 0, 1, 2, 0, 1, *[1 + seed] * 40]])
    archs = space.sample(1, np.random.default_rng(seed)) + shallow
    params, macs = [], []
    for arch in archs:
        with torch.device("meta"):  # shapes only: nothing is computed
            net, resolution = network(arch, width, classes)
            counter = FlopCounterMode(display=False)
            with counter:
                net.eval()(torch.empty(1, 3, resolution, resolution))
        params.append(sum(weights.numel() for weights in net.parameters()))
        macs.append(counter.get_total_flops() // 2)
    assert space.params(archs, classes).tolist() == params
    assert space.macs(archs, classes).tolist() == macs


def test_choices_of_a_worked_case() -> None:
    arch = SPACE.parse(TEXT)
    resolution, depths, layers = (
        arch.choices[0],
        arch.choices[1:6],
        np.reshape(arch.choices[6:], (2, 5, 4)),
    )
    assert resolution == 1
    assert depths == (0, 1, 2, 0, 1)
    assert layers[0].tolist() == [
        [1, 2, 0, 0],
        [3, 1, 2, 0],
        [1, 1, 1, 3],
        [1, 1, 0, 0],
        [2, 2, 2, 0],
    ]
    assert layers[1].tolist() == [
        [3, 2, 0, 0],
        [1, 1, 3, 0],
        [1, 1, 2, 3],
        [1, 1, 0, 0],
        [2, 2, 2, 0],
    ]
    assert str(arch) == TEXT


def as_json(arch: Architecture, **changes: Any) -> str:
    choices = np.array(arch.choices)
    kernels = np.array([7, 3, 5, 7])[choices[6:26]]  # absent layers have a value there
    expands = np.array([6, 3, 4, 6])[choices[26:]]
    given = {
        "ks": kernels.tolist(),
        "e": expands.tolist(),
        "d": (choices[1:6] + 2).tolist(),
        "r": int((128, 160, 192, 224)[choices[0]]),
    }
    return json.dumps(given | changes)


def test_json_of_the_ofa_tools_is_read() -> None:
    for arch in SPACE.sample(20, np.random.default_rng(0)):
        assert SPACE.parse(as_json(arch)) == arch
    arch = SPACE.parse(TEXT)
    assert SPACE.parse(as_json(arch, wid=None, r=[160])) == arch


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("r160", "r144"), "'r144' as resolution"),
        (TEXT.replace("k7e3", "k7e5"), "'k7e5' as layer 1 of stage 2"),
        (TEXT.replace("k3e6,k5e4:", "k3e6:"), "1 layer(s) in stage 1"),
        (TEXT.replace("k7e6", "k7e6,k3e3"), "5 layer(s) in stage 3"),
        (TEXT + ":k3e3,k3e3", "6 stages"),
        (TEXT.replace(",", ", "), "layer 2 of stage 1"),
        ("{", "no JSON object"),
        ('{"a":' * 100_000, "no JSON object"),
        ("{}", "expected ks, e, d and r"),
        (as_json(SPACE.parse(TEXT), w=1.0), "expected ks, e, d and r"),
        (as_json(SPACE.parse(TEXT), wid=0), "expected ks, e, d and r"),
        (as_json(SPACE.parse(TEXT), d=[2, 2, 2, 2]), "5 numbers as d"),
        (as_json(SPACE.parse(TEXT), d=[2, 2, 5, 2, 2]), "5 as depth of stage 3"),
        (as_json(SPACE.parse(TEXT), ks=[3] * 4 + [4] * 16), "4 as kernel of layer 1 of stage 2"),
        (as_json(SPACE.parse(TEXT), e=["3"] * 20), "'3' as expansion of layer 1 of stage 1"),
        (as_json(SPACE.parse(TEXT), ks=3), "20 numbers as ks"),
        (as_json(SPACE.parse(TEXT), r=[]), "[] as resolution"),
    ],
)
def test_error_says_where(text: str, said: str) -> None:
    with pytest.raises(InvalidArchitecture) as raised:
        SPACE.parse(text)
    assert said in str(raised.value)


def test_every_architecture_is_equally_likely() -> None:
    choices = SPACE.sample(40_000, np.random.default_rng(0)).choices
    share = np.bincount(choices[:, 1:6].ravel(), minlength=3) / choices[:, 1:6].size
    assert share == pytest.approx(np.array([81, 729, 6561]) / 7371, abs=2e-3)
    assert np.bincount(choices[:, 0]) / len(choices) == pytest.approx(0.25, abs=0.01)
    codes = layer_codes(choices).reshape(-1, 5, 4)
    for layer in range(4):
        counts = np.bincount(codes[:, :, layer].ravel(), minlength=10)[1:]
        assert counts / counts.sum() == pytest.approx(1 / 9, abs=0.003)
    # Within the 81 settings of a stage of depth 2 as well.
    pairs = codes[choices[:, 1:6] == 0][:, :2]
    assert len(np.unique(pairs, axis=0)) == 81
    assert not codes[choices[:, 1:6] == 0][:, 2:].any()


def test_keys_tell_the_farthest_slots_apart() -> None:
    first = SPACE.parse(uniform(7, 6, 4))
    others = SPACE.neighbours(first) + SPACE.batch([first])
    keys = SPACE.keys(others)
    assert len(np.unique(keys)) == len(others)
    assert np.isin(keys, SPACE.keys([first])).sum() == 1
    assert keys.dtype == np.concatenate([keys, SPACE.keys([])]).dtype


def test_keys_work_with_numpy_set_functions() -> None:
    archs = SPACE.sample(50, np.random.default_rng(1))
    keys = SPACE.keys(archs[np.array([4, 3, 4, 0])])
    values, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    assert sorted(first.tolist()) == [0, 1, 3]
    assert (values[inverse] == keys).all()
    assert np.isin(SPACE.keys(archs), keys).nonzero()[0].tolist() == [0, 3, 4]


def test_neighbours_of_a_worked_case() -> None:
    arch = SPACE.parse(TEXT)
    near = [str(other) for other in SPACE.neighbours(arch)]
    # Resolutions, kernels and expansions of 14 layers, four stages that grow, three that shrink.
    assert len(near) == 3 + 14 * 4 + 4 * 9 + 3
    assert TEXT.replace("r160", "r128") in near
    assert TEXT.replace("k7e3,k3e3,k5e6", "k7e3,k3e3") in near
    options = [f"k{kernel}e{expand}" for kernel in (3, 5, 7) for expand in (3, 4, 6)]
    assert {TEXT.replace("k5e4:k7", f"k5e4,{option}:k7") for option in options} <= set(near)


def test_mutation_reaches_every_neighbour() -> None:
    arch = SPACE.parse(TEXT)
    mutants = SPACE.mutate(SPACE.batch([arch] * 6000), np.random.default_rng(0))
    assert {str(other) for other in SPACE.neighbours(arch)} == {str(mutant) for mutant in mutants}


def test_crossover_takes_everything_from_a_parent() -> None:
    rng = np.random.default_rng(0)
    first, second = SPACE.sample(200, rng), SPACE.sample(200, rng)
    child = SPACE.crossover(first, second, rng).choices
    inherited = (child == first.choices) | (child == second.choices) | (child == 0)
    assert inherited.all()
    assert (
        (child[:, 1:6] == first.choices[:, 1:6]) | (child[:, 1:6] == second.choices[:, 1:6])
    ).all()


def test_values_of_absent_layers_do_not_count() -> None:
    raw = np.tile(np.array([0, 0, 0, 0, 0, 0, *[2] * 40], dtype=np.int64), (3, 1))
    raw[1, 8], raw[2, 8] = -7, 99  # kernel of layer 3 of stage 1
    archs = SPACE.from_choices(raw)
    assert len({str(arch) for arch in archs}) == 1
    assert archs.choices[0, 6:26].reshape(5, 4).tolist() == [[2, 2, 0, 0]] * 5
    raw[1, 1] = 1  # now the layer exists
    assert SPACE.is_valid(raw).tolist() == [True, False, True]


def test_graph_of_a_worked_case() -> None:
    arch = SPACE.parse(TEXT)
    graphs = SPACE.encode([arch])
    present = graphs.mask[0].nonzero().flatten().tolist()
    assert present == [0, 1, 2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 19, 21]
    names = [NODE_TYPES[int(graphs.ops[0, slot])] for slot in present]
    assert names == ["input-160", *TEXT[5:].replace(":", ",").split(","), "output"]
    edges = [tuple(edge) for edge in graphs.adjacency[0].nonzero().tolist()]
    assert edges == list(zip(present, present[1:], strict=False))


def test_damaged_graphs_are_refused() -> None:
    graphs = SPACE.encode(SPACE.batch([SPACE.parse(TEXT)] * 2))
    for slot, op in ((0, 4), (21, 5), (1, 4), (1, 14), (1, -1), (3, 5)):
        ops = graphs.ops.clone()
        ops[1, slot] = op
        with pytest.raises(InvalidArchitecture, match="graph 1"):
            SPACE.decode(GraphBatch(ops, graphs.adjacency, graphs.mask))
    for u, v in ((0, 1), (0, 2), (2, 3), (19, 21)):
        adjacency = graphs.adjacency.clone()
        adjacency[1, u, v] ^= True
        with pytest.raises(InvalidArchitecture, match="graph 1"):
            SPACE.decode(GraphBatch(graphs.ops, adjacency, graphs.mask))
    for slot in (0, 1, 2, 4, 21):
        mask = graphs.mask.clone()
        mask[1, slot] ^= True
        with pytest.raises(InvalidArchitecture, match="graph 1"):
            SPACE.decode(GraphBatch(graphs.ops, graphs.adjacency, mask))
    with pytest.raises(InvalidArchitecture, match="5 node slots"):
        SPACE.decode(GraphBatch(graphs.ops[:, :5], graphs.adjacency[:, :5, :5], graphs.mask[:, :5]))


RAW = st.tuples(*[st.integers(0, size - 1) for size in SIZES[:6]], *[st.integers(1, 3)] * 40)


@given(RAW)
def test_any_choices_round_trip(choices: tuple[int, ...]) -> None:
    arch = SPACE.from_choices([choices])[0]
    assert SPACE.canonical(np.array([arch.choices])).tolist() == [list(arch.choices)]
    assert SPACE.parse(str(arch)) == arch == SPACE.parse(as_json(arch))
    assert SPACE.decode(SPACE.encode([arch]))[0] == arch


@given(RAW, RAW)
def test_keys_are_equal_exactly_for_equal_texts(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    mixed = (*two[:6], *one[6:])
    archs = SPACE.from_choices([one, two, mixed])
    keys, texts = SPACE.keys(archs), [str(arch) for arch in archs]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (keys[i] == keys[j]) == (texts[i] == texts[j])


@given(st.lists(st.integers(-1, 5), min_size=46, max_size=46))
def test_wild_choices_are_canonical_or_refused(choices: list[int]) -> None:
    try:
        arch = SPACE.from_choices([choices])[0]
    except InvalidArchitecture:
        return
    assert SPACE.parse(str(arch)) == arch


@given(st.integers(0, len(TEXT)), st.integers(0, 8), st.text(alphabet="rke:,34567{}", max_size=8))
def test_damaged_text_is_read_or_refused(at: int, cut: int, put: str) -> None:
    text = TEXT[:at] + put + TEXT[at + cut :]
    try:
        arch = SPACE.parse(text)
    except InvalidArchitecture:
        return
    assert str(arch) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["ks", "e", "d", "r", "wid", "x"]), JSON))
def test_wild_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    try:
        arch = SPACE.parse(as_json(SPACE.parse(TEXT), **changes))
    except InvalidArchitecture:
        return
    assert SPACE.parse(str(arch)) == arch


def test_empty_batches_are_fine() -> None:
    nothing, rng = SPACE.batch([]), np.random.default_rng(0)
    assert len(SPACE.keys(nothing)) == 0
    assert SPACE.decode(SPACE.encode(nothing)) == nothing
    assert SPACE.mutate(nothing, rng) == SPACE.crossover(nothing, nothing, rng) == nothing
    assert SPACE.params(nothing).shape == SPACE.macs(nothing).shape == (0,)
