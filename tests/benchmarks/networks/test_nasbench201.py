from __future__ import annotations

from copy import deepcopy
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks._nasbench201_cost import CLASSES, RESOLUTION, macs, parameters
from agnet.benchmarks.networks.cost import network_cost
from agnet.benchmarks.networks.nasbench201 import NASBench201Network, planned
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, NASBench201
from agnet.spaces.nasbench101 import NASBench101
from agnet.spaces.nasbench201 import OPERATIONS

SPACE = NASBench201()
EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
NONE, SKIP, CONV1, CONV3, POOL = range(5)
CONVOLUTIONS = (CONV1, CONV3)
CELLS = 5
# Cells with operations that the output does not depend on, or depends on through a bias alone.
DEAD_ENDS = [
    (NONE, NONE, NONE, NONE, NONE, NONE),
    (CONV3, NONE, NONE, NONE, NONE, NONE),
    (CONV3, CONV1, NONE, POOL, NONE, NONE),
    (NONE, SKIP, CONV3, NONE, CONV1, CONV3),
    (NONE, NONE, CONV3, NONE, POOL, CONV3),
    (NONE, NONE, CONV1, NONE, SKIP, POOL),
    (NONE, CONV1, POOL, SKIP, SKIP, NONE),
    (CONV1, NONE, NONE, NONE, CONV3, CONV3),
]


def network(
    ops: tuple[int, ...],
    classes: int = 10,
    in_channels: int = 3,
    *,
    channels: int = 16,
    cells: int = CELLS,
    seed: int = 0,
) -> NASBench201Network:
    return NASBench201Network(
        Architecture(SPACE, ops),
        classes,
        in_channels,
        generator=torch.Generator().manual_seed(seed),
        channels=channels,
        cells=cells,
    )


def without_numbers(
    ops: tuple[int, ...], classes: int = 10, cells: int = CELLS
) -> NASBench201Network:
    with torch.device("meta"):
        return network(ops, classes, cells=cells)


