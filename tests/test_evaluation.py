from __future__ import annotations

import multiprocessing
import threading

import numpy as np
import pytest

from agnet.errors import EvaluationError
from agnet.evaluation import Evaluation, Evaluator, InProcess, LocalProcesses
from agnet.spaces import Architectures
from tests.toys import Toy, dies_when_unpickled

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
    assert [item.failure for item in found] == ["the evaluating process died, twice", None] * 3


def test_an_evaluation_whose_process_is_killed_from_outside_is_tried_again() -> None:
    found: dict[int, Evaluation] = {}
    with LocalProcesses(Toy(seconds=0.5), METRICS, 1) as evaluator:
        evaluating = evaluator.evaluate(list(archs(2)))
        timer = threading.Timer(0.2, lambda: multiprocessing.active_children()[0].kill())
        timer.start()
        found.update(evaluating)
    assert [found[i].failure for i in range(2)] == [None, None]


def test_workers_that_die_between_batches_are_replaced() -> None:
    with LocalProcesses(Toy(), METRICS, 2) as evaluator:
        for _ in range(2):
            found = dict(evaluator.evaluate(list(archs())))
            assert all(item.failure is None for item in found.values())
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
    assert not multiprocessing.active_children()


def test_workers_that_cannot_start_are_an_error_not_a_result() -> None:
    with pytest.raises(EvaluationError, match="cannot start"):
        collect(LocalProcesses(dies_when_unpickled(), METRICS, 1))
