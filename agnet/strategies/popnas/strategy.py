"""POPNASv2: search by growth, along the fronts of predicted accuracy and cost.

Falanti, Lomurno, Samele, Ardagna and Matteucci, "POPNASv2: An Efficient Multi-Objective Neural
Architecture Search Technique", IJCNN 2022; with ``mode="pnas"``, Liu et al., "Progressive Neural
Architecture Search", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.popnas.exploration import explore, underused
from agnet.strategies.popnas.growths import growth_of
from agnet.strategies.popnas.plan import Plan
from agnet.strategies.popnas.predictors import Predicted, Predictors
from agnet.strategies.popnas.selection import kept_front, layers, most_accurate

__all__ = ["POPNAS"]

MODES: Final = ("popnas", "pnas")
Rows = npt.NDArray[np.int64]


@final
class POPNAS(Strategy):
    """Evaluates all of the smallest cells, then those of their descendants that promise most.

    At each step the predictors learn everything that was evaluated, all cells that grow from those
    of the last step are predicted, and the front of accuracy and costs is evaluated, cut to the
    most accurate; at all steps but the last also cells with elements that the front hardly uses. A
    step ends when all of its cells have been evaluated, and the search after the last step, though
    budget may be left: then nothing more is proposed.

    The first objective is the accuracy (in whichever direction it is better), the others are costs.
    With no cost, or in the mode ``pnas``, the most accurate cells by prediction take the place of
    the front, and nothing is explored. It begins without random architectures: cells that are not
    of its steps are learnt, but most do not grow.
    """

    initial = 0
    by_steps = True

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        mode: str = "popnas",
        kept: int = 256,
        explored: int = 16,
        fill_layers: int = 0,
        accuracy_model: str = "auto",
        cost_model: str = "boosting",
        cells: int = 8,
    ) -> None:
        """Starts before the first step.

        Args:
            problem: What is searched; cells of blocks, of NAS-Bench-101 or of NAS-Bench-201.
            rng: The random stream.
            mode: ``popnas``, or ``pnas`` to keep the most accurate by prediction.
            kept: The most cells of the front of a step.
            explored: The most further cells of a step.
            fill_layers: Where the front has fewer cells than this, successive fronts of the rest
                fill it up; 0 for the method as published.
            accuracy_model: ``sequence`` (cells of blocks), ``gnn``, or ``auto`` for the first that
                can be used.
            cost_model: ``boosting``, or ``svr``: see
                :class:`agnet.surrogates.cost_regression.CostRegression`.
            cells: How many cells a network of blocks stacks, which costs depend on.

        Raises:
            InvalidInput: If a setting or the space cannot be used.
        """
        if mode not in MODES:
            raise InvalidInput(f"got mode {mode!r}; expected {' or '.join(MODES)}")
        if kept < 1 or explored < 0 or fill_layers < 0:
            raise InvalidInput(
                f"got kept {kept}, explored {explored}, fill_layers {fill_layers}; expected at "
                "least 1, 0 and 0"
            )
        self._growth = growth_of(problem.space, cells)
        if not problem.keeps_known_limits(self._growth.start()).any():
            raise InvalidInput(
                f"got limits that all of the smallest cells of {problem.space.name} break, of "
                "which the search begins; relax them"
            )
        self._by_front = mode == "popnas" and len(problem.objectives) > 1
        self._kept, self._explored, self._fill = kept, explored, fill_layers
        self._archive, self._rng = Archive(problem), rng
        self._predictors = Predictors(
            problem,
            self._growth,
            rng,
            accuracy_model=accuracy_model,
            cost_model=cost_model,
            costs=self._by_front,
        )
        self._plan = Plan(problem.space, len(problem.objectives))

    @property
    def plan(self) -> Plan:
        """All cells that were planned so far, with what was predicted of them before."""
        return self._plan

    def ask(self, n: int) -> Architectures:
        """Proposes the next cells of the present step; see :meth:`Strategy.ask`.

        Fewer than ``n`` come back at the end of a step, and none after the last one.
        """
        while self._plan.left or self._advance():
            archs = self._archive.fresh(self._plan.take(n))
            if len(archs):  # others were told meanwhile
                return archs
        return self._archive.problem.space.batch([])

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated, the plan and the random stream; models are fitted anew."""
        plan = self._plan.state_dict()
        return make_state("popnas", self._archive, self._rng, plan=plan)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("popnas", self._archive, self._rng, state):
            self._plan.load_state_dict(state["plan"])

    def _advance(self) -> bool:
        """Plans the next step, and says whether there was one."""
        step = self._plan.steps
        if step > self._growth.steps:
            return False
        if step == 0:
            start = self._archive.allowed(self._growth.start())
            self._plan.add(start[self._rng.permutation(len(start))])
            return True
        archive = self._archive
        parents = archive.outcomes.finite & (self._growth.step(archive.archs) == step - 1)
        candidates = archive.allowed(self._growth.grown(archive.archs[parents]))
        if not len(candidates) or not parents.any():
            return False
        self._predictors.fit(archive)
        predicted = self._predictors.predict(candidates)
        front, more = self._chosen(candidates, predicted, last=step == self._growth.steps)
        rows = np.concatenate([front, more])
        self._plan.add(candidates[rows], predicted, rows, explored=len(more))
        return True

    def _chosen(
        self, candidates: Architectures, predicted: Predicted, *, last: bool
    ) -> tuple[Rows, Rows]:
        """The rows of the front, or what takes its place, and of the cells to explore."""
        none = np.empty(0, dtype=np.int64)
        open_ = np.flatnonzero(predicted.excess <= 0)
        if not len(open_):  # all seem to break a limit: the predictions may be wrong
            open_ = np.arange(len(candidates))
        accuracy, costs = predicted.accuracy[open_], predicted.costs[open_]
        if not self._by_front:
            return open_[most_accurate(accuracy, self._kept)], none
        front = kept_front(accuracy, costs, self._kept)
        if len(front) < self._fill:
            front = layers(accuracy, costs, min(self._fill, self._kept))
        if last or not self._explored:
            return open_[front], none
        usage = self._growth.usage(candidates[open_])
        rare = underused(usage[front])
        return open_[front], open_[explore(accuracy, costs, usage, rare, self._explored, front)]
