"""Choosing a batch among a pool: BoTorch's acquisitions, asked of candidates one after another.

Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian Optimization", NeurIPS
2023 (the logarithms); Daulton, Balandat and Bakshy, "Differentiable Expected Hypervolume
Improvement for Parallel Multi-Objective Bayesian Optimization", NeurIPS 2020 (qEHVI), and "Parallel
Bayesian Optimization of Multiple Noisy Objectives with Expected Hypervolume Improvement", NeurIPS
2021 (qNEHVI); Knowles, "ParEGO", IEEE Transactions on Evolutionary Computation, 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agnet.strategies.bayesian.beliefs import Beliefs

__all__ = ["ACQUISITIONS", "Chooser", "qehvi", "qnehvi", "qparego"]

Rows: TypeAlias = npt.NDArray[np.int64]
Chooser: TypeAlias = Callable[[Beliefs, Tensor, int, np.random.Generator], Rows]
"""Says which up to ``n`` rows of inputs ``(C, F + K)`` to evaluate, the first choice first."""

SAMPLES: Final = 64  # of the outcomes, for an expected improvement,
FEWER: Final = 16  # of three objectives and more, each sample with a front of its own to cut up,
ROUGHLY: Final = 3e-3  # share of the volume below which a box is not cut any further
SCREENING: Final = 16  # for a first look at the whole pool,
PRUNING: Final = 128  # to see which of the known ones can be on the front
SHORTLIST: Final = 32  # are looked at closely: what the rest promises only sinks with each choice
JOINT: Final = 2  # pending choices whose outcomes are averaged over, by qEHVI
CHUNK: Final = 128  # candidates at a time: more do not fit into a processor's cache


def qnehvi(beliefs: Beliefs, pool: Tensor, n: int, rng: np.random.Generator) -> Rows:
    """By the logarithm of the noisy expected hypervolume improvement.

    The pool is screened by its value for fronts without noise.
    """
    if not beliefs.feasible.any():
        return _likely_feasible(beliefs, pool, n, rng)
    if beliefs.scores.shape[1] == 1:
        return _greedy(_noisy_improvement(beliefs, _first(beliefs), rng), pool, n)
    first = _screened(_hypervolume_improvement(beliefs, SCREENING, rng), pool, n)
    acquisition = _hypervolume_module().qLogNoisyExpectedHypervolumeImprovement(
        beliefs.model,
        beliefs.reference,
        _front(beliefs),
        sampler=_sampler(_samples(beliefs), rng),
        objective=_objectives(beliefs),
        constraints=beliefs.constraints(),
        alpha=_alpha(beliefs),
    )
    return first[_greedy(acquisition, pool[first], n)]


def qehvi(beliefs: Beliefs, pool: Tensor, n: int, rng: np.random.Generator) -> Rows:
    """By the logarithm of the expected hypervolume improvement on the outcomes as they were told.

    With one objective it is the expected improvement.
    """
    if not beliefs.feasible.any():
        return _likely_feasible(beliefs, pool, n, rng)
    if beliefs.scores.shape[1] > 1:
        first = _screened(_hypervolume_improvement(beliefs, SCREENING, rng), pool, n)
        return first[_jointly(beliefs, pool[first], n, rng)]
    from botorch.acquisition.logei import qLogExpectedImprovement

    acquisition = qLogExpectedImprovement(
        beliefs.model,
        beliefs.scores[beliefs.feasible].max(),
        sampler=_sampler(SAMPLES, rng),
        objective=_first(beliefs),
        constraints=beliefs.constraints(),
    )
    return _greedy(acquisition, pool, n)


def qparego(beliefs: Beliefs, pool: Tensor, n: int, rng: np.random.Generator) -> Rows:
    """By the noisy expected improvement of a scalarisation, each choice by another one.

    Weights are uniform on the simplex; objectives are scaled from the reference to the
    best that is feasible.
    """
    if not beliefs.feasible.any():
        return _likely_feasible(beliefs, pool, n, rng)
    from botorch.acquisition.objective import GenericMCObjective
    from botorch.utils.multi_objective import get_chebyshev_scalarization

    best = beliefs.scores[beliefs.feasible].max(dim=0).values
    ends = torch.stack([beliefs.reference, best])
    front = _front(beliefs)
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        weights = torch.from_numpy(rng.dirichlet(np.ones(len(best))))
        scalar = get_chebyshev_scalarization(weights, ends)
        objective = GenericMCObjective(lambda Y, X, f=scalar: f(beliefs.objective(Y, X)))
        acquisition = _noisy_improvement(beliefs, objective, rng, front)
        if chosen:
            acquisition.set_X_pending(pool[chosen])
        chosen.append(_best(acquisition, pool, chosen))
    return np.array(chosen, dtype=np.int64)


ACQUISITIONS: Final[dict[str, Chooser]] = {"qnehvi": qnehvi, "qehvi": qehvi, "qparego": qparego}


def _jointly(beliefs: Beliefs, pool: Tensor, n: int, rng: np.random.Generator) -> Rows:
    """The rows of up to ``n`` candidates by joint improvements with the last choices.

    Their cost doubles with each choice, so those before are taken to turn out as predicted.
    """
    chosen: list[int] = []
    while len(chosen) < min(n, len(pool)):
        settled = beliefs.expected(pool[chosen[:-JOINT]])
        acquisition = _hypervolume_improvement(beliefs, _samples(beliefs), rng, settled)
        if chosen:
            acquisition.set_X_pending(pool[chosen[-JOINT:]])
        chosen.append(_best(acquisition, pool, chosen))
    return np.array(chosen, dtype=np.int64)


def _hypervolume_improvement(
    beliefs: Beliefs, samples: int, rng: np.random.Generator, settled: Tensor | None = None
) -> Any:
    """An acquisition whose front is what was told, and ``settled`` outcomes ``(k, M)``."""
    from botorch.utils.multi_objective.box_decompositions import (
        FastNondominatedPartitioning,
        NondominatedPartitioning,
    )

    known, alpha = beliefs.scores[beliefs.feasible], _alpha(beliefs)
    if settled is not None:
        known = torch.cat([known, settled])
    if alpha > 0:
        cells = NondominatedPartitioning(beliefs.reference, known, alpha)
    else:
        cells = FastNondominatedPartitioning(beliefs.reference, known)
    return _hypervolume_module().qLogExpectedHypervolumeImprovement(
        beliefs.model,
        beliefs.reference,
        cells,
        sampler=_sampler(samples, rng),
        objective=_objectives(beliefs),
        constraints=beliefs.constraints(),
    )


def _hypervolume_module() -> Any:
    """BoTorch's module of hypervolume improvements, kept from compiling.

    At first use it would build a kernel in C++, which warns where there is no compiler, waits for
    ever if another process was killed while it did so, and rounds otherwise than what replaces it.
    """
    from botorch.acquisition.multi_objective import logei

    logei._load_attempted = True
    return logei


def _noisy_improvement(
    beliefs: Beliefs, objective: Any, rng: np.random.Generator, front: Tensor | None = None
) -> Any:
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement

    return qLogNoisyExpectedImprovement(
        beliefs.model,
        _front(beliefs) if front is None else front,
        sampler=_sampler(SAMPLES, rng),
        objective=objective,
        constraints=beliefs.constraints(),
        prune_baseline=True,
    )


def _likely_feasible(beliefs: Beliefs, pool: Tensor, n: int, rng: np.random.Generator) -> Rows:
    """By the probability that all limits are kept: nothing that was told keeps them."""
    if not len(beliefs.bounds):
        return np.arange(min(n, len(pool)))
    from botorch.acquisition.logei import qLogProbabilityOfFeasibility

    acquisition = qLogProbabilityOfFeasibility(
        beliefs.model, beliefs.constraints(), sampler=_sampler(SAMPLES, rng)
    )
    return _greedy(acquisition, pool, n)


def _front(beliefs: Beliefs) -> Tensor:
    """The inputs of those that were told which can be on the front."""
    from botorch.acquisition.multi_objective.utils import prune_inferior_points_multi_objective

    found: Tensor = prune_inferior_points_multi_objective(
        beliefs.model,
        beliefs.inputs,
        beliefs.reference,
        _objectives(beliefs),
        beliefs.constraints(),
        num_samples=PRUNING,
    )
    return found if len(found) else beliefs.inputs[beliefs.feasible]


def _objectives(beliefs: Beliefs) -> Any:
    from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective

    return GenericMCMultiOutputObjective(beliefs.objective)


def _first(beliefs: Beliefs) -> Any:
    from botorch.acquisition.objective import GenericMCObjective

    return GenericMCObjective(lambda Y, X: beliefs.objective(Y, X)[..., 0])


def _sampler(samples: int, rng: np.random.Generator) -> Any:
    from botorch.sampling import SobolQMCNormalSampler

    return SobolQMCNormalSampler(torch.Size([samples]), seed=int(rng.integers(2**31)))


def _alpha(beliefs: Beliefs) -> float:
    """How roughly the space above a front is cut into boxes: exactly up to three objectives.

    With four the exact boxes are too many. A level thirty times as rough can leave none at all.
    """
    return 0.0 if beliefs.scores.shape[1] <= 3 else ROUGHLY


def _samples(beliefs: Beliefs) -> int:
    """How many samples of the outcomes to average over."""
    return SAMPLES if beliefs.scores.shape[1] <= 2 else FEWER


def _screened(acquisition: Any, pool: Tensor, n: int) -> Rows:
    """The rows of the candidates most promising on their own, for a batch of ``n``."""
    order = torch.sort(_values(acquisition, pool), descending=True, stable=True).indices
    return np.asarray(order[: max(SHORTLIST, 2 * n)].numpy())


def _greedy(acquisition: Any, pool: Tensor, n: int) -> Rows:
    """The rows of up to ``n`` candidates, each the best together with those before it."""
    chosen: list[int] = []
    while len(chosen) < min(n, len(pool)):
        if chosen:
            acquisition.set_X_pending(pool[chosen])
        chosen.append(_best(acquisition, pool, chosen))
    return np.array(chosen, dtype=np.int64)


def _best(acquisition: Any, pool: Tensor, chosen: list[int]) -> int:
    """The row of the best candidate that has not been chosen."""
    values = _values(acquisition, pool)
    values[chosen] = -torch.inf
    return int(values.argmax())


def _values(acquisition: Any, pool: Tensor) -> Tensor:
    """What each of ``(C, F + K)`` candidates is worth, ``(C,)``; always finite."""
    found = torch.cat([acquisition(part[:, None]) for part in torch.split(pool, CHUNK)])
    return found.nan_to_num(nan=torch.finfo(found.dtype).min)
