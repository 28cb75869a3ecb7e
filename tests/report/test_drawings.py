from __future__ import annotations

import numpy as np

from agnet.report.drawings import Drawings
from agnet.report.summary import best_of
from agnet.spaces.drawing import svg
from tests.report.made import made_run
from tests.report.test_packing import unpacked
from tests.test_markup import Reader


def test_each_query_of_a_short_run_is_drawn() -> None:
    run = made_run([1.0, 2.0, 3.0])
    found = Drawings.of(run, "a", 10)
    space = run.benchmark.space
    assert found.pictures == {at: svg(space.parse(run.rows[at].arch)) for at in range(3)}
    assert unpacked(found.markup, "a") == {str(at): text for at, text in found.pictures.items()}
    assert "to see it drawn." in Reader(found.place).text


def test_of_a_long_run_some_are_and_the_page_says_so() -> None:
    run = made_run(np.random.default_rng(0).random(1200).tolist())
    found = Drawings.of(run, "a", 50)
    assert set(best_of(run)) < set(found.pictures) and 45 <= len(found.pictures) <= 50
    told = f"({len(found.pictures)} of 1,200 can be, the best among them)"
    assert told in Reader(found.place).text


def test_nothing_evaluated_is_nothing_drawn() -> None:
    assert Drawings.of(made_run([]), "a", 50).pictures == {}
