from __future__ import annotations

import numpy as np
import pytest

from agnet.seeds import stream
from agnet.spaces import Architectures, BlockCells
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.popnas import BlockGrowth
from agnet.strategies.popnas.predictors import Predictors, _scores
from tests.strategies.popnas.told import BOTH, SPACE, outcomes

SMALL = BlockCells(2, 1, ("A", "B", "C"))
GROWTH = BlockGrowth(SMALL)


def measured(seconds: dict[str, float]) -> tuple[Architectures, np.ndarray]:
    names = {"empty": "[]", **{op: f"[(-1,{op},-1,{op})]" for op in "ABC"}}
    archs = SMALL.batch([SMALL.parse(names[name]) for name in seconds])
    return archs, np.array(list(seconds.values()))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"empty": 5.0, "A": 5.0, "B": 7.0, "C": 9.0}, [0.0, 0.5, 1.0]),
        ({"empty": 5.0, "A": 4.0, "B": 7.0, "C": 5.0}, [0.5, 1.0, 0.0]),
        ({"empty": 5.0, "A": 5.0, "B": 5.0, "C": 5.0}, [0.0, 0.0, 0.0]),
        ({"empty": 5.0, "A": 6.0, "C": 7.0}, [0.5, 1.0, 1.0]),  # B is taken for the dearest
        ({"A": 5.0, "B": 6.0, "C": 7.0}, [1.0, 1.0, 1.0]),
    ],
)
def test_scores_of_operations_by_hand(seconds: dict[str, float], expected: list[float]) -> None:
    """The difference to the empty cell, relative to the largest."""
    assert _scores(GROWTH, *measured(seconds)).tolist() == expected


def predicted(known: tuple[str, ...] = ()) -> tuple[Predictors, Architectures]:
    computes = {name: lambda archs: np.arange(len(archs), dtype=np.float64) for name in known}
    problem = Problem(SPACE, BOTH, (), computes)
    growth = BlockGrowth(SPACE)
    models = Predictors(
        problem,
        growth,
        stream(0, "models"),
        accuracy_model="sequence",
        cost_model="boosting",
        costs=True,
    )
    archive = Archive(problem)
    second = growth.grown(growth.start())
    order = np.random.default_rng(0).permutation(len(second))
    told = growth.start() + second[order[:60]]
    archive.add(told, outcomes(told))
    models.fit(archive)
    return models, second[order[60:]]


def test_what_can_be_computed_is_computed() -> None:
    """Costs, and the first objective as well; in the direction that each is wanted."""
    models, cells = predicted(known=("val_accuracy", "train_seconds"))
    found = models.predict(cells)
    assert np.array_equal(found.accuracy, np.arange(len(cells)))
    assert np.array_equal(found.costs[:, 0], np.arange(len(cells)))


def test_accuracies_and_costs_of_others() -> None:
    models, cells = predicted()
    found = models.predict(cells)
    truth = outcomes(cells).objectives
    assert np.corrcoef(found.accuracy, -truth[:, 0])[0, 1] > 0.8
    assert np.corrcoef(found.costs[:, 0], truth[:, 1])[0, 1] > 0.9
    assert not found.excess.any()
