"""Tree-structured Parzen estimators, as Optuna has them.

Bergstra, Bardenet, Bengio and Kegl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011;
with several objectives Ozaki et al., "Multiobjective Tree-Structured Parzen Estimator", JAIR 2022.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.extras import needs
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring

__all__ = ["TPE", "repaired"]

Array = npt.NDArray[np.float64]

MULTIVARIATE: Final = ("auto", "yes", "no")
ATTEMPTS: Final = 8  # draws for each architecture that is wanted, before random ones fill up
CONSTRAINTS: Final = "constraints"  # where Optuna keeps them, among the attributes of a trial


@final
class TPE(Strategy):
    """Draws what is likelier among the good than among the rest, by Optuna's ``TPESampler``.

    Every choice of the space is a categorical parameter. Within a batch, what has been drawn is a
    running trial, which the sampler takes for a bad one, so that it moves on. An infeasible
    architecture counts after all feasible ones, by its total excess; one that failed, or has an
    infinite objective, is a failed trial, which Optuna leaves out.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        multivariate: str = "auto",
        candidates: int = 24,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched, for any number of objectives.
            rng: The random stream, which seeds a sampler each time that something is asked for.
            multivariate: ``yes`` for choices that are drawn together, ``no`` for each on its own;
                ``auto`` for together if there is one objective, as Optuna 5 does. With several, on
                their own is better after 200 queries, and dearer the more choices there are.
            candidates: Draws among which a sampler takes the most promising one.

        Raises:
            InvalidInput: If a setting cannot be used.
            MissingExtra: If Optuna is not installed.
        """
        with needs("optuna", "tpe"):
            import optuna  # noqa: F401
        if multivariate not in MULTIVARIATE or candidates < 1:
            raise InvalidInput(
                f"got multivariate {multivariate!r} and {candidates} candidates; expected "
                f"{', '.join(MULTIVARIATE)}, and at least 1"
            )
        self._archive, self._rng = Archive(problem), rng
        together = len(problem.objectives) == 1 if multivariate == "auto" else multivariate == "yes"
        self._settings = {"multivariate": together, "n_ei_candidates": candidates}
        self._study: _Study | None = None

    def ask(self, n: int) -> Architectures:
        """Draws as long as there is something new; see :meth:`Strategy.ask`."""
        space = self._archive.problem.space
        found = space.batch([])
        if len(self._archive):
            study = self._told()
            seed = int(self._rng.integers(2**31))
            with study.drawing(seed, **self._settings) as draws:
                for _ in range(ATTEMPTS * n):
                    if len(found) >= n:
                        break
                    drawn = repaired(space, next(draws)[None], self._rng)
                    drawn = drawn[space.is_valid(drawn)]
                    found = self._archive.fresh(found + space.from_choices(drawn))
        return fill_up(found, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated and the random stream; the study follows from them."""
        return make_state("tpe", self._archive, self._rng)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("tpe", self._archive, self._rng, state):
            self._study = None

    def _told(self) -> _Study:
        """A study of all that was told; begun anew when the scale of an excess has changed."""
        excess = self._archive.outcomes.excess
        scale = np.nan_to_num(excess, nan=0.0).max(axis=0, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        if self._study is None or not np.array_equal(self._study.scale, scale):
            self._study = _Study(self._archive.problem, scale)
        self._study.add(self._archive)
        return self._study


def repaired(
    space: SearchSpace, choices: npt.NDArray[np.integer], rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Replaces options that earlier choices rule out by random ones that they allow.

    Args:
        space: What ``choices`` are to be architectures of.
        choices: ``(B, C)``, each within its options.
        rng: Draws the others.
    """
    fixed = choices.astype(np.int16)
    for step, at in enumerate(space.choice_order):
        allowed = space.allowed(fixed, step)
        wrong = ~allowed[np.arange(len(fixed)), fixed[:, at]]
        other = np.where(allowed[wrong], rng.random(allowed[wrong].shape), -1.0)
        fixed[wrong, at] = other.argmax(axis=1)
    return fixed


@final
class _Study:
    """An Optuna study in memory, to which an archive is told row after row.

    Attributes:
        scale: ``(L,)``, what excesses are divided by.
    """

    def __init__(self, problem: Problem, scale: Array) -> None:
        """Starts without trials."""
        import optuna

        sizes = problem.space.choice_sizes
        self._parameters = {
            f"choice{at:03d}": optuna.distributions.CategoricalDistribution(range(size))
            for at, size in enumerate(sizes)
        }
        self._rows, self._limited, self.scale = 0, bool(problem.limits), scale
        with _quiet():
            self._study = optuna.create_study(directions=["minimize"] * len(problem.objectives))

    def add(self, archive: Archive) -> None:
        """Adds the rows that are not there yet."""
        from optuna.trial import TrialState, create_trial

        new = slice(self._rows, len(archive))
        outcomes = Outcomes(archive.outcomes.objectives[new], archive.outcomes.excess[new])
        constraints = outcomes.excess / self.scale
        failed = outcomes.failed | ~np.isfinite(outcomes.objectives).all(axis=1)
        rows = zip(archive.archs.choices[new].tolist(), failed, strict=True)
        for row, (choices, fails) in enumerate(rows):
            told: dict[str, Any] = {"state": TrialState.FAIL}
            if not fails:
                told = {"values": outcomes.objectives[row].tolist()}
                told["system_attrs"] = {CONSTRAINTS: constraints[row].tolist()}
            params = dict(zip(self._parameters, choices, strict=True))
            trial = create_trial(params=params, distributions=self._parameters, **told)
            self._study.add_trial(trial)
        self._rows = len(archive)

    @contextmanager
    def drawing(self, seed: int, **settings: Any) -> Iterator[Iterator[npt.NDArray[np.int16]]]:
        """Yields draws ``(C,)`` without end, all of them running until the block is left."""
        import optuna

        self._study.sampler = self._sampler(seed, **settings)
        running = []

        def draws() -> Iterator[npt.NDArray[np.int16]]:
            while True:
                with _unwarned():
                    trial = self._study.ask(self._parameters)
                running.append(trial)
                yield np.array([trial.params[name] for name in self._parameters], dtype=np.int16)

        try:
            yield draws()
        finally:
            for trial in running:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _sampler(self, seed: int, **settings: Any) -> Any:
        """Makes a sampler."""
        import optuna

        if self._limited:
            settings["constraints_func"] = lambda trial: trial.system_attrs[CONSTRAINTS]
        with _unwarned():
            return optuna.samplers.TPESampler(seed=seed, constant_liar=True, **settings)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Keeps Optuna from warning of what is meant.

    Of arguments that are experimental in its older versions, or will go in newer ones; and of
    running trials without constraints, which older ones take for infeasible.
    """
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "Trial .* does not have constraint values", UserWarning)
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Optuna from saying that a study is begun."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.set_verbosity(before)
