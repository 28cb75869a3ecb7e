"""What the trials of an Optuna study say of the combinations of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.extras import needs
from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architectures, ChoiceSpace
from agnet.strategies import Problem

with needs("optuna", "AGNetSampler"):
    from optuna.distributions import CategoricalDistribution, IntDistribution
    from optuna.trial import TrialState

__all__ = ["CHOSEN", "CONSTRAINTS", "STEPS", "History", "Parameters", "is_supported"]

STEPS: Final = 16  # integers of at most so many values are choices

# Attributes of a trial: what was chosen, before it is suggested; what is enqueued; constraints.
CHOSEN: Final = "agnet:choices"
FIXED: Final = "fixed_params"
CONSTRAINTS: Final = "constraints"

Combination = tuple[int, ...]
Array = npt.NDArray[np.float64]


def is_supported(distribution: Any) -> bool:
    """Says whether a parameter can be a choice: among 2 things or more, or 2 to 16 integers."""
    if isinstance(distribution, IntDistribution):
        return 2 <= len(_integers(distribution)) <= STEPS
    return isinstance(distribution, CategoricalDistribution) and len(distribution.choices) > 1


@final
class Parameters:
    """The parameters of a study as a space of choices, both ways.

    Attributes:
        distributions: By the names of the parameters, all of them supported.
        space: Of their combinations, the choices in the same order.
    """

    def __init__(self, distributions: Mapping[str, Any]) -> None:
        """Makes the space."""
        self.distributions = dict(distributions)
        ordered = [isinstance(each, IntDistribution) for each in self.distributions.values()]
        sizes = [len(_options(each)) for each in self.distributions.values()]
        self.space = ChoiceSpace.numbered(sizes, ordered)

    def values(self, combination: Combination) -> dict[str, Any]:
        """Returns the values of the parameters that a combination stands for."""
        pairs = zip(self.distributions.items(), combination, strict=True)
        return {name: _options(each)[option] for (name, each), option in pairs}

    def combination(self, values: Mapping[str, Any]) -> Combination | None:
        """Returns the combination that values stand for; None if one is missing or no option."""
        try:
            return tuple(_option(each, values[name]) for name, each in self.distributions.items())
        except (KeyError, ValueError):
            return None

    def of_trial(self, trial: Any) -> Combination | None:
        """Returns what a trial evaluates, or is about to; None if that cannot be known.

        What was suggested counts first, then what was enqueued, then what was chosen for it: other
        processes see a choice before the objective function asks for it.
        """
        known = {**trial.system_attrs.get(FIXED, {}), **trial.params}
        chosen = trial.system_attrs.get(CHOSEN)
        if chosen is not None and len(chosen) == len(self.distributions):
            if self.space.is_valid(np.array([chosen]))[0]:
                known = {**self.values(tuple(chosen)), **known}
        return self.combination(known)


@final
@dataclass(frozen=True)
class History:
    """What a study knows.

    Attributes:
        problem: Its objectives, and a limit for each constraint.
        archs: ``B`` combinations that were evaluated, each once, in the order of their trials.
        outcomes: What came out; the mean of several trials, failures only where all failed.
        pending: Combinations that are being evaluated, or are enqueued.
        unknown: How many earlier trials run of which nothing is known yet.
        finished: How many trials are finished.
    """

    problem: Problem
    archs: Architectures
    outcomes: Outcomes
    pending: Architectures
    unknown: int
    finished: int

    @classmethod
    def of(cls, study: Any, parameters: Parameters, number: int) -> History:
        """Reads the trials of a study, as the trial of a number sees them."""
        trials = [each for each in study.get_trials(deepcopy=False) if each.number != number]
        finished = [each for each in trials if each.state.is_finished()]
        open_trials = [each for each in trials if not each.state.is_finished()]
        names = sorted({name for each in finished for name in _constraints(each)})
        problem = _problem(parameters.space, study, names)
        rows: dict[Combination, list[Array]] = {}
        for trial in finished:
            combination = parameters.combination(trial.params)
            if combination is not None:
                rows.setdefault(combination, []).append(_row(trial, problem, names))
        outcomes = np.array([_mean(each) for each in rows.values()])
        outcomes = outcomes.reshape(len(rows), len(problem.objectives) + len(names))
        pending = [parameters.of_trial(each) for each in open_trials]
        unknown = [
            each.state == TrialState.RUNNING and each.number < number
            for each, combination in zip(open_trials, pending, strict=True)
            if combination is None
        ]
        return cls(
            problem,
            _archs(parameters.space, rows),
            Outcomes(*np.split(outcomes, [len(problem.objectives)], axis=1)),
            _archs(parameters.space, dict.fromkeys(each for each in pending if each is not None)),
            sum(unknown),
            len(finished),
        )

    def says_the_same(self, other: History) -> bool:
        """Says whether as much has been evaluated, with the same outcomes."""
        pairs = zip(_arrays(self), _arrays(other), strict=True)
        return self.problem == other.problem and all(
            np.array_equal(one, another, equal_nan=True) for one, another in pairs
        )


def _arrays(history: History) -> tuple[npt.NDArray[Any], ...]:
    rows = history.outcomes
    return (
        np.array(history.finished),
        history.archs.choices.astype(np.float64),
        rows.objectives,
        rows.excess,
    )


def _integers(distribution: Any) -> range:
    return range(distribution.low, distribution.high + 1, distribution.step)


def _options(distribution: Any) -> Sequence[Any]:
    if isinstance(distribution, IntDistribution):
        return _integers(distribution)
    return tuple(distribution.choices)


def _option(distribution: Any, value: Any) -> int:
    """Returns the number of an option.

    Raises:
        ValueError: If it is none of them.
    """
    if isinstance(distribution, IntDistribution):
        return _integers(distribution).index(value)
    return int(distribution.to_internal_repr(value))


def _archs(space: ChoiceSpace, combinations: Iterable[Combination]) -> Architectures:
    rows = np.array(list(combinations), dtype=np.int64).reshape(-1, len(space.sizes))
    return space.from_choices(rows)


def _problem(space: ChoiceSpace, study: Any, names: Sequence[str]) -> Problem:
    """What is searched; a direction that was not set is to minimise, as in Optuna."""
    objectives = tuple(
        Objective(f"value {at}", "maximize" if each.name == "MAXIMIZE" else "minimize")
        for at, each in enumerate(study.directions)
    )
    return Problem(
        space, objectives, tuple(Limit(f"constraint {name}", "<=", 0.0) for name in names)
    )


def _constraints(trial: Any) -> dict[str, float]:
    """The constraints of a trial by name: a list in all versions of Optuna, or one by one."""
    listed = trial.system_attrs.get(CONSTRAINTS) or ()
    found = {str(at): value for at, value in enumerate(listed)}
    for key, value in trial.system_attrs.items():
        if key.startswith(f"{CONSTRAINTS}:"):
            found[key.removeprefix(f"{CONSTRAINTS}:")] = value
    return found


def _row(trial: Any, problem: Problem, names: Sequence[str]) -> Array:
    """Objectives to be minimised, then excesses, ``(M + L,)``; all NaN if there is no number."""
    empty = np.full(len(problem.objectives) + len(names), np.nan)
    if trial.state != TrialState.COMPLETE:
        return empty
    signs = [objective.sign for objective in problem.objectives]
    constraints = _constraints(trial)
    over = [constraints.get(name, np.nan) for name in names]
    row = np.concatenate([np.multiply(signs, trial.values), over])
    return row if np.isfinite(row).all() else empty


def _mean(rows: Sequence[Array]) -> Array:
    """The mean of the rows with numbers, if there are any."""
    known = [row for row in rows if np.isfinite(row).all()]
    return np.asarray(np.mean(known, axis=0) if known else rows[0])
