from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

import agnet
from agnet.errors import InvalidInput, MissingExtra
from agnet.objectives import Limit, Objective, Outcomes
from agnet.pareto import hypervolume
from agnet.seeds import stream
from agnet.spaces import DARTS, Architectures, NASBench201, SearchSpace
from agnet.strategies import Problem, Strategy, make_strategy
from agnet.strategies.bayesian import Bayesian
from agnet.testing import StrategyContract

SPACE = NASBench201()
NAMES = ("qnehvi", "qehvi", "qparego")
BOTH = (Objective("val_accuracy", "maximize"), Objective("flops_m", "minimize"))
NAN = float("nan")
Array = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def small_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quicker, and it shows that nothing depends on their size."""
    monkeypatch.setattr("agnet.strategies.bayesian.strategy.POOL", 60)


def worth(archs: Architectures) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    return np.stack([-gain, choices.sum(axis=1)], axis=1)


def cost(archs: Any) -> Array:
    return np.asarray(archs.space.to_choices(archs).sum(axis=1), dtype=np.float64)


class TestOneObjective(StrategyContract):
    """With which all three are the expected improvement."""

    acquisition = "qnehvi"
    rounds = 2

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return make_strategy(self.acquisition, problem, rng, {})


class TestQNEHVI(TestOneObjective):
    """As it is meant: one objective is predicted, the other known."""

    known: dict[str, Any] = {"flops_m": cost}

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits, self.known)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """Of two objectives, see :func:`test_degenerate_outcomes_are_taken`."""


class TestBothPredicted(TestQNEHVI):
    known = {}


class TestQEHVI(TestQNEHVI):
    acquisition = "qehvi"


class TestQParEGO(TestQNEHVI):
    acquisition = "qparego"


class TestLargeSpace(TestQParEGO):
    def space(self) -> SearchSpace:
        return DARTS()


def degenerate() -> dict[str, tuple[Array, Array]]:
    """Objectives and excesses of twenty architectures."""
    rng = np.random.default_rng(0)
    noise, over = rng.normal(size=(20, 2)), np.ones((20, 1))
    some, one = noise.copy(), np.full((20, 2), NAN)
    some[rng.random((20, 2)) < 0.5] = NAN
    one[1] = 1.0
    return {
        "all equal": (np.zeros((20, 2)), -over),
        "one objective constant": (noise * [1.0, 0.0], -over),
        "all failed": (np.full((20, 2), NAN), -over),
        "some failed": (some, -over),
        "all but one failed": (one, -over),
        "all infeasible": (noise, over),
        "infeasible by different amounts": (noise, np.abs(noise[:, :1])),
        "some infeasible": (noise, noise[:, ::-1][:, :1]),
        "excess unknown": (noise, over * NAN),
        "infinite": (noise + [np.inf, 0.0], -over),
        "one is infinite": (np.where(np.arange(20)[:, None] == 3, -np.inf, noise), -over),
        "huge": (noise * 1e200, -over),
    }


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("name", NAMES)
def test_degenerate_outcomes_are_taken(case: str, name: str) -> None:
    problem = Problem(SPACE, BOTH, (Limit("params_m", "<=", 1.0),))
    objectives, excess = degenerate()[case]
    for n in (1, 2, 20):
        strategy = Bayesian(name, problem, stream(0, "strategy"))
        archs = SPACE.sample(n, stream(0, "initial"))
        strategy.tell(archs, Outcomes(objectives[:n], excess[:n]))
        asked = strategy.ask(3)
        assert len(asked) == 3 and not strategy._archive.seen(asked).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objectives", [3, 4])
def test_more_objectives(name: str, objectives: int) -> None:
    wanted = tuple(Objective(f"m{i}", "minimize") for i in range(objectives))
    strategy = make_strategy(name, Problem(SPACE, wanted), stream(0, "strategy"), {})
    archs = SPACE.sample(12, stream(0, "initial"))
    choices = archs.choices.astype(np.float64)
    values = (choices[:, :objectives] - 2.0) ** 2 + choices[:, -1:] % 3
    strategy.tell(archs, Outcomes(values, np.empty((12, 0))))
    assert len(strategy.ask(3)) == 3


@pytest.mark.parametrize("name", NAMES)
def test_nothing_global_is_touched(name: str) -> None:
    """Nor does what is global make a difference."""
    proposed = []
    for seed in (0, 1):
        strategy = Bayesian(name, Problem(SPACE, BOTH), stream(0, "strategy"))
        archs = SPACE.sample(12, stream(0, "initial"))
        strategy.tell(archs, Outcomes(worth(archs), np.empty((12, 0))))
        torch.manual_seed(seed)
        before = torch.random.get_rng_state()
        proposed.append([str(arch) for arch in strategy.ask(3)])
        assert torch.equal(torch.random.get_rng_state(), before)
    assert proposed[0] == proposed[1]
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_without_botorch_one_line_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botorch", None)
    with pytest.raises(MissingExtra, match=rf"{name} needs the package botorch.*agnet\[bo\]"):
        make_strategy(name, Problem(SPACE, BOTH), stream(0, "strategy"), {})


def test_there_are_no_settings() -> None:
    with pytest.raises(InvalidInput, match="takes none"):
        make_strategy("qnehvi", Problem(SPACE, BOTH), stream(0, "strategy"), {"pool": 3})


def searched(name: str, seed: int, known: dict[str, Any]) -> float:
    """The hypervolume that is found, of accuracies above 70 % and below 190 million operations."""
    benchmark = agnet.open_benchmark("nasbench201")
    strategy = make_strategy(name, Problem(SPACE, BOTH, (), known), stream(seed, "strategy"), {})
    archs, points = SPACE.sample(10, stream(seed, "initial")), np.empty((0, 2))
    while len(points) < 60:
        values = benchmark.query(archs, ["val_accuracy", "flops_m"]) * [-1.0, 1.0]
        points = np.concatenate([points, values])
        strategy.tell(archs, Outcomes(values, np.empty((len(archs), 0))))
        archs = strategy.ask(10)
    return hypervolume(points, [-70.0, 190.0])


def test_they_find_better_fronts_than_random_search() -> None:
    """Scalarisations need more than so few queries."""
    benchmark = agnet.open_benchmark("nasbench201")
    known = {"flops_m": lambda archs: benchmark.query(archs, ["flops_m"])[:, 0]}
    names = ("random", "qnehvi", "qehvi")
    found = [np.mean([searched(name, seed, known) for seed in range(2)]) for name in names]
    assert found[1] > found[0] and found[2] > found[0]
