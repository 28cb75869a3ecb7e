from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from agnet.errors import MissingExtra
from agnet.spaces import DARTS, Architectures, NASBench101, NASBench201, SearchSpace, Subset
from agnet.strategies.lamoo.cmaes import POPULATION, check_cma, evolved, nearest
from agnet.strategies.lamoo.inputs import onehot

RNG = np.random.default_rng
SPACE = NASBench201()


def ordered(n: int, space: SearchSpace = SPACE) -> tuple[Architectures, np.ndarray]:
    """Architectures of which the higher options are the better, the best first."""
    archs = space.sample(n, RNG(0))
    numbers = -archs.choices.sum(axis=1).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    return archs[order], numbers[order]


@pytest.mark.parametrize("space", [SPACE, NASBench101(), DARTS()], ids=lambda s: str(s.name))
def test_what_is_nearest_to_an_architecture_is_itself(space: SearchSpace) -> None:
    archs = space.sample(50, RNG(0))
    noise = RNG(1).uniform(-0.4, 0.4, (50, sum(space.choice_sizes)))
    assert nearest(space, onehot(space)(archs) + noise) == archs


@pytest.mark.parametrize("space", [SPACE, NASBench101(), DARTS()], ids=lambda s: str(s.name))
def test_any_point_has_a_nearest_architecture(space: SearchSpace) -> None:
    """As far as choices are independent, or a grammar says what can follow."""
    found = nearest(space, RNG(0).normal(size=(200, sum(space.choice_sizes))))
    assert len(found) == 200
    assert len(np.unique(space.keys(found))) > 100


def test_by_hand() -> None:
    point = np.zeros((1, 30))
    point[0, [0, 6, 12, 18, 24, 25]] = [0.1, 0.2, 9.0, 1.0, -1.0, -0.1]
    assert nearest(SPACE, point).choices.tolist() == [[0, 1, 2, 3, 0, 1]]


def test_what_is_none_of_a_part_of_the_space_is_left_out() -> None:
    part = Subset(SPACE.enumerate()[::20])
    found = nearest(part, RNG(0).normal(size=(400, 30)))
    assert 5 < len(found) < 60
    assert found.space == part


def test_draws_lie_where_the_better_ones_are() -> None:
    archs, numbers = ordered(100)
    block = next(evolved(archs, numbers, RNG(0)))
    assert len(block) == 240
    drawn = block.choices.sum(axis=1)
    assert drawn.mean() > archs.choices.sum(axis=1).mean() + 3
    assert drawn.std() > 1


def test_it_goes_by_the_numbers() -> None:
    archs, _ = ordered(100)
    worse = next(evolved(archs[::-1], np.sort(archs.choices.sum(axis=1)), RNG(0)))
    assert worse.choices.sum(axis=1).mean() < archs.choices.sum(axis=1).mean() - 3


def test_blocks_grow() -> None:
    assert [len(block) for block in evolved(*ordered(40), RNG(0))] == [240, 500, 1000]


def test_few_are_no_population() -> None:
    assert not list(evolved(*ordered(POPULATION - 1), RNG(0)))
    assert len(list(evolved(*ordered(POPULATION), RNG(0)))) == 3


def test_equals_are_taken() -> None:
    archs, numbers = ordered(100)
    assert len(next(evolved(archs, np.zeros_like(numbers), RNG(0)))) == 240


def test_it_is_silent_and_draws_from_its_own_stream(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archs, numbers = ordered(100)
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    first, again = (next(evolved(archs, numbers, RNG(3))) for _ in range(2))
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert str(before) == str(after)
    assert first == again != next(evolved(archs, numbers, RNG(4)))
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(MissingExtra, match=r"sampler cmaes needs .* pip install 'agnet\[evolution"):
        check_cma()
