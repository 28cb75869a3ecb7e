"""What is predicted of cells that have not been evaluated: accuracy, costs and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput
from agnet.spaces import Architectures, BlockCells
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.popnas.growth import Growth
from agnet.surrogates import GraphEnsemble, Surrogate
from agnet.surrogates.cost_regression import CostRegression
from agnet.surrogates.sequence import SequenceEnsemble

__all__ = ["ACCURACY_MODELS", "Predicted", "Predictors"]

Array: TypeAlias = npt.NDArray[np.float64]

ACCURACY_MODELS: Final = ("auto", "sequence", "gnn")


@final
@dataclass(frozen=True)
class Predicted:
    """What is expected of ``B`` cells.

    Attributes:
        accuracy: ``(B,)``, the first objective, turned so that more is better.
        costs: ``(B, C)``, the other objectives, each to be minimised; NaN if not predicted.
        excess: ``(B,)``, by how much the limits that cannot be computed are broken in all.
    """

    accuracy: Array
    costs: Array
    excess: Array


@final
class Predictors:
    """Models of all objectives and limits of a problem, fitted anew each time.

    The first objective is learnt by an ensemble from the cells themselves; the others, and limits,
    by regression on what the growth says of a cell, with scores of operations that are measured on
    the smallest cells. What can be computed is computed.
    """

    def __init__(
        self,
        problem: Problem,
        growth: Growth,
        rng: np.random.Generator,
        *,
        accuracy_model: str,
        cost_model: str,
        costs: bool,
    ) -> None:
        """Starts with nothing learnt.

        Args:
            problem: What is searched.
            growth: Of its space.
            rng: What models draw from.
            accuracy_model: ``sequence`` for cells of blocks, ``gnn`` for any, or ``auto``.
            cost_model: See :class:`agnet.surrogates.cost_regression.CostRegression`.
            costs: Whether other objectives than the first are predicted.

        Raises:
            InvalidInput: If there is no such model, or it cannot be used for the space.
        """
        if accuracy_model not in ACCURACY_MODELS:
            raise InvalidInput(
                f"got accuracy_model {accuracy_model!r}; expected {', '.join(ACCURACY_MODELS)}"
            )
        if accuracy_model == "auto":
            accuracy_model = "sequence" if isinstance(problem.space, BlockCells) else "gnn"
        self._problem, self._growth, self._rng = problem, growth, rng
        self._kind, self._costs = accuracy_model, costs
        self._cost_model = cost_model
        self._accuracy = self._made()
        CostRegression(cost_model)  # says now what could not be used later
        self._regressions: list[tuple[CostRegression, Array] | None] = []

    def fit(self, archive: Archive) -> None:
        """Learns everything that was evaluated with success."""
        outcomes = archive.outcomes
        known = outcomes.finite
        archs = archive.archs[known]
        problem = self._problem
        if problem.objectives[0].metric not in problem.known:
            self._accuracy = self._made()
            self._accuracy.fit(archs, -outcomes.objectives[known, :1])
        metrics = [objective.metric for objective in problem.objectives[1:]]
        columns = list(outcomes.objectives[known, 1:].T) if self._costs else []
        columns += list(outcomes.excess[known].T)
        metrics = metrics if self._costs else []
        metrics += [limit.metric for limit in problem.limits]
        self._regressions = [
            None if metric in problem.known else self._regression(archs, column)
            for metric, column in zip(metrics, columns, strict=True)
        ]

    def predict(self, archs: Architectures) -> Predicted:
        """Predicts everything of ``B`` cells."""
        problem = self._problem
        first = problem.objectives[0]
        if first.metric in problem.known:
            accuracy = -first.sign * problem.known[first.metric](archs)
        else:
            accuracy = self._accuracy.predict(archs)[0][:, 0]
        costs = np.full((len(archs), len(problem.objectives) - 1), np.nan)
        fitted = list(self._regressions)
        if self._costs:
            for at, objective in enumerate(problem.objectives[1:]):
                model = fitted.pop(0)
                if model is None:
                    costs[:, at] = objective.sign * problem.known[objective.metric](archs)
                else:
                    costs[:, at] = self._predicted(model, archs)
        excess = np.zeros(len(archs))
        for model in fitted:
            if model is not None:  # others are kept by all candidates
                excess += np.maximum(self._predicted(model, archs), 0.0)
        return Predicted(accuracy, costs, excess)

    def _made(self) -> Surrogate:
        if self._kind == "sequence":
            return SequenceEnsemble(self._problem.space, self._rng)
        return GraphEnsemble(self._problem.space, self._rng)

    def _regression(self, archs: Architectures, values: Array) -> tuple[CostRegression, Array]:
        scores = _scores(self._growth, archs, values)
        model = CostRegression(self._cost_model)
        model.fit(self._growth.features(archs, scores), values)
        return model, scores

    def _predicted(self, model: tuple[CostRegression, Array], archs: Architectures) -> Array:
        return model[0].predict(self._growth.features(archs, model[1]))


def _scores(growth: Growth, archs: Architectures, values: Array) -> Array:
    """What each operation costs beyond nothing, relative to the dearest: from 0 to 1, ``(O,)``.

    POPNASv2's dynamic reindex. An operation whose cell is not known is taken for the dearest.
    """
    empty, probes = growth.probes()
    at = {str(arch): row for row, arch in enumerate(archs)}
    base = at.get(str(empty[0]))
    found = [at.get(str(probe)) for probe in probes]
    if base is None:
        return np.ones(len(found))
    beyond = [np.nan if row is None else abs(values[row] - values[base]) for row in found]
    most = np.nanmax([*beyond, 0.0])
    if most == 0.0:
        return np.zeros(len(found))
    return np.asarray(np.nan_to_num(np.array(beyond) / most, nan=1.0))
