from __future__ import annotations

from math import ceil

import numpy as np
import pytest
import torch

from agnet.benchmarks.networks import (
    BlockMacro,
    BlockNetwork,
    NetworkCost,
    block_cost,
    network_cost,
)
from agnet.benchmarks.networks.block_layout import lay_out
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, BlockCells, NASBench201

SPACE = BlockCells()
# A cell, motifs, normal cells, filters, channels of the image; parameters, MACs of 8x8 images.
BY_HAND = [
    # Classifier alone: 3 x 3 weights and 3 biases.
    ("[]", 3, 2, 24, 3, 12, 9),
    # 36 + 8 and 4 + 8; 288 + 16 and 32 + 16 at stride 2; 576 + 16 and nothing; 24 + 3.
    ("[(-1,conv_3x3,-1,identity)]", 2, 1, 4, 1, 1_027, 64 * 40 + 16 * 320 + 16 * 576 + 24),
    # Cells 0 and 2 only: twice 4 + 8; a look-back that is not halved yet, 32 + 16; 24 + 3.
    ("[(-2,identity,-2,identity)]", 2, 1, 4, 1, 99, 64 * 8 + 16 * 32 + 24),
    # Twice 4 + 4, joined by 8 + 4; 6 + 3.
    ("[(-1,conv_1x1,-1,conv_1x1);(-1,identity,-1,identity)]", 1, 1, 2, 2, 37, 64 * 16 + 6),
    # 18, 8 + 8; 24 + 8, 48 + 8; in the second block nothing; 12 + 3.
    (
        "[(-1,sep_conv_3x3,-1,conv_1x3_3x1);(0,max_pool_2x2,0,identity)]",
        1,
        1,
        4,
        2,
        137,
        64 * 98 + 12,
    ),
]


def network(
    arch: Architecture, macro: BlockMacro, channels: int = 3, classes: int = 10, seed: int = 0
) -> BlockNetwork:
    return BlockNetwork(arch, macro, channels, classes, torch.Generator().manual_seed(seed))


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: str(case[0]))
def test_parameters_and_macs_by_hand(case: tuple[str, int, int, int, int, int, int]) -> None:
    text, motifs, cells, filters, channels, parameters, macs = case
    arch, macro = SPACE.parse(text), BlockMacro(motifs, cells, filters)
    made = network(arch, macro, channels, classes=3)
    image = (channels, 8, 8)
    assert block_cost(arch, macro, image, 3) == NetworkCost(parameters, macs)
    assert network_cost(made, image) == NetworkCost(parameters, macs)


@pytest.mark.parametrize("lookbacks", [1, 2, 3])
@pytest.mark.parametrize(
    ("macro", "side"),
    [
        (BlockMacro(3, 1, 4), (8, 8)),
        (BlockMacro(3, 0, 3), (7, 9)),
        (BlockMacro(1, 2, 5), (5, 5)),
        (BlockMacro(2, 2, 2), (1, 3)),
    ],
)
def test_random_cells_have_the_right_shapes_costs_and_gradients(
    lookbacks: int, macro: BlockMacro, side: tuple[int, int]
) -> None:
    space = BlockCells(4, lookbacks)
    for arch in space.sample(4, np.random.default_rng(lookbacks)):
        made = network(arch, macro)
        scores = made(images(3, 3, *side))
        assert scores.shape == (3, 10)
        scores.square().sum().backward()
        for name, parameter in made.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
        assert block_cost(arch, macro, (3, *side), 10) == network_cost(made, (3, *side))


def test_gradients_reach_every_weight_of_a_cell_with_every_operation() -> None:
    for first, second in zip(SPACE.operations[::2], SPACE.operations[1::2], strict=True):
        arch = SPACE.parse(f"[(-1,{first},-2,{second});(0,{second},-1,{first})]")
        made = network(arch, BlockMacro(2, 1, 4))
        made(images(4, 3, 8, 8)).square().sum().backward()
        for parameter in made.parameters():
            assert parameter.grad is not None
            assert parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("nearest", [1, 2])
@pytest.mark.parametrize(("motifs", "cells"), [(3, 2), (2, 1), (2, 0), (1, 4), (4, 3)])
def test_only_every_nearest_cell_is_built(nearest: int, motifs: int, cells: int) -> None:
    macro = BlockMacro(motifs, cells, 2)
    built = lay_out(SPACE.parse(f"[(-{nearest},identity,-{nearest},conv_3x3)]"), macro, 3)
    depth = motifs * (cells + 1) - 1
    assert [cell.at for cell in built] == list(range(depth))[::-1][::nearest][::-1]
    assert len(built) == ceil(depth / nearest)


