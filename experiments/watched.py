"""A search that is watched round by round, and that may stop when nothing better is left.

It is the public loop, with a strategy around the strategy: proposals, streams and histories are
those of an ordinary search with the same configuration, up to where it stops.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from agnet import (
    Architecture,
    Architectures,
    Run,
    SearchConfig,
    SearchSpace,
    Strategy,
    open_benchmark,
    search,
)
from agnet.benchmarks import Benchmark
from agnet.objectives import Outcomes
from agnet.strategies import Problem, make_strategy

PHASE: Final = 16  # proposals, of which one rank correlation is taken


@dataclass(frozen=True)
class Round:
    """One round: how many were known before, CPU seconds of asking, and the peak of memory."""

    known: int
    seconds: float
    peak_megabytes: float


@final
class Watched(Strategy):
    """Asks another strategy, and notes what its surrogate predicted of each proposal."""

    def __init__(
        self,
        inner: Strategy,
        space: SearchSpace,
        *,
        stop_at: float | None = None,
        predict: bool = False,
    ) -> None:
        """Takes the strategy.

        Args:
            inner: The strategy.
            space: What it searches.
            stop_at: Propose nothing more once an objective that is to be maximised got so high.
            predict: Note predictions.
        """
        self.inner, self._space, self._stop_at = inner, space, stop_at
        self._predict, self._known, self._best = predict, 0, -np.inf
        self.rounds: list[Round] = []
        self.predicted: list[float] = []
        self.found: list[float] = []

    def ask(self, n: int) -> Architectures:
        """Proposes what the other one does, or nothing where the search is to stop."""
        if self._stop_at is not None and self._best >= self._stop_at:
            return self._space.batch([])
        began = time.process_time()
        archs = self.inner.ask(n)
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.rounds.append(Round(self._known, seconds, peak))
        surrogate = getattr(self.inner, "surrogate", None) if self._predict else None
        if surrogate is not None and len(archs):
            self.predicted += surrogate.predict(archs)[0][:, 0].tolist()
        return archs

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Tells the other one, and notes the best."""
        self.inner.tell(archs, outcomes)
        values = -outcomes.objectives[:, 0]
        if len(self.found) < len(self.predicted):
            self.found += values.tolist()
        self._known += len(archs)
        self._best = float(np.max(values[outcomes.feasible], initial=self._best))

    def state_dict(self) -> dict[str, Any]:
        """Returns the state of the other one; what is watched is not kept."""
        return self.inner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the other one."""
        self.inner.load_state_dict(state)

    def correlations(self) -> list[float | None]:
        """Spearman's rank correlation of prediction and value in each 16 proposals.

        A phase that a stop cut short is left out; None where all values are equal.
        """
        whole = len(self.found) // PHASE * PHASE
        pairs = np.array([self.predicted[:whole], self.found[:whole]]).reshape(2, -1, PHASE)
        return [
            float(spearmanr(a, b)[0]) if np.ptp(a) > 0 and np.ptp(b) > 0 else None
            for a, b in zip(*pairs, strict=True)
        ]


def watch(
    config: SearchConfig, *, stop_at: float | None = None, predict: bool = False
) -> tuple[Run, Watched]:
    """Searches, and returns the run and what was seen of it."""
    made: list[Watched] = []

    def watched(problem: Problem, rng: np.random.Generator) -> Strategy:
        inner = make_strategy(config.strategy, problem, rng, config.options)
        made.append(Watched(inner, problem.space, stop_at=stop_at, predict=predict))
        return made[-1]

    run = search(open_benchmark(**config.benchmark), config, strategy=watched)
    return run, made[-1]


def rises(curve: npt.NDArray[np.float64]) -> list[list[float]]:
    """Where the curve ``(B,)`` of a best so far rises: pairs of a number of queries and a value."""
    before = np.concatenate([[-np.inf], np.nan_to_num(curve[:-1], nan=-np.inf)])
    return [[int(i) + 1, float(curve[i])] for i in np.flatnonzero(curve > before)]


def best_at(curve: Sequence[Sequence[float]], queries: int) -> float:
    """The best after so many queries of a curve of :func:`rises`; NaN if nothing was feasible."""
    return max((value for number, value in curve if number <= queries), default=np.nan)


def queries_to(run: Run, best: float) -> int | None:
    """How many queries it took to find the best; None if it was not found."""
    found = np.flatnonzero(run.best_so_far() >= best)
    return int(found[0]) + 1 if len(found) else None


def best_of(benchmark: Benchmark, metric: str = "val_accuracy") -> float:
    """The highest value in a benchmark whose space can be listed."""
    return float(np.nanmax(benchmark.query(benchmark.space.enumerate(), [metric])))


def test_accuracy(run: Run, queries: int, metric: str = "test_accuracy") -> float:
    """Reads the test accuracy of what validation, without limits, had selected by then."""
    selected = run.rows[int(run.values[:queries, 0].argmax())].arch
    benchmark = run.benchmark
    return float(benchmark.query([benchmark.space.parse(selected)], [metric])[0, 0])
