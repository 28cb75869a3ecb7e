from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.errors import InvalidInput
from agnet.generators import Generator, GraphVAE, GraphVAESettings
from agnet.generators.slots import Slots
from agnet.spaces import DARTS, NASBench101, NASBench201, OFAMobileNetV3, SearchSpace, Subset
from agnet.testing import GeneratorContract

SMALL = GraphVAESettings(
    latent=12,
    hidden=16,
    readout=48,
    slot=24,
    trunk=48,
    updates=120,
    batch=128,
    rate=1e-2,
    retrain_updates=30,
    settling=10,
)
SPACES = [NASBench201(), NASBench101(), NASBench101(5), DARTS(), OFAMobileNetV3()]


def untrained(space: SearchSpace, seed: int = 0) -> GraphVAE:
    return GraphVAE(space, np.random.default_rng(seed), SMALL)


class TestGraphVAE(GeneratorContract):
    def generator(self, space: SearchSpace, rng: np.random.Generator) -> Generator:
        return GraphVAE(space, rng, SMALL)


class TestGraphVAEOfSmallCells(TestGraphVAE):
    def space(self) -> SearchSpace:
        return NASBench101(5)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_one_pass_agrees_with_choice_after_choice(space: SearchSpace) -> None:
    """What training sees of a prefix is what generation sees."""
    generator = untrained(space)
    codes = torch.randn(40, 12, generator=torch.Generator().manual_seed(0))
    archs = generator.decode(codes, np.random.default_rng(0), temperature=0.0)
    # Likeliest choices of an untrained network need not be canonical; take those that are.
    raw = generator._decoder.generate(codes, torch.Generator(), 0.0)
    kept = (raw == archs.choices).all(axis=1)
    assert kept.any()
    archs, codes = archs[kept], codes[torch.from_numpy(kept)]
    slots = Slots(space)
    values, allowed = slots.values(archs), slots.allowed(archs)
    with torch.no_grad():
        for slot, size in enumerate(slots.sizes):
            options = []
            for option in range(size):
                tried = values.clone()
                tried[:, slot] = option
                options.append(generator._decoder(codes, tried, allowed)[:, slot])
            logs = torch.stack(options, dim=1)
            assert torch.equal(logs.argmax(1), values[:, slot])
            assert torch.allclose(logs.exp().sum(1), torch.ones(len(archs)), atol=1e-5)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_no_choice_sees_a_later_one(space: SearchSpace) -> None:
    generator, slots = untrained(space), Slots(space)
    archs = space.sample(20, np.random.default_rng(0))
    codes, values = torch.zeros(20, 12), slots.values(archs)
    allowed = slots.exist.expand(20, -1, -1)
    for slot in range(1, len(slots)):
        changed = values.clone()
        changed[:, slot:] = 0
        first, second = (generator._decoder(codes, v, allowed)[:, :slot] for v in (values, changed))
        assert torch.equal(first, second)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_every_architecture_can_be_drawn(space: SearchSpace) -> None:
    archs = space.sample(200, np.random.default_rng(0))
    logs = untrained(space).log_likelihood(archs, torch.zeros(200, 12))
    assert bool(logs.isfinite().all())


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_encoder_sees_all_of_a_graph(space: SearchSpace) -> None:
    archs = space.sample(300, np.random.default_rng(0))
    archs = archs[np.unique(space.keys(archs), return_index=True)[1]]
    codes = untrained(space).encode(archs)
    apart = torch.cdist(codes, codes, compute_mode="donot_use_mm_for_euclid_dist")
    apart.fill_diagonal_(torch.inf)
    assert float(apart.min()) > 1e-4


def test_draws_follow_the_probabilities_that_it_states() -> None:
    space = NASBench101(3)
    generator = untrained(space)
    codes = torch.zeros(20_000, 12)
    drawn = space.index(generator.decode(codes, np.random.default_rng(0)))
    everything = space.enumerate()
    stated = generator.log_likelihood(everything, codes[: space.size]).exp().numpy()
    assert stated.sum() == pytest.approx(1, abs=1e-4)
    found = np.bincount(drawn, minlength=space.size) / len(drawn)
    assert np.abs(found - stated).max() < 0.02


@pytest.mark.parametrize("size", [3, 2000])
def test_draws_for_a_subset_are_members(size: int) -> None:
    whole = NASBench201()
    space = Subset(whole.enumerate()[:size])
    generator = untrained(space)
    archs = generator.sample(100, np.random.default_rng(0))
    assert archs == generator.sample(100, np.random.default_rng(0))
    assert space.is_valid(archs.choices).all()
    generator.retrain(archs, np.ones(100))


def test_weights_of_any_scale_are_shares() -> None:
    archs = NASBench201().sample(10, np.random.default_rng(0))
    drawn = []
    for scale in (1.0, 1e-300, 1e300):
        generator = untrained(NASBench201())
        generator.retrain(archs, scale * np.arange(1.0, 11.0) / 10)
        drawn.append(generator.sample(50, np.random.default_rng(1)))
    assert drawn[0] == drawn[1] == drawn[2]


def test_updates_are_those_of_the_settings_unless_given() -> None:
    space = NASBench201()
    archs = space.sample(10, np.random.default_rng(0))
    start = untrained(space).encode(archs)
    codes = []
    for updates in (None, SMALL.retrain_updates, 3, 0):
        generator = untrained(space)
        generator.retrain(archs, np.ones(10), updates=updates)
        codes.append(generator.encode(archs))
    assert torch.equal(codes[0], codes[1])
    assert not torch.equal(codes[0], codes[2])
    assert torch.equal(codes[3], start)


@pytest.mark.parametrize(
    "wrong", [{"latent": 0}, {"beta": -1.0}, {"rate": 0.0}, {"replay": 1.5}, {"beta": float("nan")}]
)
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        GraphVAESettings(**wrong)  # type: ignore[arg-type]