def test_eight_cells_of_which_four_are_built() -> None:
    built = lay_out(SPACE.parse("[(-2,identity,-2,identity)]"), BlockMacro(3, 2, 24), 3)
    assert [cell.at for cell in built] == [1, 3, 5, 7]
    assert [cell.filters for cell in built] == [24, 48, 96, 96]
    # The image; a cell before a reduction, which is passed over; one in the same motif; and the
    # reduction itself.
    assert [len(cell.sources[0].layers) for cell in built] == [0, 1, 0, 0]


def test_further_lookbacks_are_built_too() -> None:
    space = BlockCells(2, 3)
    built = lay_out(space.parse("[(-2,identity,-3,identity)]"), BlockMacro(3, 2, 4), 3)
    assert [cell.at for cell in built] == [0, 1, 2, 3, 4, 5, 7]


def test_resolution_and_filters_of_each_cell() -> None:
    arch = SPACE.parse("[(-1,conv_3x3,-2,max_pool_2x2)]")
    made, found = network(arch, BlockMacro(3, 1, 4)), []
    for cell in made._cells:
        cell.register_forward_hook(lambda _, __, out: found.append(tuple(out.shape[1:])))
    made(images(2, 3, 7, 8))
    assert found == [(4, 7, 8), (8, 4, 4), (8, 4, 4), (16, 2, 2), (16, 2, 2)]


def test_the_empty_cell_is_a_linear_classifier_of_mean_colours() -> None:
    made, batch = network(SPACE.parse("[]"), BlockMacro()), images(2, 3, 8, 8)
    weight, bias = made.parameters()
    assert torch.allclose(made(batch), batch.mean(dim=(2, 3)) @ weight.mT + bias)


def test_a_network_computed_by_hand() -> None:
    """One cell, two blocks, of which the second reads the first; nothing changes the channels."""
    text = "[(-1,identity,-1,max_pool_2x2);(0,identity,-1,avg_pool_2x2)]"
    made = network(SPACE.parse(text), BlockMacro(1, 1, 1), channels=1, classes=2)
    image = torch.tensor([[[[1.0, 2.0], [3.0, 8.0]]]])
    # Windows of 2x2 from each pixel on, cut off at the edge.
    highest = torch.tensor([[8.0, 8.0], [8.0, 8.0]])
    mean = torch.tensor([[3.5, 5.0], [5.5, 8.0]])
    total = (image + highest + mean).mean()
    weight, bias = made.parameters()
    assert torch.allclose(made(image)[0], weight[:, 0] * total + bias)


def test_weights_follow_from_the_generator_alone() -> None:
    arch = SPACE.sample(1, np.random.default_rng(0))[0]
    before = torch.get_rng_state()
    states = [network(arch, BlockMacro(2, 1, 4), seed=seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    differ = {name for name in states[0] if not torch.equal(states[0][name], states[2][name])}
    assert differ == {name for name, value in states[0].items() if value.ndim > 1}


def test_weights_are_he_uniform() -> None:
    made = network(SPACE.parse("[(-1,conv_3x3,-1,conv_3x3)]"), BlockMacro(1, 1, 64), channels=16)
    weight = next(made.parameters())
    bound = (6 / (16 * 9)) ** 0.5
    assert 0.99 * bound < float(weight.detach().abs().max()) <= bound
    assert float(weight.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.02)


@pytest.mark.parametrize("settings", [(0, 2, 8), (1, 0, 8), (2, -1, 8), (2, 1, 0)])
def test_impossible_stacks_are_refused(settings: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInput, match="expected a whole number|at least one cell in all"):
        BlockMacro(*settings)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected one of block cells"):
        network(NASBench201().sample(1, np.random.default_rng(0))[0], BlockMacro())
    with pytest.raises(InvalidInput, match="0 channels"):
        network(SPACE.parse("[]"), BlockMacro(), channels=0)
    with pytest.raises(InvalidInput, match="swap"):
        network(BlockCells(1, 1, ("swap",)).parse("[(-1,swap,-1,swap)]"), BlockMacro())
