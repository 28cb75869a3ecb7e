"""What is known of outcomes, and what a Gaussian process thinks of those to come."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agnet.objectives import Outcomes
from agnet.spaces import Architecture
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.feasibility import margins
from agnet.surrogates.embeddings import as_written

__all__ = ["Beliefs", "Inputs", "believe"]

Array: TypeAlias = npt.NDArray[np.float64]

STEPS: Final = 20  # of L-BFGS at most
SURENESS: Final = 0.5  # deviation of the logarithm of the length scale, before anything is known
FENCE: Final = 1.5  # quartile distances above the upper quartile begin the outliers
LEAST: Final = 1e-9  # deviations below this share of the largest number are none
MARGIN: Final = 0.1  # of the spread, by which the reference is worse than the worst that is known


@final
@dataclass(frozen=True)
class Inputs:
    """Turns architectures into what acquisitions are asked of.

    Attributes:
        problem: Says which objectives are computed.
        known: Those objectives.
        scale: ``(2, M)``, mean and deviation of what was told, in units of ``unit``.
        unit: ``(M,)``.
    """

    problem: Problem
    known: tuple[int, ...]
    scale: Array
    unit: Array

    def __call__(self, archs: Sequence[Architecture]) -> Tensor:
        """Returns one-hot choices, then the scores of the ``K`` known objectives, ``(B, F + K)``.

        So the model can ignore the latter, and an acquisition has them at hand, exactly.
        """
        columns = [as_written(self.problem.space, archs)[0].astype(np.float64)]
        for m in self.known:
            objective = self.problem.objectives[m]
            values = objective.sign * self.problem.known[objective.metric](archs)
            columns.append(self.scores(values[:, None], [m]))
        return torch.from_numpy(np.concatenate(columns, axis=1))

    def scores(self, values: Array, columns: Sequence[int]) -> Array:
        """Standardised values ``(B, len(columns))``, the highest the best; a missing one is 0."""
        shift, spread = self.scale[:, columns]
        return np.asarray(-np.nan_to_num((values / self.unit[columns] - shift) / spread))


@final
@dataclass(frozen=True)
class Beliefs:
    """Outcomes that were told, and a model of those that were not; larger is better.

    Attributes:
        model: A BoTorch model of ``P`` objectives and of ``L`` limits that must be predicted.
        encode: Makes its inputs.
        inputs: ``(B, F + K)``, of what was told and breaks no limit that is computed.
        scores: ``(B, M)``, standardised, of the same.
        feasible: ``(B,)``, which of those keep the other limits, too.
        reference: ``(M,)``, where hypervolume is measured from.
        predicted: The ``P`` objectives.
        bounds: ``(L,)``; a limit is kept where its output is below.
    """

    model: Any
    encode: Inputs
    inputs: Tensor
    scores: Tensor
    feasible: Tensor
    reference: Tensor
    predicted: tuple[int, ...]
    bounds: Tensor

    def objective(self, samples: Tensor, X: Tensor | None = None) -> Tensor:
        """Objectives ``(S, ..., q, M)`` of samples ``(S, ..., q, P + L)`` at ``X``.

        The known ones are read from the inputs ``(..., q, F + K)``.
        """
        found = samples.new_empty(*samples.shape[:-1], self.scores.shape[-1])
        found[..., list(self.predicted)] = samples[..., : len(self.predicted)]
        known = list(self.encode.known)
        if known and X is not None:
            found[..., known] = X[..., -len(known) :].to(found)
        return found

    def expected(self, inputs: Tensor) -> Tensor:
        """The expected objectives ``(k, M)`` at those of inputs that should be feasible."""
        if not len(inputs):
            return self.scores[:0]
        mean = self.model.posterior(inputs).mean
        keeps = (mean[:, len(self.predicted) :] <= self.bounds).all(dim=1)
        return self.objective(mean, inputs)[keeps]

    def constraints(self) -> list[Callable[[Tensor], Tensor]] | None:
        """What is negative where samples keep a limit, one function a limit; None without any."""

        def excess(at: int) -> Callable[[Tensor], Tensor]:
            return lambda samples: samples[..., len(self.predicted) + at] - self.bounds[at]

        return [excess(at) for at in range(len(self.bounds))] or None


def believe(archive: Archive) -> Beliefs | None:
    """Learns from everything that was told; None if that is less than two outcomes.

    What failed is learnt as the worst value that is known, and never part of a front. The reference
    is a tenth of the spread worse than the worst feasible outcome in each objective; than the worst
    of all while none is feasible.
    """
    problem, outcomes = archive.problem, _finite(archive.outcomes)
    told = ~np.isnan(outcomes.objectives).any(axis=1)
    if told.sum() < 2:
        return None
    values = outcomes.objectives
    values = np.where(np.isnan(values), values[told].max(axis=0), values)
    metrics = list(enumerate(objective.metric for objective in problem.objectives))
    known = tuple(m for m, name in metrics if name in problem.known)
    learnt = tuple(m for m, name in metrics if name not in problem.known)
    values[:, learnt] = _without_outliers(values[:, learnt])
    predicted = learnt or (0,)  # a model needs an output, even if none is asked for
    unit, scale = _scale(values)
    encode = Inputs(problem, known, scale, unit)
    scores = encode.scores(values, range(len(metrics)))
    targets, bounds = _limits(outcomes, problem)
    outputs = np.concatenate([scores[:, predicted], targets], axis=1)
    inputs = encode(archive.archs)
    usable = np.asarray(told & (outcomes.excess[:, problem.known_limits] <= 0).all(axis=1))
    feasible = np.asarray(outcomes.feasible & usable)
    reference = _reference(scores[feasible] if feasible.any() else scores[told])
    return Beliefs(
        _fitted(inputs, torch.from_numpy(outputs), len(known), len(problem.space.choice_sizes)),
        encode,
        inputs[torch.from_numpy(usable)],
        torch.from_numpy(scores[usable]),
        torch.from_numpy(feasible[usable]),
        torch.from_numpy(reference),
        predicted,
        torch.from_numpy(bounds),
    )


def _finite(outcomes: Outcomes) -> Outcomes:
    """Outcomes in which what is not a finite number is missing."""
    parts = (outcomes.objectives, outcomes.excess)
    return Outcomes(*(np.where(np.isfinite(part), part, np.nan) for part in parts))


def _scale(values: Array) -> tuple[Array, Array]:
    """Units ``(M,)`` of columns ``(B, M)``, and mean and deviation ``(2, M)`` in these units.

    In units of the largest, squares of huge numbers stay finite.
    """
    unit = np.abs(values).max(axis=0)
    unit[unit == 0] = 1.0
    spread = (values / unit).std(axis=0, ddof=1)
    spread[spread < LEAST] = 1.0
    return unit, np.stack([(values / unit).mean(axis=0), spread])


def _limits(outcomes: Outcomes, problem: Problem) -> tuple[Array, Array]:
    """Standardised targets ``(B, L)`` of limits that must be predicted, and their bounds."""
    at = problem.predicted_limits
    if not at:
        return np.empty((len(outcomes), 0)), np.empty(0)
    limits = tuple(problem.limits[i] for i in at)
    targets, bounds = margins(outcomes.excess[:, at], limits)
    unit, (shift, spread) = _scale(targets)
    return (targets / unit - shift) / spread, (bounds / unit - shift) / spread


def _without_outliers(values: Array) -> Array:
    """Columns ``(B, P)`` with what is far worse than most brought as near as counts as usual.

    Tukey's fence: some cells learn nothing, and next to those all others would look the same.
    """
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    return np.asarray(np.minimum(values, high + FENCE * (high - low)))


def _reference(scores: Array) -> Array:
    worst, best = scores.min(axis=0), scores.max(axis=0)
    return np.asarray(worst - MARGIN * np.where(best > worst, best - worst, 1.0))


def _fitted(inputs: Tensor, outputs: Tensor, known: int, choices: int) -> Any:
    """An independent process for each output, the library's own in all but the steps of its fit."""
    from botorch.exceptions import InputDataWarning, ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms.input import FilterFeatures
    from gpytorch.mlls import ExactMarginalLogLikelihood

    coordinates = FilterFeatures(torch.arange(inputs.shape[1] - known))
    with warnings.catch_warnings():
        # A constant output cannot have unit variance.
        warnings.simplefilter("ignore", InputDataWarning)
        model = SingleTaskGP(
            inputs,
            outputs,
            covar_module=_kernel(outputs.shape[1], choices),
            outcome_transform=None,
            input_transform=coordinates,
        )
    likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
    try:
        fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": STEPS}})
    except ModelFittingError:
        likelihood.eval()  # the modes of the priors are sound, too
    return model


def _kernel(outputs: int, choices: int) -> Any:
    """A Gaussian of how many of ``choices`` differ, of one length scale for each output.

    A length scale an option, the library's default, cannot be learnt from so few outcomes. The
    prior keeps architectures that differ in everything from being strangers to each other.
    """
    from gpytorch.kernels import RBFKernel, ScaleKernel
    from gpytorch.priors import GammaPrior, LogNormalPrior

    shape = torch.Size([outputs]) if outputs > 1 else torch.Size()
    usual = float(choices) ** 0.5
    kernel = RBFKernel(
        batch_shape=shape, lengthscale_prior=LogNormalPrior(float(np.log(usual)), SURENESS)
    )
    kernel.lengthscale = usual
    return ScaleKernel(kernel, batch_shape=shape, outputscale_prior=GammaPrior(2.0, 0.15))
