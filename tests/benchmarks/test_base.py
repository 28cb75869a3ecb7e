from __future__ import annotations

import pytest

from agnet.errors import MissingData
from agnet.objectives import Metric, Objective
from tests.toys import Toy

TEST = Metric("test_accuracy", "%", "maximize", held_out=True)
LOSS = Metric("loss", "", "minimize")


def test_the_first_metric_that_a_search_may_see_is_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Toy().default_objective == Objective("val_accuracy", "maximize")
    monkeypatch.setattr(Toy, "metrics", (TEST, LOSS, *Toy().metrics))
    assert Toy().default_objective == Objective("loss", "minimize")


def test_there_is_no_default_where_a_search_may_see_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Toy, "metrics", (TEST,))
    with pytest.raises(MissingData, match="got no metric of toy that a search may see"):
        _ = Toy().default_objective
