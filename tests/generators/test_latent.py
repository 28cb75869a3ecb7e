from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from agnet.errors import InvalidInput
from agnet.generators import around, ascend, interpolate


def codes(n: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def test_neighbours_lie_within_the_radius() -> None:
    z = codes()
    near = around(z, 0.5, 100, np.random.default_rng(0))
    assert near.shape == (5, 100, 4)
    assert torch.equal(near, around(z, 0.5, 100, np.random.default_rng(0)))
    distance = (near - z[:, None]).norm(dim=2)
    assert float(distance.max()) <= 0.5 + 1e-6
    assert float(distance.mean()) == pytest.approx(0.25, abs=0.03)
    assert torch.equal(around(z, 0.0, 3, np.random.default_rng(0)), z[:, None].expand(-1, 3, -1))


@pytest.mark.parametrize("spherical", [False, True])
def test_ways_have_both_ends_and_equal_steps(spherical: bool) -> None:
    first, second = codes(), codes(seed=1)
    way = interpolate(first, second, 9, spherical=spherical)
    assert way.shape == (5, 9, 4)
    assert torch.allclose(way[:, 0], first, atol=1e-5)
    assert torch.allclose(way[:, -1], second, atol=1e-5)
    if spherical:
        lengths = way.norm(dim=2).diff(dim=1)
        assert torch.allclose(lengths, lengths[:, :1].expand_as(lengths), atol=1e-4)
    else:
        assert torch.allclose(way.diff(n=2, dim=1), torch.zeros(5, 7, 4), atol=1e-5)


def test_a_turn_between_codes_in_one_line_is_straight() -> None:
    z = codes()
    for end in (z, 2 * z, -z, torch.zeros_like(z)):
        assert torch.allclose(
            interpolate(z, end, 5, spherical=True), interpolate(z, end, 5), atol=1e-3
        )


def test_ascent_finds_a_top() -> None:
    top = torch.tensor([1.0, -1.0, 0.5, 0.0])
    found = ascend(codes(), lambda z: -(z - top).square().sum(1), steps=300)
    assert torch.allclose(found, top.expand(5, -1), atol=0.02)


def test_ascent_never_ends_below_its_start() -> None:
    def rough(z: torch.Tensor) -> torch.Tensor:
        return (20 * z).sin().sum(1)

    start = codes(50)
    assert bool((rough(ascend(start, rough, rate=0.5)) >= rough(start)).all())


def test_ascent_reaches_a_wanted_value() -> None:
    found = ascend(codes(), lambda z: z.sum(1), target=2.5, steps=300)
    assert torch.allclose(found.sum(1), torch.full((5,), 2.5), atol=0.02)


def test_the_prior_keeps_codes_near() -> None:
    free = ascend(codes(), lambda z: z.sum(1))
    held = ascend(codes(), lambda z: z.sum(1), prior=1.0, steps=300)
    assert float(free.norm(dim=1).mean()) > float(held.norm(dim=1).mean())
    assert torch.allclose(held, torch.ones(5, 4), atol=0.02)


def test_rows_do_not_disturb_each_other() -> None:
    z = codes()
    together = ascend(z, lambda z: -z.square().sum(1).sqrt())
    alone = torch.cat([ascend(row[None], lambda z: -z.square().sum(1).sqrt()) for row in z])
    assert torch.allclose(together, alone, atol=1e-5)
    assert ascend(z[:0], lambda z: z.sum(1)).shape == (0, 4)


def test_bad_input_is_refused() -> None:
    z, rng = codes(), np.random.default_rng(0)
    calls: list[Callable[[], torch.Tensor]] = [
        lambda: around(z[0], 1.0, 1, rng),
        lambda: around(z, -1.0, 1, rng),
        lambda: around(z, 1.0, -1, rng),
        lambda: around(z * torch.nan, 1.0, 1, rng),
        lambda: interpolate(z, z[1:], 5),
        lambda: interpolate(z, z, 1),
        lambda: ascend(z, lambda z: z.sum()),
        lambda: ascend(z, lambda z: torch.zeros(5)),
    ]
    for call in calls:
        with pytest.raises(InvalidInput):
            call()
