from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.errors import InvalidInput
from agnet.spaces import BlockCells, NASBench201, SearchSpace
from agnet.surrogates import Surrogate
from agnet.surrogates.sequence import SequenceEnsemble
from agnet.surrogates.sequence_net import SequenceNet
from agnet.testing import SurrogateContract

SPACE = BlockCells(3, 2, ("identity", "conv_3x3", "max_pool_2x2"))


class TestSequenceEnsemble(SurrogateContract):
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        return SequenceEnsemble(space, rng, members=2)

    def space(self) -> SearchSpace:
        return SPACE

    def other_space(self) -> SearchSpace:
        return BlockCells(3, 1, SPACE.operations)


def test_padding_changes_nothing() -> None:
    """A cell of two blocks reads the same among longer ones as alone."""
    network = SequenceNet(5, 4, torch.Generator().manual_seed(0))
    short = torch.tensor([[[1, 1, 2, 3], [3, 2, 1, 1]]])
    padded = torch.nn.functional.pad(short, (0, 0, 0, 1))
    longer = torch.randint(1, 4, (1, 3, 4), generator=torch.Generator().manual_seed(1))
    assert torch.allclose(network(short), network(torch.cat([padded, longer]))[:1], atol=1e-6)


def test_networks_leave_the_common_generator_alone() -> None:
    before = torch.random.get_rng_state()
    SequenceNet(5, 4, torch.Generator().manual_seed(0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_empty_cell_can_be_learnt() -> None:
    archs = SPACE.batch([SPACE.parse("[]")]) + SPACE.sample(6, np.random.default_rng(0))
    model = SequenceEnsemble(SPACE, np.random.default_rng(0), members=2, epochs=3)
    model.fit(archs, np.arange(7.0)[:, None])
    assert np.isfinite(model.predict(archs)[0]).all()


def test_gradients_reach_all_weights_that_are_used() -> None:
    network = SequenceNet(5, 4, torch.Generator().manual_seed(0))
    tokens = torch.randint(1, 4, (64, 3, 4), generator=torch.Generator().manual_seed(1))
    (network(tokens).square().sum() + network.penalty()).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None and bool(weight.grad.any()), name


def test_other_spaces_are_refused() -> None:
    with pytest.raises(InvalidInput, match="nasbench201"):
        SequenceEnsemble(NASBench201(), np.random.default_rng(0))
    with pytest.raises(InvalidInput, match="1 members"):
        SequenceEnsemble(SPACE, np.random.default_rng(0), members=1)
