from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agnet.pareto import hypervolume
from agnet.strategies.bayesian.acquisitions import (
    ACQUISITIONS,
    _greedy,
    _hypervolume_improvement,
    _likely_feasible,
    _screened,
    _values,
)
from agnet.strategies.bayesian.apart import apart
from agnet.strategies.bayesian.beliefs import Beliefs
from tests.strategies.bayesian.told import LIMITS, SPACE, learnt, told


class Coverage:
    """Worth of a number is how far it is from those that are pending, and how large it is."""

    def __init__(self) -> None:
        self.pending = torch.empty(0, 1)

    def set_X_pending(self, pending: Tensor) -> None:  # noqa: N802
        self.pending = pending

    def __call__(self, part: Tensor) -> Tensor:
        assert part.ndim == 3 and part.shape[1] == 1
        near = (part[:, 0] - self.pending.T).abs() < 1.5
        return part[:, 0, 0] - 100.0 * near.sum(dim=1)


def test_a_batch_is_chosen_greedily() -> None:
    pool = torch.tensor([[1.0], [7.0], [6.0], [float("nan")], [5.0], [3.0]])
    assert _greedy(Coverage(), pool, 3).tolist() == [1, 4, 5]
    assert sorted(_greedy(Coverage(), pool, 9).tolist()) == [0, 1, 2, 3, 4, 5]
    assert len(_greedy(Coverage(), pool[:0], 2)) == 0


def test_screening_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agnet.strategies.bayesian.acquisitions.SHORTLIST", 2)
    assert _screened(Coverage(), torch.tensor([[2.0], [9.0], [4.0]]), 1).tolist() == [1, 2]


def pool_of(beliefs: Beliefs, n: int = 40) -> Tensor:
    return beliefs.encode(SPACE.sample(n, np.random.default_rng(5)))


def test_values_do_not_depend_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    beliefs = learnt(told())
    pool = pool_of(beliefs)
    found = []
    for chunk in (7, 1000):
        monkeypatch.setattr("agnet.strategies.bayesian.acquisitions.CHUNK", chunk)
        acquisition = _hypervolume_improvement(beliefs, 16, np.random.default_rng(0))
        with apart(np.random.default_rng(0)), torch.no_grad():
            found.append(_values(acquisition, pool))
    assert torch.allclose(found[0], found[1], atol=1e-6)


def test_gains_are_those_of_exact_hypervolumes() -> None:
    """A slow oracle: the mean gain over the acquisition's own samples, one by one."""
    beliefs = learnt(told(n=20))
    pool = pool_of(beliefs, 12)
    with apart(np.random.default_rng(0)), torch.no_grad():
        acquisition = _hypervolume_improvement(beliefs, 64, np.random.default_rng(0))
        found = _values(acquisition, pool).exp().numpy()
        samples = acquisition.sampler(beliefs.model.posterior(pool[:, None]))
    drawn = -beliefs.objective(samples, pool[:, None])[:, :, 0].numpy()
    reference, known = -beliefs.reference.numpy(), -beliefs.scores.numpy()
    before = hypervolume(known, reference)
    expected = [
        np.mean([hypervolume(np.vstack([known, one]), reference) - before for one in drawn[:, i]])
        for i in range(12)
    ]
    assert max(expected) > 1.0
    assert found == pytest.approx(expected, rel=0.01, abs=1e-3)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("limits", [(), LIMITS])
def test_choices_are_distinct_and_follow_from_the_stream(
    name: str, known: bool, limits: Any
) -> None:
    beliefs = learnt(told(known, limits))
    pool = pool_of(beliefs)
    with apart(np.random.default_rng(0)), torch.no_grad():
        first, again = (
            ACQUISITIONS[name](beliefs, pool, 4, np.random.default_rng(3)) for _ in range(2)
        )
    assert len(set(first.tolist())) == 4
    assert first.tolist() == again.tolist()


@pytest.mark.parametrize("name", ["qnehvi", "qehvi"])
def test_a_clear_improvement_is_chosen_first(name: str) -> None:
    """It is as cheap as the best and predicted as good; all others are what was told."""
    beliefs = learnt(told(n=60))
    both = beliefs.scores.max(dim=0).values
    pool = beliefs.inputs.clone()
    pool[17] = pool[int(beliefs.scores[:, 1].argmax())]
    pool[17, -1] = both[0]
    with apart(np.random.default_rng(0)), torch.no_grad():
        chosen = ACQUISITIONS[name](beliefs, pool, 1, np.random.default_rng(0))
    assert chosen.tolist() == [17]


def test_while_nothing_is_feasible_it_is_looked_for() -> None:
    beliefs = learnt(told(n=60, limits=LIMITS[1:]))
    pool = pool_of(beliefs, 100)
    with apart(np.random.default_rng(0)), torch.no_grad():
        chosen = _likely_feasible(beliefs, pool, 5, np.random.default_rng(0))
    latency = pool.reshape(100, -1)[:, 15:30].reshape(100, 3, 5).argmax(dim=2).sum(dim=1)
    assert latency[chosen].double().mean() < latency.double().mean() - 2
