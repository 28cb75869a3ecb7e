"""AG-Net as a sampler for Optuna: pass it to a study that chooses among options.

import optuna
from agnet.integrations.optuna import AGNetSampler

study = optuna.create_study(direction="maximize", sampler=AGNetSampler(seed=0))
study.optimize(objective, n_trials=50)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, final

import numpy as np

from agnet.checks import whole
from agnet.errors import InvalidInput
from agnet.extras import needs
from agnet.integrations._optuna_history import (
    CHOSEN,
    CONSTRAINTS,
    STEPS,
    History,
    Parameters,
    is_supported,
)
from agnet.objectives import Outcomes
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures
from agnet.strategies import AGNet
from agnet.strategies.archive import Archive
from agnet.strategies.candidates import fill_up
from agnet.strategies.judge import merged

with needs("optuna", "AGNetSampler"):
    import optuna
    from optuna.samplers import BaseSampler, RandomSampler
    from optuna.trial import TrialState

__all__ = ["AGNetSampler"]

SEEDS: Final = 2**31
CHOOSING: Final = Lock()  # threads choose in turn, so that each sees what the others have chosen

EXHAUSTED: Final = (
    "All {size} combinations of {names} have been evaluated or are running: from now on "
    "AGNetSampler repeats the best. Stop the study, or add options."
)
INDEPENDENT: Final = (
    "The parameter '{name}' of trial {number} is sampled independently, at random: {reason}. "
    "AGNetSampler does not learn from it. Say warn_independent_sampling=False if that is intended."
)
UNSUPPORTED: Final = (
    f"only choices among options, and integers of at most {STEPS} values, are searched"
)
CONDITIONAL: Final = "it is not the same parameter in all trials that are complete"


@final
class AGNetSampler(BaseSampler):  # type: ignore[misc]  # Optuna is not type-checked here
    """Searches the combinations of a study's categorical and integer parameters with AG-Net.

    The first trials are random combinations. Then a Gaussian process is fitted to all trials that
    are finished, candidates are drawn uniformly and around the most promising ones, and the one
    that promises most is evaluated: by an upper confidence bound, or, in a study of several
    directions, by the hypervolume that it is expected to add to the front; times the probability
    that constraints are kept, if there are any. Failed and pruned trials count as failures.

    No combination is proposed twice, nor one that another worker is evaluating. (Two processes that
    choose in the very same moment do not see each other's choice: the later one then takes what
    promises second, which is another one unless they have seen different trials.) When there are no
    more, the best is repeated, with a warning.

    Parameters are chosen together if they are in every complete trial, with the same options;
    before there is such a trial, at random. Categorical parameters are, whatever their options; so
    are integers of at most 16 values (also on a log scale), which are treated as ordered. Any other
    parameter is sampled at random, with a warning.

    Everything is read from the study's storage. What is proposed depends on the seed, the trial's
    number and the other trials alone, not on what the sampler did before: a study that is resumed
    from a storage, in a new process with a new sampler of the same seed, goes on as an unbroken
    one.

    Example:
        .. code-block:: python

            def objective(trial):
                depth = trial.suggest_int("depth", 1, 8)
                kernel = trial.suggest_categorical("kernel", ["3x3", "5x5", "dilated"])
                return accuracy_of(build(depth, kernel))

            study = optuna.create_study(
                direction="maximize", sampler=AGNetSampler(seed=0), storage="sqlite:///study.db"
            )
            study.optimize(objective, n_trials=50)
    """

    def __init__(
        self,
        search_space: Mapping[str, Any] | None = None,
        *,
        seed: int | None = None,
        n_startup_trials: int = 10,
        constraints_func: Callable[[Any], Sequence[float]] | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        """Takes the settings; nothing is computed before the first trial.

        Args:
            search_space: Distributions of the parameters to be searched, by name; by default, those
                that all complete trials have.
            seed: At least 0; what is random depends on it and on the number of the trial. By
                default another one each time.
            n_startup_trials: How many trials must have succeeded before a surrogate is fitted.
            constraints_func: Given a finished trial, returns numbers that are at most 0 where
                constraints are kept. Those that an objective function sets itself
                (``trial.set_constraint``, in newer versions of Optuna) are kept without it.
            independent_sampler: For parameters that are not supported; random by default.
            warn_independent_sampling: Whether to tell, once each, which parameters are sampled
                independently.

        Raises:
            InvalidInput: If a setting cannot be used.
        """
        n_startup_trials = whole("n_startup_trials", n_startup_trials)
        seed = None if seed is None else whole("seed", seed, 0)
        for name, distribution in (search_space or {}).items():
            if not is_supported(distribution) and not distribution.single():
                raise InvalidInput(f"got {distribution} for {name!r}; {UNSUPPORTED}")
        self._given = None if search_space is None else dict(search_space)
        self._seed = int(np.random.default_rng().integers(SEEDS)) if seed is None else seed
        self._startup, self._constraints_func = n_startup_trials, constraints_func
        self._independent, self._warns = independent_sampler, warn_independent_sampling
        self._announced: set[str] = set()
        self._last: tuple[History, Architectures] | None = None

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        """Returns the parameters that are chosen together."""
        found = self._given
        if found is None:
            trials = study.get_trials(deepcopy=False)
            found = optuna.search_space.intersection_search_space(trials, include_pruned=True)
        return {name: each for name, each in found.items() if is_supported(each)}

    def sample_relative(
        self, study: Any, trial: Any, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        """Chooses their values, and notes them for other processes."""
        if not search_space:
            return {}
        parameters = Parameters(search_space)
        with CHOOSING:
            chosen = list(self._chosen(study, parameters, trial.number).choices)
            study._storage.set_trial_system_attr(trial._trial_id, CHOSEN, chosen)
        return parameters.values(tuple(chosen))

    def sample_independent(
        self, study: Any, trial: Any, param_name: str, param_distribution: Any
    ) -> Any:
        """Draws a parameter that is not chosen together with the others."""
        if self._warns:
            reason = self._why_independent(study, param_name, param_distribution)
            if reason is not None:
                told = {"name": param_name, "number": trial.number, "reason": reason}
                self._announce(INDEPENDENT.format(**told), about=param_name)
        sampler = self._independent
        if sampler is None:
            rng = stream(self._seed, f"parameter {param_name}", trial.number)
            sampler = RandomSampler(seed=int(rng.integers(SEEDS)))
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Any, trial: Any) -> None:
        """Passes the trial on to the independent sampler."""
        if self._independent is not None:
            self._independent.before_trial(study, trial)

    def after_trial(
        self, study: Any, trial: Any, state: Any, values: Sequence[float] | None
    ) -> None:
        """Stores the constraints of a trial, where Optuna looks for them too.

        Raises:
            InvalidInput: If a constraint is no number.
        """
        if self._constraints_func is not None and state in (TrialState.COMPLETE, TrialState.PRUNED):
            constraints = [float(value) for value in self._constraints_func(trial)]
            if any(math.isnan(value) for value in constraints):
                raise InvalidInput(f"got the constraints {constraints}; expected numbers, not NaN")
            study._storage.set_trial_system_attr(trial._trial_id, CONSTRAINTS, constraints)
        if self._independent is not None:
            self._independent.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Reseeds the independent sampler alone: workers differ by the numbers of their trials."""
        if self._independent is not None:
            self._independent.reseed_rng()

    def _chosen(self, study: Any, parameters: Parameters, number: int) -> Architecture:
        """What the trial of a number is to evaluate."""
        history = History.of(study, parameters, number)
        if int((~history.outcomes.failed).sum()) < self._startup:
            found = self._random(history, number)
        else:
            found = self._promising(history)
        if found is not None:
            return found
        names = ", ".join(parameters.distributions)
        self._announce(EXHAUSTED.format(size=parameters.space.size, names=names))
        return self._best(history, number)

    def _random(self, history: History, number: int) -> Architecture | None:
        """A combination that is new; None if there is no more."""
        archive, problem, pending = Archive(history.problem), history.problem, history.pending
        archive.add(history.archs, history.outcomes)
        shape = (len(pending), len(problem.objectives)), (len(pending), len(problem.limits))
        archive.add(pending, Outcomes(*(np.full(each, np.nan) for each in shape)))
        rng = stream(self._seed, "startup", number)
        found = fill_up(problem.space.batch([]), 1, archive, rng)
        return found[0] if len(found) else None

    def _promising(self, history: History) -> Architecture | None:
        """The most promising combination that no other trial evaluates; None if there is none.

        Trials that run, but have not said yet what they evaluate, are taken to be about to choose
        what promises most: they see the same trials.
        """
        batch = self._batch(history, 1 + len(history.pending) + history.unknown)
        keys = history.problem.space.keys
        free = batch[~np.isin(keys(batch), keys(history.pending))]
        return free[min(history.unknown, len(free) - 1)] if len(free) else None

    def _batch(self, history: History, n: int) -> Architectures:
        """At least ``n`` combinations, the most promising first; fewer if there are no more.

        As long as no trial finishes, it is the same batch, and nothing is fitted again.
        """
        ready = 0
        if self._last is not None and history.says_the_same(self._last[0]):
            ready = len(self._last[1])
            if ready >= n:
                return self._last[1]
        rng = stream(self._seed, "agnet", history.finished)
        strategy = AGNet(history.problem, rng, surrogate="gp", generator=False)
        strategy.tell(history.archs, history.outcomes)
        batch = strategy.ask(max(n, 2 * ready))
        self._last = history, batch
        return batch

    def _best(self, history: History, number: int) -> Architecture:
        """The best combination so far; any of the front if there are several objectives."""
        rng = stream(self._seed, "repeat", number)
        if not len(history.archs):
            return history.problem.space.sample(1, rng)[0]
        best = np.flatnonzero(merged(history.outcomes).ranks() == 0)
        return history.archs[int(rng.choice(best))]

    def _why_independent(self, study: Any, name: str, distribution: Any) -> str | None:
        """What is to be said; nothing before there is a complete trial with the parameter."""
        if not is_supported(distribution):
            return UNSUPPORTED
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return CONDITIONAL if any(name in each.params for each in trials) else None

    def _announce(self, text: str, about: str | None = None) -> None:
        """Warns once in the way of Optuna, whose verbosity holds for it."""
        if (about or text) not in self._announced:
            self._announced.add(about or text)
            optuna.logging.get_logger(f"optuna.{__name__}").warning(text)
