from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from agnet.errors import InvalidInput
from agnet.integrations._optuna_history import CHOSEN, History, Parameters
from agnet.integrations.optuna import AGNetSampler
from agnet.pareto import hypervolume
from agnet.strategies import AGNet

OPERATIONS = ["skip", "conv", None, 3]
TOGETHER = {
    "operation": CategoricalDistribution(OPERATIONS),
    "depth": IntDistribution(2, 8, step=2),
    "wide": CategoricalDistribution([0, 1]),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The warnings of the sampler, as they are logged."""
    messages: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.levelno == logging.WARNING
            messages.append(record.getMessage())

    logger, listener = logging.getLogger("optuna.agnet.integrations.optuna"), Listener()
    logger.addHandler(listener)
    yield messages
    logger.removeHandler(listener)


def toy(trial: Any) -> Any:
    """Of 1,024 combinations 12 at the most are best: ``b`` pays with the right ``a`` alone."""
    a, b, c, d = (trial.suggest_categorical(name, list("vwxy")) for name in "abcd")
    e = trial.suggest_int("e", 1, 4)
    return "wyxv".index(a) + (b == "x" and a == "v") * 2 + (c == "w") - abs(e - 3) + (d == "y") / 2


def small(trial: Any) -> Any:
    """Of 32 combinations."""
    operation = trial.suggest_categorical("operation", OPERATIONS)
    depth, wide = (
        trial.suggest_int("depth", 2, 8, step=2),
        trial.suggest_categorical("wide", [0, 1]),
    )
    return OPERATIONS.index(operation) - abs(depth - 6) / 2 + wide


def made(objective: Callable[..., Any], n: int, **settings: Any) -> Any:
    """A study in memory."""
    directions = settings.pop("directions", ["maximize"])
    study = optuna.create_study(directions=directions, sampler=AGNetSampler(**settings))
    study.optimize(objective, n_trials=n)
    return study


def params(study: Any) -> list[tuple[Any, ...]]:
    return [tuple(each.params[name] for name in sorted(each.params)) for each in study.trials]


def opened(folder: Path, sampler: Any) -> Any:
    """The study of a folder, as a process opens it that knows nothing else."""
    return optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name="toy",
        direction="maximize",
        sampler=sampler,
        load_if_exists=True,
    )


def test_it_beats_random_search() -> None:
    found = {}
    for name, make in (("agnet", AGNetSampler), ("random", optuna.samplers.RandomSampler)):
        values = []
        for seed in range(3):
            study = optuna.create_study(direction="maximize", sampler=make(seed=seed))
            study.optimize(toy, n_trials=30)
            values.append(study.best_value)
        found[name] = np.mean(values)
    assert found["agnet"] == 6.5  # the best of all
    assert found["agnet"] > found["random"]


def test_a_study_resumed_from_storage_equals_an_unbroken_one(tmp_path: Path) -> None:
    """Every time a new process with a new sampler, also within the random trials."""
    whole = made(toy, 18, seed=3, n_startup_trials=8)
    for n in (1, 4, 6, 1, 6):
        opened(tmp_path, AGNetSampler(seed=3, n_startup_trials=8)).optimize(toy, n_trials=n)
    resumed = opened(tmp_path, AGNetSampler(seed=3))
    assert params(resumed) == params(whole)
    assert params(made(toy, 18, seed=4, n_startup_trials=8)) != params(whole)


def test_nothing_is_refitted_before_a_trial_finishes(monkeypatch: pytest.MonkeyPatch) -> None:
    study = made(toy, 10, seed=0, n_startup_trials=8)
    fitted: list[int] = []

    def counting(*args: Any, **settings: Any) -> AGNet:
        fitted.append(len(study.trials))
        return AGNet(*args, **settings)

    monkeypatch.setattr("agnet.integrations.optuna.AGNet", counting)
    for _ in range(9):
        study.ask(toy_space())
    assert fitted == [11, 12, 13, 15, 19]  # each time for twice as many
    assert len(set(params(study))) == 19


def toy_space() -> dict[str, Any]:
    letters = {name: CategoricalDistribution(list("vwxy")) for name in "abcd"}
    return {**letters, "e": IntDistribution(1, 4)}


def test_running_trials_of_others_are_not_proposed_again(tmp_path: Path) -> None:
    """Two processes on one storage, whose trials have asked for one of their values so far."""
    first, second = (opened(tmp_path, AGNetSampler(seed=0, n_startup_trials=4)) for _ in range(2))
    first.optimize(toy, n_trials=6)
    asked, letters = [], list("vwxy")
    for study in (first, second) * 3:
        asked.append(study.ask())
        asked[-1].suggest_categorical("a", letters)
    chosen = [first.trials[trial.number].system_attrs[CHOSEN] for trial in asked]
    assert len({tuple(choice) for choice in chosen}) == 6
    then = [[trial.suggest_categorical(name, letters) for name in "abcd"] for trial in asked]
    assert [[letters.index(value) for value in row] for row in then] == [row[:4] for row in chosen]


def test_trials_of_which_nothing_is_known_are_taken_to_choose_first() -> None:
    """A worker that is between its start and its choice chooses what this one would have."""
    study, other = (made(toy, 12, seed=0, n_startup_trials=4) for _ in range(2))
    study._storage.create_new_trial(study._study_id)  # another worker, at its very start
    taken = other.ask(toy_space()).params
    assert study.ask(toy_space()).params not in (taken, study.trials[-2].params)
    assert other.ask(toy_space()).params == study.trials[-1].params


def test_enqueued_trials_are_kept_apart() -> None:
    study = made(small, 5, seed=0)
    left = [each for each in everything() if each not in [trial.params for trial in study.trials]]
    for each in left[:-1]:
        study.enqueue_trial(each)
    waiting = study.get_trials(states=(optuna.trial.TrialState.WAITING,))
    assert len(waiting) == 26
    parameters = Parameters(study.sampler.infer_relative_search_space(study, None))
    history = History.of(study, parameters, 10**6)
    free = study.sampler._random(history, 99)
    assert parameters.values(free.choices) == left[-1]


def everything() -> list[dict[str, Any]]:
    return [
        {"operation": operation, "depth": depth, "wide": wide}
        for operation in OPERATIONS
        for depth in (2, 4, 6, 8)
        for wide in (0, 1)
    ]


def test_a_small_space_is_searched_to_the_end_and_then_the_best_repeated(
    said: list[str],
) -> None:
    study = made(small, 32, seed=0)
    assert len(set(map(str, params(study)))) == 32
    assert not said
    study.optimize(small, n_trials=3)
    assert [each.params for each in study.trials[32:]] == [study.best_params] * 3
    assert len(said) == 1 and "All 32 combinations of depth, operation, wide" in said[0]


def test_several_directions_and_the_front_after_the_end() -> None:
    def both(trial: Any) -> tuple[float, float]:
        worth = small(trial)
        return worth, trial.params["depth"] + 3 * trial.params["wide"]

    directions = ["maximize", "minimize"]
    found = made(both, 40, seed=0, directions=directions)
    assert len(set(map(str, params(found)[:32]))) == 32
    front = [each.params for each in found.best_trials]
    assert all(each.params in front for each in found.trials[32:])
    volumes = []
    for sampler in (AGNetSampler(seed=1, n_startup_trials=5), optuna.samplers.RandomSampler(1)):
        study = optuna.create_study(directions=directions, sampler=sampler)
        study.optimize(both, n_trials=16)
        points = np.array([each.values for each in study.trials]) * [-1.0, 1.0]
        volumes.append(hypervolume(points, [4.0, 12.0]))
    assert volumes[0] > volumes[1]


def test_constraints_are_kept_and_seen_by_optuna() -> None:
    def over(trial: Any) -> list[float]:
        return [trial.params["e"] - 1.5, 0.0]

    study = made(toy, 40, seed=0, constraints_func=over)
    late = [each.params["e"] for each in study.trials[20:]]
    assert np.mean([e == 1 for e in late]) > 0.7  # a quarter of all combinations
    assert study.trials[0].system_attrs["constraints"] == over(study.trials[0])
    best = study.sampler._best(history_of(study), 0)
    assert Parameters(sorted_space()).values(best.choices)["e"] == 1


def sorted_space() -> dict[str, Any]:
    return dict(sorted(toy_space().items()))


def history_of(study: Any) -> History:
    return History.of(study, Parameters(sorted_space()), 10**6)


def test_a_constraint_has_to_be_a_number() -> None:
    with pytest.raises(InvalidInput, match="not NaN"):
        made(small, 1, constraints_func=lambda trial: [float("nan")])


def test_failures_pruned_trials_and_repeats() -> None:
    study = optuna.create_study(direction="maximize")
    first, second, third = everything()[:3]

    def add(values: dict[str, Any], state: str, value: float | None = None) -> None:
        state = optuna.trial.TrialState[state]
        distributions = {name: TOGETHER[name] for name in values}
        study.add_trial(
            optuna.trial.create_trial(
                state=state, value=value, params=values, distributions=distributions
            )
        )

    add(first, "FAIL")
    add(second, "PRUNED")
    add(third, "COMPLETE", 1.0)
    add(third, "COMPLETE", 4.0)
    add(third, "FAIL")
    add(second, "COMPLETE", float("inf"))
    add({"depth": 2}, "FAIL")  # before it asked for the others
    history = History.of(study, Parameters(TOGETHER), 99)
    assert [str(arch) for arch in history.archs] == [
        "x0=0,x1=0,x2=0",
        "x0=0,x1=0,x2=1",
        "x0=0,x1=1,x2=0",
    ]
    np.testing.assert_array_equal(history.outcomes.objectives, [[np.nan], [np.nan], [-2.5]])
    assert (len(history.pending), history.unknown, history.finished) == (0, 0, 7)


def test_objectives_that_fail_are_survived() -> None:
    def fails(trial: Any) -> Any:
        value = small(trial)
        if trial.number % 3 == 0:
            raise optuna.TrialPruned
        return float("nan") if trial.params["wide"] else value

    study = made(fails, 28, seed=0, n_startup_trials=3)
    assert len(set(map(str, params(study)))) == 28


def test_other_parameters_are_announced(said: list[str]) -> None:
    def mixed(trial: Any) -> Any:
        rate = trial.suggest_float("rate", 0.0, 1.0)
        many = trial.suggest_int("many", 0, 999)
        if trial.number % 2:
            trial.suggest_categorical("conditional", ["a", "b"])
        return small(trial) + rate + many / 999

    study = made(mixed, 14, seed=0, n_startup_trials=4)
    assert [text.split("'")[1] for text in said] == ["rate", "many", "conditional"]
    assert "integers of at most 16" in said[0] and "not the same parameter" in said[2]
    assert len({each.params["rate"] for each in study.trials}) == 14
    assert [each.params for each in made(mixed, 14, seed=0, n_startup_trials=4).trials] == [
        each.params for each in study.trials
    ]
    said.clear()
    made(mixed, 14, seed=0, warn_independent_sampling=False)
    assert not said


def test_another_sampler_can_do_the_rest() -> None:
    rest = optuna.samplers.GridSampler({"rate": [0.25, 0.75]})
    sampler = AGNetSampler(TOGETHER, seed=0, independent_sampler=rest)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: small(trial) + trial.suggest_float("rate", 0, 1), n_trials=2)
    assert {each.params["rate"] for each in study.trials} == {0.25, 0.75}


def test_a_search_space_that_is_given_is_used_from_the_first_trial() -> None:
    study = made(small, 32, seed=0, search_space=TOGETHER, n_startup_trials=40)
    assert len(set(map(str, params(study)))) == 32
    assert CHOSEN in study.trials[0].system_attrs


def test_threads_and_pickles() -> None:
    study = optuna.create_study(direction="maximize", sampler=AGNetSampler(seed=0))
    study.optimize(toy, n_trials=20, n_jobs=2)
    assert len(set(params(study)[3:])) == 17
    copy = pickle.loads(pickle.dumps(study.sampler))
    chosen = [each._chosen(study, Parameters(toy_space()), 20) for each in (study.sampler, copy)]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed = -1"),
        ({"seed": "a"}, "seed = 'a'"),
        ({"n_startup_trials": 0}, "n_startup_trials = 0"),
        ({"search_space": {"x": FloatDistribution(0, 1)}}, "'x'; only choices"),
        ({"search_space": {"x": IntDistribution(0, 16)}}, "'x'; only choices"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        AGNetSampler(**settings)


def test_parameters_and_combinations() -> None:
    parameters = Parameters(TOGETHER)
    assert parameters.space.sizes == (4, 4, 2)
    assert parameters.space.ordered == (False, True, False)
    for arch in parameters.space.enumerate():
        assert parameters.combination(parameters.values(arch.choices)) == arch.choices
    assert parameters.values((2, 3, 0)) == {"operation": None, "depth": 8, "wide": 0}
    for wrong in ({"operation": "pool"}, {"depth": 3}, {"depth": 10}):
        assert parameters.combination({**parameters.values((2, 3, 0)), **wrong}) is None
    assert parameters.combination({"depth": 2}) is None
