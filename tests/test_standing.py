from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from moocore import is_nondominated

from agnet.objectives import Limit, Objective
from agnet.standing import StandingTracker

COLUMNS = ("val_accuracy", "edgegpu_latency_ms")
OBJECTIVES = (Objective("val_accuracy", "maximize"), Objective("edgegpu_latency_ms", "minimize"))


def test_hand_worked_case() -> None:
    tracker = StandingTracker(COLUMNS, OBJECTIVES, (Limit("edgegpu_latency_ms", "<=", 5.0),))
    assert tracker.standing.best is None
    assert tracker.add((90.0, 9.0)).best is None  # over the limit
    assert tracker.add((float("nan"), float("nan"))).failed == 1
    assert tracker.add((80.0, 4.0)).best == 80.0
    assert tracker.add((70.0, 3.0)).front == 2
    standing = tracker.add((85.0, 3.0))  # dominates both
    assert (standing.best, standing.front, standing.queries) == (85.0, 1, 5)
    assert tracker.add((85.0, 3.0)).front == 1  # an equal adds nothing


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_front_equals_that_of_a_library(points: list[tuple[int, int]]) -> None:
    tracker = StandingTracker(COLUMNS, OBJECTIVES, ())
    for point in points:
        standing = tracker.add(tuple(map(float, point)))
    minimised = np.unique(np.array(points, dtype=float) * [-1.0, 1.0], axis=0)
    assert standing.front == int(is_nondominated(minimised).sum())
    assert standing.best == max(accuracy for accuracy, _ in points)
