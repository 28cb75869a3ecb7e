from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import pytest

from agnet.errors import InvalidInput, MissingExtra
from agnet.objectives import Limit, Objective, Outcomes
from agnet.pareto import hypervolume
from agnet.seeds import stream
from agnet.spaces import (
    DARTS,
    Architectures,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)
from agnet.strategies import TPE, Problem, Strategy, make_strategy
from agnet.strategies.tpe import repaired
from agnet.testing import StrategyContract

SPACE = NASBench201()
ACCURACY = (Objective("val_accuracy", "maximize"),)
BOTH = (*ACCURACY, Objective("flops_m", "minimize"))
NAN = float("nan")
Array = npt.NDArray[np.float64]


def worth(archs: Architectures) -> Array:
    """Later options are better and dearer, but not in the first choice: there they are dear."""
    choices = archs.choices.astype(np.float64)
    gain = np.minimum(choices[:, 1:], 3).sum(axis=1)
    return np.stack([-gain, choices.sum(axis=1)], axis=1)


class TestTPE(StrategyContract):
    settings: dict[str, Any] = {}

    def strategy(self, problem: Problem, rng: np.random.Generator) -> Strategy:
        return TPE(problem, rng, **self.settings)

    def small_space(self) -> SearchSpace:
        return Subset(NASBench101(4).enumerate()[::4])


class TestTwoObjectives(TestTPE):
    """Of limits, see :func:`test_degenerate_outcomes_are_taken`."""

    settings = {"multivariate": "yes", "candidates": 5}

    def problem(self, space: SearchSpace | None = None, *limits: Limit) -> Problem:
        return Problem(space or self.space(), BOTH, limits)

    def values(self, archs: Architectures) -> Outcomes:
        return Outcomes(worth(archs), np.empty((len(archs), 0)))

    def test_failures_and_broken_limits_are_taken(self) -> None:
        """Elsewhere."""


class TestLargeSpace(TestTwoObjectives):
    settings = {"multivariate": "no"}

    def space(self) -> SearchSpace:
        return DARTS()


def made(problem: Problem, seed: int = 0, **settings: Any) -> TPE:
    return TPE(problem, stream(seed, "strategy"), **settings)


def started(n: int, problem: Problem, **settings: Any) -> TPE:
    """A strategy that was told random architectures."""
    strategy = made(problem, **settings)
    archs = problem.space.sample(n, stream(0, "initial"))
    values = worth(archs)[:, : len(problem.objectives)]
    strategy.tell(archs, Outcomes(values, np.zeros((n, len(problem.limits)))))
    return strategy


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # of older versions
def test_it_proposes_what_optuna_does() -> None:
    """Of a study of the same trials, made by hand; what is known already is left out."""
    strategy = started(30, Problem(SPACE, ACCURACY))
    told, values = strategy._archive.archs, strategy._archive.outcomes.objectives[:, 0]
    names = [f"choice{at:03d}" for at in range(6)]
    space = {name: optuna.distributions.CategoricalDistribution(range(5)) for name in names}
    seed = int(stream(0, "strategy").integers(2**31))
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    study = optuna.create_study(sampler=sampler)
    for row, value in zip(told.choices.tolist(), values, strict=True):
        params = dict(zip(names, row, strict=True))
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=space, value=float(value))
        )
    asked = [study.ask(space).params for _ in range(9)]
    drawn = [tuple(params[name] for name in names) for params in asked]
    known = set(map(tuple, told.choices.tolist()))
    assert known & set(drawn[:3])
    expected = [each for each in dict.fromkeys(drawn) if each not in known]
    assert [arch.choices for arch in strategy.ask(3)] == expected[:3]


def test_choices_that_are_ruled_out_are_repaired() -> None:
    rng = np.random.default_rng(0)
    for space in (NASBench101(), OFAMobileNetV3(), DARTS()):
        drawn = rng.integers(space.choice_sizes, size=(200, len(space.choice_sizes)))
        fixed = repaired(space, drawn, rng)
        assert space.is_valid(fixed).all()
        told = space.sample(50, rng).choices
        assert np.array_equal(repaired(space, told, rng), told)  # what is valid stays


@pytest.mark.parametrize(
    "space",
    [NASBench101(), OFAMobileNetV3(), Subset(SPACE.enumerate()[::20])],
    ids=lambda space: str(space.name),
)
def test_spaces_with_invalid_choice_vectors(space: SearchSpace) -> None:
    strategy = started(20, Problem(space, BOTH), multivariate="yes")
    assert len(strategy.ask(4)) == 4


