from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.nasbench101 import FILES, KIND
from agnet.benchmarks.networks.cost import NetworkCost, network_cost
from agnet.benchmarks.networks.nasbench101 import NASBench101Network, _recorded
from agnet.benchmarks.store import data_folder, read_table
from agnet.errors import InvalidInput
from agnet.spaces import NASBench201
from agnet.spaces.nasbench101 import OPERATIONS, NASBench101

SPACE = NASBench101()
C3, C1, POOL = OPERATIONS
MIXED = f"{C3}~0+{C1}~0,1+{POOL}~1+{C3}~3+output~0,2,3,4"
# A cell; parameters of two stacks of one module from 4 channels on, MACs of 8x8 images.
# Fixed: 3 x 9 x 4 + 8 and 8 x 3 + 3 weights; 64 x 108 and 24 multiply-adds.
BY_HAND = [
    # A projection of 4 x 4 + 8, then one of 4 x 8 + 16.
    ("output~0", 143 + 24 + 48, 64 * (108 + 16) + 16 * 32 + 24),
    # The same with 9 x 4 x 4 + 8 and 9 x 8 x 8 + 16.
    (
        f"{C3}~0+output~1",
        143 + 24 + 48 + 152 + 592,
        64 * (108 + 16 + 144) + 16 * (32 + 576) + 24,
    ),
    # A projection to each of two halves and to the whole; 2 and then 4 channels a half.
    (
        f"{C1}~0+{POOL}~0+output~0,1,2",
        143 + 2 * 12 + 24 + 8 + 2 * 24 + 48 + 24,
        64 * (108 + 2 * 8 + 16 + 4) + 16 * (2 * 16 + 32 + 16) + 24,
    ),
]


def network(
    text: str,
    classes: int = 10,
    in_channels: int = 3,
    *,
    stem: int = 128,
    stacks: int = 3,
    modules: int = 3,
    seed: int = 0,
) -> NASBench101Network:
    return NASBench101Network(
        SPACE.parse(text),
        classes,
        in_channels,
        generator=torch.Generator().manual_seed(seed),
        stem=stem,
        stacks=stacks,
        modules=modules,
    )


def images(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def counted(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(("text", "parameters", "macs"), BY_HAND)
def test_parameters_and_macs_by_hand(text: str, parameters: int, macs: int) -> None:
    made = network(text, 3, stem=4, stacks=2, modules=1)
    assert network_cost(made, (3, 8, 8)) == NetworkCost(parameters, macs)


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("5v", 25),
        ("subset", 120),
        pytest.param("5v", 1, marks=pytest.mark.slow),
        pytest.param("subset", 1, marks=pytest.mark.slow),
    ],
)
def test_recorded_parameters(name: str, step: int) -> None:
    table, _ = read_table(data_folder() / FILES[name], KIND)
    everything = SPACE.enumerate()
    cells, recorded = table["cells"][::step], table["params"][::step].tolist()
    assert len(cells) > 100
    generator = torch.Generator()
    for arch, parameters in zip(everything[cells], recorded, strict=True):
        with torch.device("meta"):
            made = NASBench101Network(arch, generator=generator)
        assert counted(made) == parameters, str(arch)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (f"{C3}~0+{C3}~0+{C3}~1+output~1,2,3", 3_692_990),
        (f"{C3}~0+{C3}~0+{C1}~1+output~1,2,3", 2_773_430),
        (f"{C3}~0+{C1}~0+{C3}~1+output~1,2,3", 2_783_654),
    ],
)
def test_recorded_parameters_that_depend_on_the_order(text: str, parameters: int) -> None:
    """A third of 128 channels is 43, 43 or 42."""
    assert counted(network(text)) == parameters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output~0", [8]),
        (f"{C3}~0+{C1}~1+output~0,2", [8, 8, 8]),
        (f"{C3}~0+{C1}~0+{POOL}~0+output~1,2,3", [3, 3, 2, 8]),
        (f"{C3}~0+{C1}~1+{C1}~1+{C1}~1+output~2,3,4", [3, 3, 3, 2, 8]),
        (f"{C3}~0+{C1}~1+output~1,2", [4, 4, 8]),
    ],
)
def test_channels_by_hand(text: str, expected: list[int]) -> None:
    """Of vertices that the output reads, and of one that only others read."""
    assert _recorded(SPACE.parse(text)).channels(8) == expected


