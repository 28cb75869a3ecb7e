from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.strategies.importance.categorical import Variables
from agnet.strategies.importance.floors import FLOORS, floored, floors


def test_floors_by_hand() -> None:
    variables = Variables((2, 3))
    share = 1 - 0.73**0.5
    assert floors(variables, "catcma", 0.0) == pytest.approx([share, share / 2])
    assert floors(Variables((3, 5, 5)), "asng", 0.0) == pytest.approx([1 / 6, 1 / 12, 1 / 12])
    assert floors(variables, "value", 0.01).tolist() == [0.01, 0.01]


def test_a_converged_distribution_draws_its_mode_as_often_as_is_said() -> None:
    variables = Variables((4,) * 8)
    mode = 1 - 3 * floors(variables, "catcma", 0.0)
    assert mode.prod() == pytest.approx(0.73)
    mode = 1 - 3 * floors(variables, "asng", 0.0)
    assert mode.prod() == pytest.approx((1 - 1 / 8) ** 8)


@pytest.mark.parametrize("kind", FLOORS)
@pytest.mark.parametrize("sizes", [(2,), (1,), (1, 1), (2, 1), (2, 2), (50,), (9, 2, 3)])
def test_floors_leave_room(kind: str, sizes: tuple[int, ...]) -> None:
    variables = Variables(sizes)
    least = floors(variables, kind, 0.99 / max(max(sizes), 2))
    assert (least * np.array(sizes) < 1).all()
    rng = np.random.default_rng(0)
    noise = np.where(variables.mask, rng.normal(size=variables.mask.shape), 0)
    noise -= variables.mask * (noise.sum(axis=1) / np.array(sizes))[:, None]
    theta = variables.uniform + noise
    found = floored(theta[None], least, variables)[0]
    assert np.abs(found.sum(axis=-1) - 1).max() < 1e-12
    assert (found >= np.where(variables.mask, least[:, None], 0) - 1e-15).all()
    assert (found[~variables.mask] == 0).all()


@pytest.mark.parametrize("value", [0.2, 0.9, float("nan"), -0.1])
def test_a_value_that_leaves_nothing_to_learn_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="of a choice of 5 options; expected less than .* 0.2"):
        floors(Variables((2, 5)), "value", value)
    assert floors(Variables((2, 5)), "value", 0.19).tolist() == [0.19, 0.19]
    assert floors(Variables((1, 1)), "value", 0.9).tolist() == [0, 0]


def test_the_floor_of_asng_is_cut_where_it_would_be_uniform() -> None:
    assert floors(Variables((2,)), "asng", 0.0) == pytest.approx([0.3])
    assert floors(Variables((5, 5)), "asng", 0.0) == pytest.approx([0.12, 0.12])
    assert floors(Variables((2,) * 4), "asng", 0.0) == pytest.approx([0.25] * 4)


def test_the_excess_is_taken_from_what_is_above() -> None:
    variables = Variables((3,))
    found = floored(np.array([[[1.1, 0.2, -0.3]]]), np.array([0.1]), variables)
    # Raised to 1.1, .2, .1: an excess of .4, and 1.1 above the floor.
    assert found[0, 0] == pytest.approx([1.1 - 1.0 * 0.4 / 1.1, 0.2 - 0.1 * 0.4 / 1.1, 0.1])