def degenerate() -> dict[str, tuple[Array, Array]]:
    """Objectives and excesses of twenty architectures."""
    rng = np.random.default_rng(0)
    noise, over = rng.normal(size=(20, 2)), np.ones((20, 1))
    some = noise.copy()
    some[rng.random((20, 2)) < 0.5] = NAN
    return {
        "all equal": (np.zeros((20, 2)), -over),
        "all failed": (np.full((20, 2), NAN), -over),
        "some failed": (some, -over),
        "all infeasible": (noise, over),
        "infeasible by different amounts": (noise, np.abs(noise[:, :1])),
        "excess unknown": (noise, over * NAN),
        "infinite": (noise + [np.inf, 0.0], -over),
        "one is infinite": (np.where(np.arange(20)[:, None] == 3, -np.inf, noise), -over),
    }


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("objectives", [ACCURACY, BOTH], ids=["one", "two"])
def test_degenerate_outcomes_are_taken(case: str, objectives: tuple[Objective, ...]) -> None:
    problem = Problem(SPACE, objectives, (Limit("params_m", "<=", 1.0),))
    values, excess = degenerate()[case]
    for n in (1, 20):
        strategy = made(problem)
        archs = SPACE.sample(n, stream(0, "initial"))
        strategy.tell(archs, Outcomes(values[:n, : len(objectives)], excess[:n]))
        asked = strategy.ask(3)
        assert len(asked) == 3 and not strategy._archive.seen(asked).any()


def test_feasible_ones_are_what_it_learns_to_find() -> None:
    """Two limits, of very different units, are broken by all that is known at first."""
    limits = (Limit("params_m", "<=", 7.0), Limit("bytes", "<=", 1e6))
    strategy = made(Problem(SPACE, ACCURACY, limits))
    archs = SPACE.sample(200, stream(0, "initial"))
    archs = archs[archs.choices.sum(axis=1) > 9][:30]
    kept = []
    for _ in range(15):
        total, first = archs.choices.sum(axis=1), archs.choices[:, 0]
        excess = np.stack([total - 7.0, (first - 2.5) * 1e6], axis=1)
        kept.append(float((excess <= 0).all(axis=1).mean()))
        strategy.tell(archs, Outcomes(-total[:, None].astype(float), excess))
        archs = strategy.ask(5)
    assert kept[0] == 0.0
    assert np.mean(kept[-5:]) > 0.3


def test_excesses_are_told_relative_to_the_largest() -> None:
    limits = (Limit("a", "<=", 0.0), Limit("b", "<=", 0.0))
    strategy = made(Problem(SPACE, ACCURACY, limits))
    archs = SPACE.sample(4, stream(0, "initial"))
    excess = np.array([[1.0, -300.0], [4.0, 100.0], [-1.0, 0.0], [NAN, 50.0]])
    for part in (slice(0, 1), slice(1, 4)):
        strategy.tell(archs[part], Outcomes(np.zeros((4, 1))[part], excess[part]))
        strategy.ask(1)
    assert strategy._study is not None
    trials = [each for each in strategy._study._study.trials if each.params][:4]
    assert [each.system_attrs.get("constraints") for each in trials] == [
        [0.25, -3.0], [1.0, 1.0], [-0.25, 0.0], None,
    ]  # fmt: skip


@pytest.mark.parametrize("verbosity", [optuna.logging.DEBUG, optuna.logging.ERROR])
def test_optuna_is_quiet_and_stays_as_loud_as_it_was(
    verbosity: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(verbosity)
    try:
        filters = list(warnings.filters)
        started(12, Problem(SPACE, BOTH, (Limit("params_m", "<=", 1.0),))).ask(3)
        assert optuna.logging.get_verbosity() == verbosity
        assert warnings.filters == filters
    finally:
        optuna.logging.set_verbosity(before)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("settings", [{"multivariate": "maybe"}, {"candidates": 0}])
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="expected auto, yes, no, and at least 1"):
        made(Problem(SPACE, ACCURACY), **settings)


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"tpe needs the package optuna.*agnet\[optuna\]"):
        make_strategy("tpe", Problem(SPACE, ACCURACY), stream(0, "strategy"), {})


@pytest.mark.parametrize("objectives", [ACCURACY, BOTH], ids=["one", "two"])
def test_it_finds_better_ones_than_random_search(objectives: tuple[Objective, ...]) -> None:
    """By the best, or by the hypervolume of all that was evaluated."""
    found = {}
    for name in ("tpe", "random"):
        strategy = make_strategy(name, Problem(SPACE, objectives), stream(0, "strategy"), {})
        archs, points = SPACE.sample(10, stream(0, "initial")), np.empty((0, len(objectives)))
        for _ in range(10):
            values = worth(archs)[:, : len(objectives)]
            points = np.concatenate([points, values])
            strategy.tell(archs, Outcomes(values, np.empty((len(archs), 0))))
            archs = strategy.ask(5)
        found[name] = hypervolume(points, [0.0, 24.0][: len(objectives)])
    assert found["tpe"] > found["random"]
