from __future__ import annotations

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.objectives import Objective, Outcomes
from agnet.spaces import NASBench201
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.nat.evolving import evolved, solver_of
from agnet.strategies.nat.forecast import Forecast
from agnet.surrogates import BoostedTrees

pytest.importorskip("pymoo")
pytest.importorskip("lightgbm")

SPACE = NASBench201()


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_last_population_is_predicted_better_than_the_first(objectives: int) -> None:
    wanted = tuple(Objective(f"m{at}", "minimize") for at in range(objectives))
    archive = Archive(Problem(SPACE, wanted))
    archs = SPACE.sample(60, np.random.default_rng(0))
    choices = archs.choices.astype(np.float64)
    values = np.stack([choices[:, : 2 + at].sum(axis=1) for at in range(objectives)], axis=1)
    archive.add(archs, Outcomes(values, np.empty((60, 0))))
    forecast = Forecast(archive, lambda: BoostedTrees(SPACE, np.random.default_rng(0), folds=2))
    first = SPACE.sample(20, np.random.default_rng(1))
    last = evolved(
        forecast,
        first,
        np.random.default_rng(2),
        solver=solver_of("auto", objectives),
        population=20,
        generations=8,
    )
    assert len(set(last)) >= 10
    before, after = (forecast.points(archs)[0].sum(axis=1) for archs in (first, last))
    assert after.mean() < before.mean()


def test_the_solver_goes_by_the_number_of_objectives() -> None:
    assert [solver_of("auto", m) for m in (1, 2, 3)] == ["nsga2", "nsga2", "nsga3"]
    assert solver_of("nsga2", 3) == "nsga2"
    with pytest.raises(InvalidInput, match="swarm"):
        solver_of("swarm", 2)
