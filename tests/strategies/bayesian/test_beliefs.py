from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.objectives import Outcomes
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.bayesian.beliefs import believe
from tests.strategies.bayesian.told import BOTH, LIMITS, SPACE, cost, learnt, told

NAN = float("nan")


def test_known_objectives_are_read_from_the_inputs() -> None:
    archive = told()
    beliefs = learnt(archive)
    assert beliefs.predicted == (1,) and beliefs.model.num_outputs == 1
    pool = SPACE.sample(7, np.random.default_rng(1))
    inputs = beliefs.encode(pool)
    assert inputs.dtype == torch.float64 and inputs.shape == (7, 31)
    costs = cost(archive.archs)
    expected = -(cost(pool) - costs.mean()) / costs.std(ddof=1)
    samples = torch.zeros(4, 7, 1, 1, dtype=torch.float64)
    found = beliefs.objective(samples, inputs[:, None])
    assert found.shape == (4, 7, 1, 2)
    assert found[2, :, 0, 0].numpy() == pytest.approx(expected)
    assert (found[..., 1] == 0).all()
    assert inputs[:, :30].sum(dim=1).tolist() == [6.0] * 7


def test_the_model_ignores_what_is_known() -> None:
    beliefs = learnt(told())
    inputs = beliefs.inputs.clone()
    mean = beliefs.model.posterior(inputs).mean
    inputs[:, -1] += 5.0
    assert torch.equal(beliefs.model.posterior(inputs).mean, mean)


@pytest.mark.parametrize("known", [True, False])
def test_it_predicts_what_it_learnt(known: bool) -> None:
    beliefs = learnt(told(known, n=150))
    pool = SPACE.sample(100, np.random.default_rng(1))
    mean = beliefs.model.posterior(beliefs.encode(pool)).mean.detach().numpy()
    assert mean.shape == (100, 1 if known else 2)
    accuracy = pool.choices[:, :3].sum(axis=1)
    assert np.corrcoef(mean[:, -1], accuracy)[0, 1] > 0.95


def test_scores_are_standard_and_the_reference_is_worse_than_all() -> None:
    archive = told(known=False)
    beliefs = learnt(archive)
    scores = beliefs.scores.numpy()
    assert scores.mean(axis=0) == pytest.approx(0.0)
    assert scores.std(axis=0, ddof=1) == pytest.approx(1.0)
    assert (np.argsort(scores[:, 1]) == np.argsort(-archive.outcomes.objectives[:, 1])).all()
    low, high = scores.min(axis=0), scores.max(axis=0)
    assert beliefs.reference.numpy() == pytest.approx(low - 0.1 * (high - low))


def test_outliers_count_as_hardly_worse_than_usual() -> None:
    """Of -4, ..., 4 the upper quartile is 2, and 8 the fence; what is good stays as good."""
    archive = Archive(Problem(SPACE, BOTH[1:]))
    values = np.array([-4.0, -3, -2, -1, 0, 1, 2, 3, 1e6])[:, None]
    archive.add(SPACE.sample(9, np.random.default_rng(0)), Outcomes(values, np.empty((9, 0))))
    near = np.minimum(values, 8.0)
    expected = -(near - near.mean()) / near.std(ddof=1)
    assert learnt(archive).scores.numpy() == pytest.approx(expected)


def test_computed_limits_decide_what_is_used_and_others_are_predicted() -> None:
    archive = told(limits=LIMITS)
    beliefs = learnt(archive)
    keeps = archive.outcomes.excess <= 0
    assert 0 < keeps.all(axis=1).sum() < keeps[:, 0].sum() < 30
    assert len(beliefs.inputs) == len(beliefs.scores) == keeps[:, 0].sum()
    assert beliefs.feasible.tolist() == keeps[keeps[:, 0], 1].tolist()
    constraints = beliefs.constraints()
    assert beliefs.model.num_outputs == 2 and constraints is not None and len(constraints) == 1
    mean = beliefs.model.posterior(beliefs.inputs).mean.detach()
    agree = (constraints[0](mean) <= 0) == beliefs.feasible
    assert agree.double().mean() > 0.9
    assert archive.problem.known_excess(archive.archs) == pytest.approx(
        archive.outcomes.excess[:, :1]
    )


def test_without_limits_there_are_no_constraints() -> None:
    assert learnt(told()).constraints() is None
    assert told().problem.known_excess(told().archs).shape == (30, 0)


def test_what_failed_is_as_bad_as_the_worst_and_on_no_front() -> None:
    archive = told()
    archive.outcomes.objectives[4, 1] = NAN
    worst = np.nanmax(archive.outcomes.objectives[:, 1])
    beliefs = learnt(archive)
    assert len(beliefs.inputs) == 29
    targets = beliefs.model.train_targets
    same = archive.outcomes.objectives[:, 1] == worst
    assert (targets[same] == targets[4]).all() and targets[4] == targets.min()


def test_two_outcomes_are_needed() -> None:
    assert believe(told(n=1)) is None
    assert believe(told(n=2)) is not None


def test_expected_are_the_means_of_what_should_be_feasible() -> None:
    beliefs = learnt(told(limits=LIMITS[1:], n=80))
    constraints = beliefs.constraints()
    with torch.no_grad():
        mean = beliefs.model.posterior(beliefs.inputs).mean
        found = beliefs.expected(beliefs.inputs)
    assert constraints is not None
    keeps = constraints[0](mean) <= 0
    assert 0 < keeps.sum() < 80 and len(found) == keeps.sum()
    assert torch.equal(found[:, 1], mean[keeps, 0])
    assert torch.equal(found[:, 0], beliefs.inputs[keeps, -1])
    assert beliefs.expected(beliefs.inputs[:0]).shape == (0, 2)
