from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import NASBench201, SearchSpace, Subset
from agnet.strategies import Problem
from agnet.strategies.archive import Archive
from agnet.strategies.importance.draws import Draws

SPACE = NASBench201()
LIMITS = (Limit("other", "<=", 1.0), Limit("cost", "<=", 10.0))
ROWS = np.array([[0] * 6, [1] * 6, [0] * 6, [4] * 6, [2, 0, 0, 0, 0, 0], [1] * 6])


def cost(archs: Any) -> npt.NDArray[np.float64]:
    return np.array([sum(arch.choices) for arch in archs], dtype=np.float64)


def archive(space: SearchSpace = SPACE) -> Archive:
    """Of the first row, with a limit that is kept by all rows but the fourth."""
    problem = Problem(space, (Objective("loss", "minimize"),), LIMITS, {"cost": cost})
    found = Archive(problem)
    found.add(space.from_choices(ROWS[:1]), Outcomes(np.array([[7.0]]), np.array([[-1.0, -10.0]])))
    return found


def draws(space: SearchSpace = SPACE) -> Draws:
    return Draws(archive(space), ROWS, np.array([0, 0, 1, 1, 2, 2]))


def test_missing_is_what_is_new_and_allowed_once() -> None:
    assert draws().missing().choices.tolist() == [[1] * 6, [2, 0, 0, 0, 0, 0]]


def test_outcomes_are_those_on_record_or_a_broken_limit() -> None:
    some = Draws(archive(), ROWS[[0, 2, 3]], np.zeros(3, dtype=np.int64))
    found = some.outcomes()
    assert found.objectives.tolist() == [[7], [7], [0]]
    assert found.excess.tolist() == [[-1, -10], [-1, -10], [0, 14]]
    assert found.feasible.tolist() == [True, True, False]


def test_what_stands_for_nothing_has_failed() -> None:
    part = Subset(SPACE.from_choices(ROWS[[0, 1]]))
    known = archive(part)
    found = Draws(known, ROWS[[4, 0]], np.zeros(2, dtype=np.int64)).outcomes()
    assert found.failed.tolist() == [True, False] and found.objectives[1, 0] == 7


def test_a_beginning_with_so_many_missing() -> None:
    whole = draws()
    assert whole.until(1).choices.tolist() == ROWS[:2].tolist()
    assert whole.until(2) is whole
    more = whole.more(np.array([[3, 0, 0, 0, 0, 0], [0] * 6]), np.array([1, 1]))
    assert len(more) == 8 and len(more.until(2)) == 5
    assert more.until(2).origin.tolist() == [0, 0, 1, 1, 2]
