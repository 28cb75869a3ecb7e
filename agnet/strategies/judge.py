"""What a surrogate makes of candidates: how much each promises, and which make a good batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.objectives import Outcomes
from agnet.pareto import dominance_numbers
from agnet.spaces import Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.feasibility import log_feasibility, margins
from agnet.strategies.guide import Guide
from agnet.strategies.hypervolume_gain import choose_by_gain, log_gains, part, whole
from agnet.strategies.targets import search_scores
from agnet.surrogates import GaussianProcess, GraphEnsemble, Surrogate
from agnet.surrogates.acquisitions import Acquisition

__all__ = ["Judge", "merged", "summed"]

Array: TypeAlias = npt.NDArray[np.float64]

SHORTLIST: Final = 512  # of the most promising, among which a batch is diverse
MARGIN: Final = 0.5  # of the range of the scores
# Of the deviation of a limit's metric: so much a prediction is off however sure it is. Where many
# cells lie right on a limit, it had ruled them out for less than that.
DOUBT: Final = 0.05


@final
class Judge:
    """Learns outcomes, and judges candidates by them.

    With one objective a candidate promises an upper confidence bound; with several, the logarithm
    of the hypervolume that it is expected to add, or the mean of the bounds if they are ``joint``.
    The log-probability that all limits are kept is added. Objectives that the problem knows are
    computed, not predicted; limits that it knows are left to the choice of candidates.

    That an evaluation does not fail is one more limit, on a number that is 1 where one did. Of what
    failed nothing else is known: neither a bad objective nor a large cost is learnt of it.

    With a guide, one objective is learnt as a multiple of what that tells, and a rest; what is
    added for a candidate does not depend on what is learnt of the rest, and so is added to the
    bound.

    Attributes:
        surrogate: What predicts.
    """

    def __init__(
        self,
        problem: Problem,
        surrogate: Surrogate,
        acquire: Sequence[Acquisition],
        *,
        joint: bool,
        guide: Guide | None = None,
    ) -> None:
        """Starts with nothing learnt; the choices of a batch are made by ``acquire`` in turn."""
        self._guide, self._slope = guide, 0.0
        self._problem, self.surrogate, self._acquire = problem, surrogate, acquire
        self._many = len(problem.objectives) > 1 and not joint
        self._aim = whole(len(problem.objectives))
        computed = problem.known if self._many else {}
        metrics = list(enumerate(objective.metric for objective in problem.objectives))
        self._known = [m for m, name in metrics if name in computed]
        self._predicted = [m for m, name in metrics if name not in computed] or [0]
        self._limits = problem.predicted_limits

    def learn(self, archive: Archive) -> None:
        """Fits the surrogate to a score of each objective, every limit, and what failed."""
        outcomes = archive.outcomes
        self._feasible, self._scale = outcomes.feasible, _scales(outcomes)
        self._scores = np.empty_like(outcomes.objectives)
        for m in self._predicted:
            self._scores[:, m] = search_scores(outcomes.objectives[:, m])
        for m in self._known:
            self._scores[:, m] = self._known_scores(m, outcomes.objectives[:, m])
        if self._guide is not None:
            self._scores[:, 0] = self._rest(self._guide, archive, self._scores[:, 0])
        limits = tuple(self._problem.limits[at] for at in self._limits)
        excess = _without_gaps(outcomes.excess[:, self._limits])
        targets, self._bounds = margins(excess, limits)
        failed = outcomes.failed
        if failed.any() and not failed.all():
            targets = np.column_stack([targets, failed])
            self._bounds = np.append(self._bounds, 0.5)
        self._doubt = DOUBT * targets.std(axis=0)
        columns = [self._scores[:, self._predicted], targets]
        self.surrogate.fit(archive.archs, np.concatenate(columns, axis=1))

    def turn(self, parts: float, rng: np.random.Generator) -> None:
        """Aims, with a probability of ``parts``, at a part of the front, else at all of it.

        With a single objective there is one aim only.
        """
        if self._many:
            objectives = len(self._problem.objectives)
            self._aim = part(objectives, rng) if rng.random() < parts else whole(objectives)

    def promise(self, archs: Architectures) -> Array:
        """How much ``(B,)`` candidates promise, each on its own."""
        return self._judged(archs)[0]

    def choose(self, pool: Architectures, n: int) -> npt.NDArray[np.int64]:
        """The rows of up to ``n`` candidates that promise much together, the first choice first."""
        if self._many:
            mean, std, feasible = self._believed(pool)
            front = self._scores[self._feasible]
            return choose_by_gain(mean, std, front, self._reference(), self._aim, n, feasible)
        promise, feasible = self._judged(pool)
        order = np.argsort(-promise, kind="stable")
        joint = len(self._problem.objectives) > 1
        if joint or not isinstance(self.surrogate, GraphEnsemble | GaussianProcess):
            return order[:n]
        first = order[: max(SHORTLIST, 16 * n)]  # bounds only sink while a batch is chosen
        offset = feasible[first] + self._told(pool[first])
        return first[self.surrogate.choose(pool[first], n, self._acquire, offset)]

    def _judged(self, archs: Architectures) -> tuple[Array, Array]:
        """What ``B`` candidates promise, and the log-feasibility in that."""
        mean, std, feasible = self._believed(archs)
        if not self._many:
            return self._bound(mean, std).mean(axis=1) + feasible, feasible
        front = self._scores[self._feasible]
        return log_gains(mean, std, front, self._reference(), self._aim) + feasible, feasible

    def _bound(self, mean: Array, std: Array) -> Array:
        """What candidates promise on their own: the mean of the bounds that take turns."""
        return np.asarray(np.mean([acquire(mean, std, 0.0) for acquire in self._acquire], axis=0))

    def _believed(self, archs: Architectures) -> tuple[Array, Array, Array]:
        """Means and deviations ``(B, M)`` of the scores, and log-feasibilities ``(B,)``."""
        mean, std = self.surrogate.predict(archs)
        count = len(self._predicted)
        measured = np.hypot(std, self.surrogate.noise)[:, count:]  # which is what limits bound
        doubted = np.hypot(measured, self._doubt)
        feasible = log_feasibility(mean[:, count:], doubted, self._bounds)
        means = np.empty((len(archs), len(self._problem.objectives)))
        stds = np.zeros_like(means)
        means[:, self._predicted], stds[:, self._predicted] = mean[:, :count], std[:, :count]
        for m in self._known:
            objective = self._problem.objectives[m]
            values = objective.sign * self._problem.known[objective.metric](archs)
            means[:, m], stds[:, m] = self._known_scores(m, values), 0.0
        means[:, 0] += self._told(archs)
        return means, stds, feasible

    def _rest(self, guide: Guide, archive: Archive, scores: Array) -> Array:
        """What is left of ``(B,)`` scores without what the guide tells, of unit variance."""
        told = guide(archive.archs)
        slope = guide.slope(told, scores)
        rest = scores - slope * told
        rest -= rest.mean()
        unit = float(rest.std()) or 1.0
        self._slope = slope / unit
        return rest / unit

    def _told(self, archs: Architectures) -> Array:
        """What the guide adds to ``(B,)`` means; nothing without one."""
        if self._guide is None:
            return np.zeros(len(archs))
        return self._slope * self._guide(archs)

    def _known_scores(self, m: int, values: Array) -> Array:
        shift, scale = self._scale[:, m]
        return np.asarray(-(np.nan_to_num(values, nan=shift) - shift) / scale)

    def _reference(self) -> Array:
        """Where hypervolume is measured from: beyond the worst score in each objective.

        A candidate that is worse in one than all that is known can then still add something.
        """
        worst, best = self._scores.min(axis=0), self._scores.max(axis=0)
        return np.asarray(worst - MARGIN * (best - worst))


def summed(outcomes: Outcomes) -> Outcomes:
    """Several objectives as one: the sum of the ranks in each (equation 4 of the paper)."""
    if outcomes.objectives.shape[1] == 1:
        return outcomes
    none = np.empty((len(outcomes), 0))
    columns = outcomes.objectives.T[:, :, None]
    total = np.sum([Outcomes(column, none).ranks() for column in columns], axis=0).astype(float)
    total[outcomes.failed] = np.nan
    return Outcomes(total[:, None], outcomes.excess)


def merged(outcomes: Outcomes) -> Outcomes:
    """Several objectives as one: by how many feasible ones each is dominated."""
    if outcomes.objectives.shape[1] == 1:
        return outcomes
    numbers = dominance_numbers(outcomes.feasible_objectives).astype(float)
    numbers[outcomes.failed] = np.nan
    return Outcomes(numbers[:, None], outcomes.excess)


def _without_gaps(excess: Array) -> Array:
    """``(B, L)`` excesses with the median of what is known in place of what is not."""
    filled: Array = excess.copy()
    for column in filled.T:
        gaps = np.isnan(column)
        if not gaps.all():
            column[gaps] = np.median(column[~gaps])
    return filled


def _scales(outcomes: Outcomes) -> Array:
    """Mean and deviation ``(2, M)`` of each objective; 0 and 1 where there is no number."""
    values = outcomes.objectives
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    shift = np.where(known, values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - shift, 0.0) ** 2).sum(axis=0) / count)
    return np.stack([shift, np.where(spread > 0, spread, 1.0)])
