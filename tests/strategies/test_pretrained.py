from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.generators import GraphVAE, GraphVAESettings, load_pretrained, reconstruction
from agnet.spaces import NASBench101, NASBench201, Subset
from agnet.strategies import pretrained
from agnet.strategies.pretrained import ready_generator

SMALL = NASBench101(4)


def test_the_shipped_one_is_opened() -> None:
    space = NASBench201()
    generator, shipped = ready_generator(space, np.random.default_rng(0)), load_pretrained(space)
    archs = space.sample(50, np.random.default_rng(1))
    assert torch.equal(generator.encode(archs), shipped.encode(archs))
    again = generator.decode(generator.encode(archs), np.random.default_rng(2), temperature=0.0)
    assert (again.choices == archs.choices).all(axis=1).mean() > 0.9


def test_a_subset_takes_that_of_the_whole_space() -> None:
    space = Subset(NASBench201().enumerate()[:100])
    generator = ready_generator(space, np.random.default_rng(0))
    assert space.is_valid(generator.sample(20, np.random.default_rng(0)).choices).all()


def test_later_training_draws_from_the_stream() -> None:
    space = NASBench201()
    archs = space.sample(20, np.random.default_rng(1))
    drawn = []
    for seed in (0, 0, 1):
        generator = ready_generator(space, np.random.default_rng(seed))
        generator.retrain(archs, np.ones(20), updates=2)
        drawn.append(generator.encode(archs))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_where_none_ships_one_is_trained_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    small = GraphVAESettings(
        latent=8, hidden=8, readout=24, slot=12, trunk=24, batch=64, rate=1e-2, settling=5
    )
    monkeypatch.setattr(pretrained, "recommended", lambda space: small)
    monkeypatch.setattr(pretrained, "UPDATES", 60)
    monkeypatch.setattr(pretrained, "EXAMPLES", 200)
    with pytest.warns(UserWarning, match="no generator ships for nasbench101-4v.* 60 batches"):
        generator = ready_generator(SMALL, np.random.default_rng(0))
    assert generator.settings.updates == 60
    archs = SMALL.enumerate()
    raw = GraphVAE(SMALL, np.random.default_rng(0), small)
    assert reconstruction(generator, archs) > 2 * reconstruction(raw, archs)
