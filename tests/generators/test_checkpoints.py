"""The generators that ship do what ``experiments/generator.py`` says of them, at a smaller size."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from agnet.generators import (
    GraphVAE,
    around,
    ascend,
    interpolate,
    load_pretrained,
    recommended,
    reconstruction,
)
from agnet.generators.measures import active_dimensions, information
from agnet.generators.pretraining import draw_held_out
from agnet.spaces import Architectures, open_space

RECONSTRUCTED = {
    "nasbench201": 0.99,
    "nasbench101": 0.99,
    "nasbench101-5v": 0.99,
    "darts": 0.98,
    "ofa_mbv3": 0.98,
    "elastic-tiny": 0.99,
}
every_space = pytest.mark.parametrize("name", RECONSTRUCTED)


@cache
def shipped(name: str) -> GraphVAE:
    return load_pretrained(open_space(name))


@cache
def left_out(name: str) -> Architectures:
    return draw_held_out(open_space(name), 500, np.random.default_rng(0))


def test_checkpoints_are_small_and_plain() -> None:
    files = list(resources.files("agnet.generators").joinpath("checkpoints").iterdir())
    assert {file.name for file in files} == {f"{name}.pt" for name in RECONSTRUCTED}
    for file in files:
        with resources.as_file(file) as path:
            assert path.stat().st_size <= 2_000_000
            torch.load(path, weights_only=True)


@every_space
def test_the_settings_are_those_that_are_recommended(name: str) -> None:
    assert shipped(name).settings == recommended(open_space(name))


@every_space
def test_architectures_never_seen_come_back_from_their_codes_alone(name: str) -> None:
    assert reconstruction(shipped(name), left_out(name)) >= RECONSTRUCTED[name]
    shuffled = reconstruction(shipped(name), left_out(name), shuffle=np.random.default_rng(1))
    assert shuffled <= 0.01


@every_space
def test_codes_tell_nearly_all_there_is_to_know(name: str) -> None:
    generator, space = shipped(name), open_space(name)
    lower, upper = information(generator, left_out(name), np.random.default_rng(0))
    entropy = np.log2(float(space.size))
    assert 0.9 * entropy <= lower <= entropy <= upper * 1.05
    assert active_dimensions(generator, left_out(name)) >= generator.latent_size // 2


@every_space
def test_draws_of_the_prior_are_as_varied_as_uniform_ones(name: str) -> None:
    generator, space, rng = shipped(name), open_space(name), np.random.default_rng(0)
    drawn, uniform = generator.sample(3000, rng), space.sample(3000, rng)
    assert space.is_valid(drawn.choices).all()
    found, fair = (len(np.unique(space.keys(archs))) for archs in (drawn, uniform))
    assert found >= 0.97 * fair
    for choice, size in enumerate(space.choice_sizes):
        if size == 1:
            continue
        shares = [
            np.bincount(archs.choices[:, choice], minlength=size) / 3000
            for archs in (drawn, uniform)
        ]
        assert np.abs(shares[0] - shares[1]).sum() < 0.2


def test_draws_cover_nasbench201() -> None:
    space = open_space("nasbench201")
    drawn = shipped("nasbench201").sample(100_000, np.random.default_rng(0))
    assert len(np.unique(space.keys(drawn))) >= 0.95 * space.size


@every_space
def test_near_codes_are_near_architectures(name: str) -> None:
    generator, space, rng = shipped(name), open_space(name), np.random.default_rng(0)
    archs = left_out(name)
    walkers, steps = archs.choices.copy(), rng.integers(1, 7, size=len(archs))
    for step in range(6):
        going = np.flatnonzero(steps > step)
        walkers[going] = space.mutate(Architectures(space, walkers[going]), rng).choices
    for others in (archs[::-1], Architectures(space, walkers)):
        latent = (generator.encode(archs) - generator.encode(others)).norm(dim=1).numpy()
        assert spearmanr(space.edit_distance(archs, others), latent)[0] >= 0.5


@every_space
def test_a_larger_radius_leads_further_away(name: str) -> None:
    generator, space, rng = shipped(name), open_space(name), np.random.default_rng(0)
    archs = left_out(name)[:50]
    edits = []
    for radius in (0.0, 1.0, 3.0, 12.0):
        codes = around(generator.encode(archs), radius, 4, rng).flatten(0, 1)
        near = generator.decode(codes, rng, temperature=0.0)
        edits.append(space.edit_distance(archs[np.arange(50).repeat(4)], near).mean())
    assert edits[0] < 0.2
    assert edits == sorted(edits)
    assert edits[3] > edits[1] + 0.5


@every_space
def test_ways_between_architectures_have_small_steps(name: str) -> None:
    generator, space = shipped(name), open_space(name)
    first, second = left_out(name)[:100], left_out(name)[100:200]
    codes = interpolate(generator.encode(first), generator.encode(second), 11)
    archs = generator.decode(codes.flatten(0, 1), np.random.default_rng(0), temperature=0.0)
    at = np.arange(1100).reshape(100, 11)
    edits = space.edit_distance(archs[at[:, :-1].reshape(-1)], archs[at[:, 1:].reshape(-1)])
    between = space.edit_distance(first, second).mean()
    assert edits.mean() < between / 4
    assert np.array_equal(archs[at[:, 0]].choices, first.choices)


@every_space
def test_guidance_raises_what_it_is_told_to_raise(name: str) -> None:
    """The score is a ridge regression from codes to a property of architectures."""
    generator, space, rng = shipped(name), open_space(name), np.random.default_rng(0)
    weights = rng.standard_normal(len(space.choice_sizes))

    def worth(archs: Architectures) -> np.ndarray:
        return archs.choices @ weights

    archs = space.sample(2000, rng)
    codes, values = generator.encode(archs), worth(archs)
    centred = torch.from_numpy(values - values.mean()).float()
    gram = codes.T @ codes + torch.eye(codes.shape[1])
    slope = torch.linalg.solve(gram, codes.T @ centred)
    start = codes[:200]
    found = ascend(start, lambda z: z @ slope, prior=0.1, steps=30)
    better = worth(generator.decode(found, rng, temperature=0.0))
    assert better.mean() > values[:200].mean() + 0.5 * values.std()
    wanted = float(np.quantile(values, 0.8) - values.mean())
    aimed = ascend(start, lambda z: z @ slope, target=wanted, steps=50)
    reached = worth(generator.decode(aimed, rng, temperature=0.0)) - values.mean()
    assert np.abs(reached - wanted).mean() < np.abs(values[:200] - values.mean() - wanted).mean()


@every_space
def test_retraining_shifts_draws_and_forgets_nothing(name: str) -> None:
    generator, space = load_pretrained(open_space(name)), open_space(name)
    rng = np.random.default_rng(0)
    target = space.sample(1, rng)
    pool = space.sample(300, rng)
    distance = space.edit_distance(pool, target[np.zeros(300, dtype=int)])
    heavy = distance <= np.quantile(distance, 0.1)

    def apart() -> float:
        drawn = generator.sample(1000, np.random.default_rng(1))
        return float(space.edit_distance(drawn, target[np.zeros(1000, dtype=int)]).mean())

    before = apart()
    for _ in range(2):
        generator.retrain(pool, heavy.astype(float))
    assert apart() < before - 0.2 * (before - distance[heavy].mean())
    assert reconstruction(generator, left_out(name)) >= RECONSTRUCTED[name] - 0.05
