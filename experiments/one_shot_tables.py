"""Tables of one-shot search on NAS-Bench-201, beside what was recorded of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, spearmanr

from agnet import open_benchmark
from agnet.spaces import NASBench201
from agnet.spaces.nasbench201 import EDGES, OPERATIONS
from agnet.strategies.importance.prices import middle
from experiments.recorded import Row, matching, rows, spread, table

__all__ = ["ARMS", "mode_table", "pick_table", "rank_table"]

Array = npt.NDArray[np.float64]

ARMS: Final = ("random", "evolution", "agnet", "nsga2")
SPACE: Final = NASBench201()
LAST: Final = 3  # the tensor that a cell hands on


@cache
def recorded() -> tuple[Array, Array]:
    """Validation accuracy in percent and parameters in millions of all cells, by their number."""
    found = open_benchmark("nasbench201").query(SPACE.enumerate(), ["val_accuracy", "params_m"])
    return found[:, 0], found[:, 1]


@cache
def connected() -> npt.NDArray[np.bool_]:
    """Which cells hand on anything of their input, ``(15625,)``."""
    used = SPACE.to_choices(SPACE.enumerate()) != OPERATIONS.index("none")
    reached = np.zeros((SPACE.size, LAST + 1), dtype=np.bool_)
    reached[:, 0] = True
    for edge, (source, target) in enumerate(EDGES):
        reached[:, target] |= used[:, edge] & reached[:, source]
    return np.asarray(reached[:, LAST])


def rank_table(results: Path, share: float) -> str:
    """How cells rank by what they inherit, or learn alone, beside how they rank by parameters."""
    found = matching(rows(results, "ranks"), share=share)
    lines = []
    for arm in ("fair", "uniform"):
        own = matching(found, arm=arm)
        for at in range(len(own[0]["quarters"]) if own else 0):
            there = [(row["cells"], row["quarters"][at]) for row in own if row["quarters"][at]]
            part = f"{at + 1}/{len(own[0]['quarters'])}"
            lines.append([arm, part, len(there), *_line([_numbers(*one) for one in there])])
    single = matching(rows(results, "ceiling"), share=share)
    if len(single) > 2:
        values = {"accuracies": [row["accuracy"] for row in single]}
        values["losses"] = [row["loss"] for row in single]
        numbers = _numbers([row["cell"] for row in single], values)
        lines.append([f"{len(single)} cells alone", "-", 1, *_line([numbers])])
    head = ["drawing", "of training", "seeds", "right (%)", "tau", "tau of connected cells"]
    head += ["tau by cross-entropy", "connected, by cross-entropy", "tau of the better half"]
    return table([*head, "Spearman", "Spearman of parameters"], lines)


def _line(each: Sequence[Sequence[float]]) -> list[str]:
    columns = list(zip(*each, strict=True))
    return [spread(columns[0], digits=1), *map(spread, columns[1:])] if columns else []


def _numbers(cells: Sequence[int], values: Row) -> list[float]:
    """The mean accuracy, and rank correlations with the record, as the table has them.

    Kendall's tau of all cells and of connected ones, by accuracy and by cross-entropy; of the half
    that is better by record; Spearman's correlation of all, and of their parameters.
    """
    at = np.array(cells)
    truth, params = (column[at] for column in recorded())
    right, sure = np.array(values["accuracies"]), -np.array(values["losses"])
    every, joined = np.arange(len(at)), np.flatnonzero(connected()[at])
    better = np.flatnonzero(truth >= np.median(truth))
    pairs = ((right, every), (right, joined), (sure, every), (sure, joined), (right, better))
    taus = [float(kendalltau(one[of], truth[of]).statistic) for one, of in pairs]
    others = [float(spearmanr(one, truth).statistic) for one in (right, params)]
    return [float(right.mean()), *taus, *others]


def mode_table(results: Path, share: float) -> str:
    """What each price came to, by the record.

    Regret is of the recorded error plus the price of the parameters, 0 to 1; 1 is the median cell.
    Prices are of cross-entropies: as many errors as middle halves of cells range, by record, for
    what they do by the fair super-network of the same seed.
    """
    found = matching(rows(results, "alternating"), share=share)
    accuracy, params = recorded()
    lines = []
    for at, price in enumerate(found[0]["prices"] if found else ()):
        cells = [row["cells"][at] for row in found]
        regrets = [_regret(results, row, at) for row in found]
        known = [one for one in regrets if one is not None]
        lines.append(
            [
                price,
                len(found),
                spread([float(accuracy[cell]) for cell in cells], digits=2),
                spread([float(params[cell]) for cell in cells], worst=max),
                spread(known, worst=max),
            ]
        )
    return table(["price", "seeds", "recorded (%)", "parameters (M)", "regret"], lines)


def _regret(results: Path, row: Row, at: int) -> float | None:
    """The regret of a mode; None before there is a super-network to convert its price by."""
    same = matching(rows(results, "ranks"), arm="fair", seed=row["seed"], share=row["share"])
    if not same:
        return None
    accuracy, params = recorded()
    error, size = 1 - accuracy / 100, (params - params.min()) / np.ptp(params)
    there = np.array(same[0]["cells"])
    rate = middle(error[there]) / middle(np.array(same[0]["quarters"][-1]["losses"]))
    sums = error + row["prices"][at] * rate * size
    least, usual = float(sums.min()), float(np.median(sums))
    return (float(sums[row["cells"][at]]) - least) / (usual - least)


def pick_table(results: Path, share: float) -> str:
    """What was recorded of what each method picks."""
    accuracy = recorded()[0]
    ranks = np.argsort(np.argsort(-accuracy, kind="stable"), kind="stable") + 1
    lines = []
    for arm in ARMS:
        cells = [row[arm]["pick"] for row in matching(rows(results, "picks"), share=share)]
        values = spread([float(accuracy[cell]) for cell in cells], digits=2)
        lines.append([arm, len(cells), values, ", ".join(str(ranks[cell]) for cell in cells)])
    return table(["method", "seeds", "recorded (%)", "ranks of 15,625"], lines)
