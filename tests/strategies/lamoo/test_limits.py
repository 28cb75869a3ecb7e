from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agnet.objectives import Limit, Outcomes
from agnet.seeds import stream
from agnet.spaces import Architecture
from agnet.strategies import LaMOO, Problem
from tests.strategies.degenerate import degenerate
from tests.strategies.lamoo.told import BOTH, SPACE, Array, worth

NAN = float("nan")


@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_a_limit_that_can_be_computed_is_kept(sampler: str) -> None:
    limit = Limit("params_m", "<=", 9.0)

    def total(archs: Sequence[Architecture]) -> Array:
        return np.asarray(SPACE.to_choices(archs).sum(axis=1), dtype=np.float64)

    problem = Problem(SPACE, BOTH, (limit,), {"params_m": total})
    strategy = LaMOO(problem, stream(0, "strategy"), sampler=sampler)
    archs = SPACE.sample(40, stream(0, "initial"))
    for _ in range(4):
        excess = limit.excess(total(archs))[:, None]
        strategy.tell(archs, Outcomes(worth(archs), excess))
        archs = strategy.ask(5)
        assert (total(archs) <= 9).all()


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("sampler", ["random", "evolution", "cmaes"])
def test_degenerate_outcomes_are_taken(case: str, sampler: str) -> None:
    problem = Problem(SPACE, BOTH, (Limit("params_m", "<=", 1.0),))
    objectives, excess = degenerate()[case]
    for n in (1, 2, 40):
        strategy = LaMOO(problem, stream(0, "strategy"), sampler=sampler)
        archs = SPACE.sample(n, stream(0, "initial"))
        strategy.tell(archs, Outcomes(objectives[:n], excess[:n]))
        asked = strategy.ask(5)
        assert len(asked) == 5 and not strategy._archive.seen(asked).any()
        equal = case in ("all equal", "all failed", "all infeasible", "excess unknown", "infinite")
        if n < 16 or equal:
            assert strategy.rounds()[-1].depth == 0  # the whole space


def test_feasible_ones_are_what_it_learns_to_find() -> None:
    """A tenth of the space keeps the limit; at first it goes by the excess alone."""
    limit = Limit("params_m", "<=", 7.0)
    problem = Problem(SPACE, BOTH, (limit,))
    strategy = LaMOO(problem, stream(0, "strategy"), sampler="evolution")
    archs = SPACE.sample(200, stream(0, "initial"))
    archs = archs[archs.choices.sum(axis=1) > 9][:30]
    kept = []
    for _ in range(15):
        excess = limit.excess(archs.choices.sum(axis=1).astype(float))[:, None]
        kept.append(float((excess <= 0).mean()))
        strategy.tell(archs, Outcomes(worth(archs) * [1.0, -1.0], excess))
        archs = strategy.ask(5)
    assert kept[0] == 0.0
    assert np.mean(kept[-5:]) > 0.3
