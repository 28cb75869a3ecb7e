"""What a notebook shows of a run."""

from __future__ import annotations

import numpy as np

from tests.report.runs import searched, two
from tests.test_markup import Reader


def test_a_run_is_shown_by_its_best() -> None:
    run = searched()
    found = Reader(run._repr_html_())
    assert run.best_query is not None
    assert run.best_query.arch in found.text
    assert "1 run, 12 queries" in found.text
    assert "svg" in [tag for tag, _ in found.tags]
    nothing = Reader(searched(limits=["val_accuracy>=99.9"])._repr_html_())
    assert "Nothing feasible" in nothing.text
    assert "svg" not in [tag for tag, _ in nothing.tags]


def test_a_run_is_plotted() -> None:
    run = searched()
    (line, *_) = [one for one in run.plot().data if one.y is not None and len(one.y)]
    assert float(np.nanmax(np.array(line.y, dtype=float))) == run.best_so_far()[-1]
    front = two(queries=30)
    points = np.concatenate([np.array(one.x, dtype=float) for one in front.plot().data])
    best = [row.values[front.columns.index("params_m")] for row in front.pareto()]
    assert set(np.round(best, 9)) <= set(np.round(points[~np.isnan(points)], 9))
