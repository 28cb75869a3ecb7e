from __future__ import annotations

import numpy as np
import pytest

from agnet.evaluation import Evaluation, Evaluator, InProcess, LocalProcesses
from agnet.spaces import Architectures
from tests.toys import Toy

METRICS = ("val_accuracy", "edgegpu_latency_ms")


def archs(n: int = 6) -> Architectures:
    """Cells of which every other one begins with ``none``."""
    choices = np.random.default_rng(0).integers(1, 5, size=(n, 6))
    choices[::2, 0] = 0
    return Toy().space.from_choices(choices)


def collect(evaluator: Evaluator) -> list[Evaluation]:
    with evaluator:
        found = dict(evaluator.evaluate(list(archs())))
    assert sorted(found) == list(range(6))
    return [found[i] for i in range(6)]


def test_processes_give_what_this_process_gives() -> None:
    here = collect(InProcess(Toy(), METRICS))
    there = collect(LocalProcesses(Toy(), METRICS, 2))
    assert [item.values for item in here] == [item.values for item in there]
    expected = Toy().query(list(archs()), METRICS)
    assert np.array_equal([item.values for item in here], expected)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [("raises", "RuntimeError: out of memory"), ("nan", "no finite value of val_accuracy")],
)
def test_failures_are_outcomes(behaviour: str, said: str) -> None:
    found = collect(InProcess(Toy(behaviour), METRICS))
    assert [item.failure for item in found] == [said, None] * 3
    assert np.isnan(found[0].values[0])
    assert np.isfinite(found[1].values).all()


def test_a_process_that_dies_fails_one_evaluation_only() -> None:
    found = collect(LocalProcesses(Toy("dies"), METRICS, 2))
    assert [item.failure for item in found] == ["the evaluating process died", None] * 3