def test_order_is_that_of_the_first_among_all_graphs() -> None:
    """The oracle goes through all graphs of five vertices, edges first, as bits, then operations.

    Only those of which nothing can be pruned count.
    """
    bits = np.arange(1 << 10)[:, None, None]
    u, v = np.arange(5)[:, None], np.arange(5)
    matrices = np.where(u < v, bits >> (u + v * (v - 1) // 2) & 1, 0)
    into, out = matrices.sum(axis=1), matrices.sum(axis=2)
    full = (into[:, 1:].min(axis=1) > 0) & (out[:, :-1].min(axis=1) > 0) & (into.sum(axis=1) < 10)
    labels = np.array(list(product((1, 2, 3), repeat=3)))
    graphs = np.repeat(matrices[full], len(labels), axis=0)
    ops = np.tile(labels, (int(full.sum()), 1))
    cells = SPACE.from_matrices(graphs, ops)
    numbers, first = np.unique(SPACE.index(cells), return_index=True)
    assert len(numbers) == 2_532 - 91
    for at in first[::7].tolist():
        found = _recorded(cells[at])
        expected = tuple(tuple(np.flatnonzero(graphs[at][:, v]).tolist()) for v in range(5))
        assert found.sources == expected
        assert found.ops == tuple(OPERATIONS[op - 1] for op in ops[at].tolist())


def slow_module(module: nn.Module, text: str, x: torch.Tensor, outputs: int) -> torch.Tensor:
    """The oracle: the vertices as the text has them, in evaluation, with the weights of a module.

    The text must be in the order of the table.
    """
    state = module.state_dict()
    vertices = [vertex.split("~") for vertex in text.split("+")]
    sources = [[], *([int(one) for one in given.split(",")] for _, given in vertices)]
    last = len(vertices)
    read = [v for v in range(1, last) if v in sources[last]]
    widths = {last: outputs}
    for v in range(last - 1, 0, -1):
        if v in read:
            widths[v] = len(range(outputs)[read.index(v) :: len(read)])
        else:
            widths[v] = max(widths[w] for w in range(v + 1, last) if v in sources[w])

    def conv_bn_relu(value: torch.Tensor, name: str, kernel: int, width: int) -> torch.Tensor:
        weight = state[f"{name}.0.weight"]
        assert weight.shape == (width, value.shape[1], kernel, kernel)
        mean, var, scale, shift = (
            state[f"{name}.1.{one}"][:, None, None]
            for one in ("running_mean", "running_var", "weight", "bias")
        )
        made = F.conv2d(value, weight, padding=kernel // 2)
        return torch.relu((made - mean) / (var + 1e-5).sqrt() * scale + shift)

    values = [x]
    for v in range(1, last):
        total = torch.zeros(1)
        for source in sources[v]:
            if source == 0:
                total = total + conv_bn_relu(x, f"_projections.{v}", 1, widths[v])
            else:
                total = total + values[source][:, : widths[v]]
        if vertices[v - 1][0] == POOL:
            padded = F.pad(total, [1, 1, 1, 1], value=-torch.inf)
            values.append(padded.unfold(2, 3, 1).unfold(3, 3, 1).amax(dim=(4, 5)))
        else:
            kernel = 3 if vertices[v - 1][0] == C3 else 1
            values.append(conv_bn_relu(total, f"_ops.{v - 1}", kernel, widths[v]))
    made = torch.cat([values[v] for v in read], dim=1) if read else torch.zeros(1)
    if 0 in sources[last]:
        made = made + conv_bn_relu(x, f"_projections.{last}", 1, outputs)
    return made


def shaken(module: nn.Module) -> nn.Module:
    """Gives normalisations weights and statistics that show, as after a training."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for one in module.modules():
            if isinstance(one, nn.BatchNorm2d):
                one.weight.uniform_(0.5, 2, generator=generator)
                one.bias.uniform_(0, 1, generator=generator)
                for name in ("running_mean", "running_var"):
                    one.get_buffer(name).uniform_(0.5, 2, generator=generator)
    return module.eval()


def in_order(text: str) -> str:
    cell = _recorded(SPACE.parse(text))
    read = [",".join(map(str, sources)) for sources in cell.sources[1:]]
    return "+".join(f"{op}~{one}" for op, one in zip([*cell.ops, "output"], read, strict=True))


@pytest.mark.parametrize(
    "text", ["output~0", MIXED, *map(str, SPACE.sample(20, np.random.default_rng(0)))]
)
@pytest.mark.parametrize("outputs", [5, 14])
def test_a_module_equals_one_written_out(text: str, outputs: int) -> None:
    module = shaken(network(text, stem=outputs, stacks=1, modules=1)._body[1])
    x = images(2, outputs, 5, 4)
    assert torch.allclose(module(x), slow_module(module, in_order(text), x, outputs), atol=1e-5)


def test_a_network_is_its_modules_in_a_row() -> None:
    made = shaken(network(MIXED, 4, 2, stem=6, stacks=2, modules=2))
    features, text = made.get_submodule("_body"), in_order(MIXED)
    assert isinstance(features, nn.Sequential)
    stem, first, second, _, third, fourth = features
    x = images(2, 2, 8, 6)
    found = made(x)
    x = stem(x)
    for module in (first, second):
        x = slow_module(module, text, x, 6)
    x = x.reshape(2, 6, 4, 2, 3, 2).amax(dim=(3, 5))
    for module in (third, fourth):
        x = slow_module(module, text, x, 12)
    weight = made.get_parameter("_classifier.weight")
    assert torch.allclose(found, x.mean(dim=(2, 3)) @ weight.mT, atol=1e-4)


def test_the_stem_convolves_normalises_and_activates() -> None:
    made = network("output~0", stem=4, stacks=1, modules=1)
    convolution, norm, _ = made._body[0].children()
    x = images(2, 3, 5, 5)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.eps == 1e-5
    assert norm.momentum == pytest.approx(0.003)
    expected = F.conv2d(x, convolution.get_parameter("weight"), padding=1)
    mean, var = expected.mean(dim=(0, 2, 3)), expected.var(dim=(0, 2, 3), unbiased=False)
    expected = (expected - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
    assert torch.allclose(made._body[0](x), expected.clamp(min=0), atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 3)])
def test_any_size_channels_and_classes(size: tuple[int, int]) -> None:
    scores = network(MIXED, 4, 2, stem=6, modules=1)(images(3, 2, *size))
    assert scores.shape == (3, 4)
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("text", [MIXED, *map(str, SPACE.sample(5, np.random.default_rng(1)))])
def test_gradients_reach_every_weight(text: str) -> None:
    made = network(text, stem=8, stacks=2, modules=1)
    made(images(8, 3, 8, 8)).square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_weights_follow_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    states = [network(MIXED, stem=4, modules=1, seed=seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    differ = {name for name in states[0] if not torch.equal(states[0][name], states[2][name])}
    assert differ == {name for name, value in states[0].items() if value.ndim > 1}
    fresh = nn.BatchNorm2d(4).state_dict()
    assert all(torch.equal(states[0][f"_body.0.1.{name}"], fresh[name]) for name in fresh)


def test_a_network_without_numbers_leaves_the_generator_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    with torch.device("meta"):
        made = NASBench101Network(SPACE.parse(MIXED), generator=generator)
    assert all(weight.is_meta for weight in made.parameters())
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("setting", ["num_classes", "in_channels", "stem", "stacks", "modules"])
def test_what_cannot_be_built_is_refused(setting: str) -> None:
    settings = {setting: 0}
    with pytest.raises(InvalidInput, match="expected (a whole number >= 1|at least one each)"):
        NASBench101Network(SPACE.parse("output~0"), generator=torch.Generator(), **settings)


def test_too_few_channels_to_divide_are_refused() -> None:
    with pytest.raises(InvalidInput, match="2 channels to divide among 3 vertices"):
        network(MIXED, stem=2)


def test_a_cell_of_another_space_is_refused() -> None:
    arch = NASBench201().sample(1, np.random.default_rng(0))[0]
    with pytest.raises(InvalidInput, match="expected one of nasbench101"):
        NASBench101Network(arch, generator=torch.Generator())


def test_cells_of_a_smaller_space_are_the_same() -> None:
    text = f"{C3}~0+{C3}~0+{C1}~1+output~1,2,3"
    assert _recorded(NASBench101(5).parse(text)) == _recorded(SPACE.parse(text))
