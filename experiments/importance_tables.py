"""Tables of the searches by shared draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.seeds import stream
from experiments.recorded import matching, rows, table

__all__ = [
    "ablation_table",
    "effective",
    "gather",
    "main_table",
    "median",
    "other_table",
    "ratio",
    "speed_table",
]

Array = npt.NDArray[np.float64]

RESAMPLES: Final = 2000
EFFECTIVE: Final = (1, 100, 300, 1000)


def gather(results: Path, arm: str, on: str, name: str) -> Array:
    """One number of each run; infinite where something was not reached."""
    found = matching(rows(results, arm), on=on)
    values = [value for row in found for value in row.get(name, ())]
    return np.array([np.inf if value is None else value for value in values], dtype=np.float64)


def median(values: Array) -> float:
    """The median: infinite where half of them are, NaN of none."""
    if not len(values):
        return np.nan
    return float(np.sort(values)[[(len(values) - 1) // 2, len(values) // 2]].mean())


def ratio(above: Array, below: Array) -> tuple[float, float, float]:
    """The ratio of two medians, and its 95 % interval by bootstrap over the runs of each."""
    if not (len(above) and len(below)):
        return np.nan, np.nan, np.nan
    rng = stream(0, "bootstrap")
    drawn = [
        np.sort(values[rng.integers(len(values), size=(RESAMPLES, len(values)))], axis=1)
        for values in (above, below)
    ]
    ends = [(part[:, (part.shape[1] - 1) // 2] + part[:, part.shape[1] // 2]) / 2 for part in drawn]
    low, high = np.quantile(ends[0] / ends[1], [0.025, 0.975], method="nearest")
    return median(above) / median(below), float(low), float(high)


def effective(results: Path, arm: str, on: str, mark: int) -> float:
    """The mean effective share of the samples after so many evaluations."""
    found = matching(rows(results, arm), on=on)
    return float(np.mean([row["effective"][str(mark)] for row in found] or [np.nan]))


def main_table(results: Path, arms: Iterable[str], on: str) -> str:
    """Evaluations to regrets, regrets and what else is known of an arm."""
    lines = []
    for arm in arms:
        if len(gather(results, arm, on, "to_05")):
            lines.append([arm, *_evaluations(results, arm, on), *_rest(results, arm, on)])
    head = ["arm", "runs", "to .05", "to .10", "regret @1000", "@4000", "@6000", "archive @200"]
    head += ["@400", "@1000", "hypervolume @300", "@1000", "@4000"]
    return table([*head, "in best 0.1 %", *(f"effective @{mark}" for mark in EFFECTIVE)], lines)


def ablation_table(results: Path, arms: Iterable[str]) -> str:
    """The same of the other arms, on CIFAR-10."""
    return main_table(results, arms, "cifar10")


def speed_table(results: Path, tables: Sequence[str]) -> str:
    """How many times as many evaluations separate searches take to a regret of .05."""
    lines = []
    for on in tables:
        for kind in ("shared", "truncated"):
            usual = [f"{one}-n2-d0.5" for one in ("separate", kind)]
            tuned = [_best(results, one, on) for one in ("separate", kind)]
            cells = [_written(results, pair, on) for pair in (usual, tuned)]
            lines.append([on, kind, cells[0], cells[1], " / ".join(tuned)])
    head = ["data", "samples", "ratio with n2-d0.5", "both with their best settings", "which are"]
    return table(head, lines)


def other_table(results: Path, prices: Iterable[str], sums: Iterable[str]) -> str:
    """Ratios with other numbers of prices, and on sums of many variables."""
    lines = []
    for on, own in [*((on, 2) for on in prices), *((on, 4) for on in sums)]:
        base = f"separate-n{own}-d0.5"
        for arm in (f"shared-n{own}-d0.5", f"truncated-n{own}-d0.5", "tempered"):
            if len(gather(results, arm, on, "to_05")):
                medians = [_number(median(gather(results, a, on, "to_05"))) for a in (base, arm)]
                share = f"{effective(results, arm, on, 300):.2f}"
                lines.append([on, arm, *medians, _written(results, [base, arm], on), share])
    return table(["on", "arm", "separate", "arm's own", "ratio", "effective @300"], lines)


def _best(results: Path, kind: str, on: str) -> str:
    """The setting of least median evaluations."""
    arms = [f"{kind}-n{own}-d{delta}" for own in (2, 4) for delta in ("0.5", "1")]
    return min(arms, key=lambda arm: median(gather(results, arm, on, "to_05")))


def _written(results: Path, pair: Sequence[str], on: str) -> str:
    found = [gather(results, arm, on, "to_05") for arm in pair]
    mean, low, high = ratio(found[0], found[1])
    return f"{_number(mean, 2)} ({_number(low, 2)} to {_number(high, 2)})"


def _evaluations(results: Path, arm: str, on: str) -> list[object]:
    hits = [gather(results, arm, on, name) for name in ("to_05", "to_10")]
    return [len(hits[0]), *(_number(median(values)) for values in hits)]


def _rest(results: Path, arm: str, on: str) -> list[str]:
    names = [f"regret_{mark}" for mark in (1000, 4000, 6000)]
    names += [f"archive_{mark}" for mark in (200, 400, 1000)]
    names += [f"share_{mark}" for mark in (300, 1000, 4000)]
    found = [gather(results, arm, on, name) for name in (*names, "top")]
    if arm == "random":  # it has no modes
        found = [
            part if name.startswith("archive") else part[:0]
            for name, part in zip((*names, "top"), found, strict=True)
        ]
    cells = [f"{values.mean():.4f}" if len(values) else "-" for values in found]
    return [*cells, *(f"{effective(results, arm, on, mark):.2f}" for mark in EFFECTIVE)]


def _number(value: float, digits: int = 0) -> str:
    return (
        "-" if np.isnan(value) else f"{value:.{digits}f}" if np.isfinite(value) else "not reached"
    )
