"""Runs with given numbers, and what both renderings of a figure hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from agnet.config import SearchConfig
from agnet.objectives import outcomes
from agnet.runs import Run
from agnet.spaces import NASBench201
from agnet.storage import QueryRow, RunStorage
from tests.toys import Toy

ACCURACY = "maximize val_accuracy"
LATENCY = "minimize edgegpu_latency_ms"


def made_run(
    values: Sequence[Sequence[float]] | Sequence[float],
    objectives: tuple[str, ...] = (ACCURACY,),
    limits: tuple[str, ...] = (),
    rounds: Sequence[int] = (),
    **settings: Any,
) -> Run:
    """A run of different cells with the given metrics: of the objectives, then of the limits."""
    settings = {"strategy": "random", "queries": 20_000, "init": 2, **settings}
    config = SearchConfig(objectives=objectives, limits=limits, **settings)
    wanted, bounds = config.parsed_objectives(), config.parsed_limits()
    columns = tuple(
        dict.fromkeys([aim.metric for aim in wanted] + [limit.metric for limit in bounds])
    )
    table = np.array(values, dtype=np.float64).reshape(len(values), len(columns))
    feasible = outcomes(table, columns, wanted, bounds).feasible
    archs = NASBench201().sample(len(table), np.random.default_rng(7))
    storage = RunStorage(None, write=True, columns=columns)
    try:
        for at, row in enumerate(table.tolist()):
            storage.record(
                QueryRow(
                    query=at + 1,
                    round=rounds[at] if len(rounds) else 0,
                    arch=str(archs[at]),
                    values=tuple(row),
                    feasible=bool(feasible[at]),
                    seconds=0.1,
                    failure=None,
                )
            )
        return Run(config, Toy(), storage)
    finally:
        storage.close()


def painted(figure: Figure) -> Figure:
    """Draws a figure of matplotlib, which is when it warns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    return figure


def said(figure: Figure | go.Figure) -> str:
    """All lines of text in a figure."""
    if isinstance(figure, Figure):
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    else:
        texts = [note.text for note in figure.layout.annotations]
    return " ".join(texts).replace("\n", " ").replace("<br>", " ")


def same(first: Any, second: Any) -> bool:
    """Whether two arrays hold the same numbers, gaps included."""
    one, other = (np.asarray(part, dtype=np.float64) for part in (first, second))
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