def images(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def counted(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def of_one_cell(costs: npt.NDArray[np.int64], skeleton: npt.NDArray[np.int64]) -> list[int]:
    """What a stage of one cell makes of the published costs."""
    cells, rest = np.divmod(costs - skeleton, CELLS)
    assert not rest.any()
    found: list[int] = (skeleton + cells).tolist()
    return found


def computed(ops: tuple[int, ...]) -> tuple[int, ...]:
    """The oracle: the cell without convolutions that need not be computed.

    A convolution is computed if something reaches it and something leads from it to the output.
    """

    def is_zero(tensor: int) -> bool:
        into = [(edge[0], op) for edge, op in zip(EDGES, ops, strict=True) if edge[1] == tensor]
        return tensor > 0 and all(
            op == NONE or (op not in CONVOLUTIONS and is_zero(source)) for source, op in into
        )

    def leads_on(tensor: int) -> bool:
        out = [(edge[1], op) for edge, op in zip(EDGES, ops, strict=True) if edge[0] == tensor]
        return tensor == 3 or any(op != NONE and leads_on(target) for target, op in out)

    return tuple(
        op if op in CONVOLUTIONS and not is_zero(source) and leads_on(target) else NONE
        for (source, target), op in zip(EDGES, ops, strict=True)
    )


def slow_cell(cell: nn.Module, ops: tuple[int, ...], x: torch.Tensor) -> torch.Tensor:
    """The oracle: every edge is computed, as the benchmark does, with the weights of a cell."""
    tensors = [x, torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)]
    edges = cell.get_submodule("_edges")
    for edge, ((source, target), op) in enumerate(zip(EDGES, ops, strict=True)):
        read = tensors[source]
        if op == SKIP:
            made = read
        elif op == POOL:
            inside = F.avg_pool2d(torch.ones_like(read), 3, 1, 1)
            made = F.avg_pool2d(read, 3, 1, 1) / inside
        elif op == NONE:
            made = torch.zeros_like(read)
        else:
            weight = edges.get_parameter(f"{edge}.1.weight")
            kernel = {CONV1: 1, CONV3: 3}[op]
            assert weight.shape == (x.shape[1], x.shape[1], kernel, kernel)
            made = F.batch_norm(
                F.conv2d(read.clamp(min=0), weight, padding=kernel // 2),
                edges.get_buffer(f"{edge}.2.running_mean"),
                edges.get_buffer(f"{edge}.2.running_var"),
                edges.get_parameter(f"{edge}.2.weight"),
                edges.get_parameter(f"{edge}.2.bias"),
                training=cell.training,
                momentum=0.1,
                eps=1e-5,
            )
        tensors[target] = tensors[target] + made
    return tensors[3]


def shaken(module: nn.Module) -> nn.Module:
    """Gives normalisations weights that show, as after a training."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for one in module.modules():
            if isinstance(one, nn.BatchNorm2d):
                one.weight.uniform_(0.5, 2, generator=generator)
                one.bias.uniform_(-1, 1, generator=generator)
    return module


@pytest.mark.parametrize("dataset", CLASSES)
def test_published_parameters_and_macs_of_random_cells(dataset: str) -> None:
    """The table counts the bias of the classifier as multiply-adds; ``network_cost`` does not."""
    cells = SPACE.sample(4, np.random.default_rng(3)).choices
    classes, image = CLASSES[dataset], (3, RESOLUTION[dataset], RESOLUTION[dataset])
    kept = np.array([computed(tuple(row)) for row in cells.tolist()])
    for row, weights, multiplied in zip(
        cells.tolist(), parameters(cells, dataset), macs(kept, dataset), strict=True
    ):
        cost = network_cost(without_numbers(tuple(row), classes), image)
        assert (cost.parameters, cost.macs + classes) == (weights, multiplied)


def test_published_macs_are_those_of_a_cell_without_dead_ends() -> None:
    cells = np.array([[CONV3, SKIP, CONV1, POOL, CONV3, CONV1]])
    cost = network_cost(network(tuple(cells[0].tolist())), (3, 32, 32))
    assert cost.macs + 10 == macs(cells, "cifar10")[0]


def test_published_parameters_of_every_choice_of_operations() -> None:
    """The count does not depend on which edge has which operation: 210 choices of six."""
    cells = np.array(list(combinations_with_replacement(range(5), 6)))
    skeleton = parameters(np.zeros((1, 6), dtype=np.int16), "cifar10")
    expected = of_one_cell(parameters(cells, "cifar10"), skeleton)
    shuffled = np.random.default_rng(0).permuted(cells, axis=1).tolist()
    assert [counted(without_numbers(tuple(row), cells=1)) for row in shuffled] == expected


@pytest.mark.slow
def test_published_parameters_of_all_cells() -> None:
    cells = SPACE.enumerate().choices
    expected = np.stack([parameters(cells, dataset) for dataset in CLASSES], axis=1).tolist()
    for row, weights in zip(cells.tolist(), expected, strict=True):
        made = without_numbers(tuple(row))
        for classes, one in zip(CLASSES.values(), weights, strict=True):
            made._classifier = nn.Linear(64, classes, device="meta")
            assert counted(made) == one


@pytest.mark.slow
def test_published_macs_of_all_cells() -> None:
    """With one cell a stage in place of five; of cells that compute the same, one is built.

    That they do, and what, is the next test's.
    """
    cells = SPACE.enumerate().choices
    kept = np.array([computed(tuple(row)) for row in cells.tolist()])
    skeleton = macs(np.zeros((1, 6), dtype=np.int16), "cifar10")
    expected = of_one_cell(macs(kept, "cifar10"), skeleton)
    _, first, same = np.unique(kept, axis=0, return_index=True, return_inverse=True)
    built = [without_numbers(tuple(cells[at].tolist()), cells=1) for at in first]
    counts = np.array([network_cost(one, (3, 32, 32)).macs + 10 for one in built])
    assert (counts[same.ravel()] == expected).all()
    assert len(expected) == 15_625


def test_which_convolutions_are_computed_in_all_cells() -> None:
    for row in SPACE.enumerate().choices.tolist():
        plan = planned(tuple(OPERATIONS[op] for op in row))
        made = {0, *(target for target, _ in plan)}
        found = [NONE] * 6
        for target, terms in plan:
            for edge, source in terms:
                assert EDGES[edge] == (source, target)
                if row[edge] in CONVOLUTIONS and source in made:
                    found[edge] = row[edge]
        assert tuple(found) == computed(tuple(row))


def test_dead_ends_cost_nothing_but_keep_their_weights() -> None:
    """Tensor 1 is made and leads nowhere; tensor 2 is made of nothing but a constant."""
    bare = network_cost(network((NONE,) * 6, cells=1), (3, 32, 32))
    for ops in ((CONV1, NONE, NONE, NONE, NONE, NONE), (NONE, NONE, CONV1, NONE, NONE, SKIP)):
        cost = network_cost(network(ops, cells=1), (3, 32, 32))
        assert cost.macs == bare.macs
        assert cost.parameters - bare.parameters == sum(c * c + 2 * c for c in (16, 32, 64))


@pytest.mark.parametrize(
    "ops",
    [*DEAD_ENDS, *map(tuple, SPACE.sample(24, np.random.default_rng(1)).choices.tolist())],
    ids=str,
)
def test_a_cell_equals_one_of_which_every_edge_is_computed(ops: tuple[int, ...]) -> None:
    """While it is trained, and afterwards with the statistics of the training."""
    cell = shaken(network(ops, channels=3, cells=1)._body[2]).double()
    slow = deepcopy(cell)
    for _ in range(2):
        x = images(4, 3, 5, 4).double()
        assert torch.allclose(cell(x), slow_cell(slow, ops, x), atol=1e-10)
    x = images(2, 3, 4, 4).double()
    assert torch.allclose(cell.eval()(x), slow_cell(slow.eval(), ops, x), atol=1e-10)


def test_a_network_equals_one_written_out() -> None:
    """Two cells a stage, in evaluation; one convolution a cell, beside a skip."""
    ops = (NONE, NONE, NONE, CONV3, SKIP, NONE)
    made = shaken(network(ops, 4, 2, channels=3, cells=2)).eval()
    state = made.state_dict()
    at = {name.removeprefix("_body."): value for name, value in state.items()}

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        scale = at[f"{name}.weight"] / (at[f"{name}.running_var"] + 1e-5).sqrt()
        shift = at[f"{name}.bias"] - at[f"{name}.running_mean"] * scale
        made: torch.Tensor = x * scale[:, None, None] + shift[:, None, None]
        return made

    x = images(2, 2, 8, 12)
    found = made(x)
    x = norm(F.conv2d(x, at["0.weight"], padding=1), "1")
    layer = 2
    for stage in range(3):
        if stage:
            inner = F.conv2d(x.relu(), at[f"{layer}._residual.0.1.weight"], stride=2, padding=1)
            inner = norm(inner, f"{layer}._residual.0.2").relu()
            inner = F.conv2d(inner, at[f"{layer}._residual.1.1.weight"], padding=1)
            quarter = (x[..., ::2, :] + x[..., 1::2, :]) / 2
            quarter = (quarter[..., ::2] + quarter[..., 1::2]) / 2
            short = F.conv2d(quarter, at[f"{layer}._shortcut.1.weight"])
            x, layer = norm(inner, f"{layer}._residual.1.2") + short, layer + 1
        for _ in range(2):
            name = f"{layer}._edges.3"
            x = norm(F.conv2d(x.relu(), at[f"{name}.1.weight"], padding=1), f"{name}.2")
            layer += 1
    x = norm(x, str(layer)).relu().mean(dim=(2, 3))
    scores = x @ state["_classifier.weight"].mT + state["_classifier.bias"]
    assert torch.allclose(found, scores, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 3)])
def test_any_size_channels_and_classes(size: tuple[int, int]) -> None:
    made = network((CONV3, POOL, CONV1, SKIP, CONV1, POOL), 4, 2, channels=5, cells=1)
    scores = made(images(3, 2, *size))
    assert scores.shape == (3, 4)
    assert torch.isfinite(scores).all()


def test_gradients_reach_every_weight() -> None:
    made = network((CONV3, POOL, CONV1, SKIP, CONV1, CONV3), channels=4, cells=2)
    made(images(4, 3, 8, 8)).square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_gradients_reach_no_dead_end_but_the_bias_that_is_left_of_it() -> None:
    """The edge 0>1 leads nowhere, and 2>3 reads zeros."""
    made = network((CONV3, NONE, NONE, SKIP, NONE, CONV1), channels=4, cells=1)
    made(images(4, 3, 8, 8)).square().sum().backward()
    reached = {
        name.partition("_edges.")[2]
        for name, parameter in made.named_parameters()
        if "_edges" in name and parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    assert reached == {"5.2.bias"}


def test_weights_follow_from_the_generator_alone() -> None:
    ops = (CONV3, POOL, CONV1, SKIP, CONV1, CONV3)
    before = torch.get_rng_state()
    states = [network(ops, channels=2, cells=1, seed=seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    differ = {name for name in states[0] if not torch.equal(states[0][name], states[2][name])}
    drawn = {name for name, value in states[0].items() if value.ndim > 1}
    assert differ == drawn | {"_classifier.bias"}
    fresh = nn.BatchNorm2d(2).state_dict()
    assert all(torch.equal(states[0][f"_body.1.{name}"], fresh[name]) for name in fresh)


def test_a_network_without_numbers_leaves_the_generator_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    with torch.device("meta"):
        made = NASBench201Network(Architecture(SPACE, DEAD_ENDS[-1]), generator=generator)
    assert all(weight.is_meta for weight in made.parameters())
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("setting", ["num_classes", "in_channels", "channels", "cells"])
def test_what_cannot_be_built_is_refused(setting: str) -> None:
    arch, generator = Architecture(SPACE, DEAD_ENDS[0]), torch.Generator()
    settings: dict[str, Any] = {setting: 0}
    with pytest.raises(InvalidInput, match="expected (a whole number >= 1|at least one each)"):
        NASBench201Network(arch, generator=generator, **settings)


def test_weights_are_drawn_as_those_of_the_records_were() -> None:
    """By torch's own way, which is compared with what torch makes; or he-uniform."""
    arch = Architecture(SPACE, DEAD_ENDS[0])
    made = NASBench201Network(arch, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for own in made.modules():
            if isinstance(own, (nn.Conv2d, nn.Linear)) and own.weight.numel() > 2000:
                theirs = deepcopy(own)
                theirs.reset_parameters()
                assert own.weight.abs().max() <= theirs.weight.abs().max() * 1.02
                assert torch.isclose(own.weight.std(), theirs.weight.std(), rtol=0.05)
    (bias,) = [own.bias for own in made.modules() if isinstance(own, nn.Linear)]
    assert 0 < bias.abs().max() <= 1 / 8
    larger = NASBench201Network(arch, generator=torch.Generator().manual_seed(0), weights="he")
    ratio = first_weights(larger).std() / first_weights(made).std()
    assert torch.isclose(ratio, torch.tensor(6.0).sqrt(), rtol=0.1)
    with pytest.raises(InvalidInput, match="'wild'"):
        NASBench201Network(arch, generator=torch.Generator(), weights="wild")  # type: ignore[arg-type]


def first_weights(network: nn.Module) -> torch.Tensor:
    return next(own.weight for own in network.modules() if isinstance(own, nn.Conv2d))


def test_a_cell_of_another_space_is_refused() -> None:
    arch = NASBench101().parse("output~0")
    with pytest.raises(InvalidInput, match="expected one of nasbench201"):
        NASBench201Network(arch, generator=torch.Generator())
