"""Tables of several prices in one super-network: what was found, and whether it was expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.one_shot_prices import ARMS, PART, PRICES, SETTINGS
from experiments.recorded import Row, matching, rows, table

__all__ = ["archived", "price_table", "sums", "verdicts"]

Array = npt.NDArray[np.float64]

KEPT: Final = 0.5  # of the best network's parameters at the lowest price: with fewer, it drifted


def price_table(results: Path) -> str:
    """Loss plus price over prices, what it took, and how much of all parameters modes have."""
    found = rows(results, PART)
    lines = [_line(arm, own) for arm in ARMS if (own := matching(found, arm=arm))]
    if found:
        sums_of_best, costs, kinds = _best(found)
        mean = f"{sums_of_best.mean():.4f}"
        ends = [_list(sums_of_best), _list(costs), f"{kinds:.1f}"]
        lines.append(["best of all trained", "-", "-", mean, "-", *ends])
    head = ["search", "seeds", "forward units", "mean f ± SE", "from a common archive"]
    return table([*head, "f by price", "parameters (0 to 1) by price", "distinct modes"], lines)


def verdicts(results: Path) -> str:
    """What is expected of one super-network, and whether it came so; nothing before all arms."""
    found = rows(results, PART)
    if not all(matching(found, arm=arm) for arm in SETTINGS):
        return ""
    lines = [
        line for arm in ("shared-short", "shared", "shared-half") for line in _against(found, arm)
    ]
    for name, taken in (("mean f", sums), ("from a common archive", archived)):
        for one, other in (("shared-half", "separate-half"), ("shared-hasty", "own-hasty")):
            more, error = _paired(found, one, other, taken)
            label = f"{name}, {one} - {other}"
            lines.append([label, f"{more:+.4f} ± {error:.4f}", "below 0", _said(more < 0)])
    kept = float(np.mean([row["complexity"][0] for row in matching(found, arm="shared")]))
    least = KEPT * float(_best(found)[1][0])
    label = "parameters at the lowest price, shared"
    lines.append(
        [label, f"{kept:.3f}", f"at least {least:.3f}, half of the best", _said(kept >= least)]
    )
    return table(["what", "measured", "expected", "holds"], lines)


def _against(found: Sequence[Row], arm: str) -> list[list[str]]:
    """One super-network beside one for each price, which cost at least twice as much."""
    ratio = _units(matching(found, arm=arm)) / _units(matching(found, arm="separate"))
    lines = [
        [f"forward units, {arm} / separate", f"{ratio:.3f}", "at most .5", _said(ratio <= 0.5)]
    ]
    for name, taken in (("mean f", sums), ("from a common archive", archived)):
        more, error = _paired(found, arm, "separate", taken)
        label = f"{name}, {arm} - separate"
        lines.append([label, f"{more:+.4f} ± {error:.4f}", "at most one SE", _said(more <= error)])
    return lines


def sums(row: Row) -> Array:
    """Loss plus price ``(K,)`` of each mode at its price; of random networks the mean of all."""
    every = _everywhere(row)
    return np.asarray(every.mean(axis=1) if row["arm"] == "random" else np.diag(every))


def archived(row: Row) -> Array:
    """The same ``(K,)`` if each price may take whatever of a seed's networks is best at it."""
    return np.asarray(_everywhere(row).min(axis=1))


def _everywhere(row: Row) -> Array:
    """Loss plus price of all networks of a row, ``(K, n)``."""
    costs = np.array(PRICES)[:, None] * np.array(row["complexity"])
    return np.asarray(np.array(row["losses"]) + costs)


def _best(found: Sequence[Row]) -> tuple[Array, Array, int]:
    """Of all networks that were trained: the least sums ``(K,)``, their parameters, how many."""
    every = np.concatenate([_everywhere(row) for row in found], axis=1)
    at = every.argmin(axis=1)
    costs = np.concatenate([row["complexity"] for row in found])[at]
    return every.min(axis=1), costs, len(set(costs.tolist()))


def _line(arm: str, own: Sequence[Row]) -> list[object]:
    means = np.array([sums(row) for row in own])
    costs = np.array([row["complexity"] for row in own]).mean(axis=0)
    return [
        arm,
        len(own),
        f"{_units(own):.0f}",
        _mean(means.mean(axis=1)),
        _mean(np.array([archived(row).mean() for row in own])),
        _list(means.mean(axis=0)),
        "-" if arm == "random" else _list(costs),
        f"{np.mean([len(set(row['cells'])) for row in own]):.1f}",
    ]


def _paired(
    found: Sequence[Row], one: str, other: str, taken: Callable[[Row], Array]
) -> tuple[float, float]:
    """By how much the first arm's mean is above the second's: mean and its error over seeds."""
    first, second = (
        {row["seed"]: taken(row).mean() for row in matching(found, arm=arm)} for arm in (one, other)
    )
    more = np.array([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])
    return float(more.mean()), _error(more)


def _units(own: Sequence[Row]) -> float:
    return float(np.mean([row["units"] for row in own]))


def _error(values: Array) -> float:
    """The standard error of a mean; NaN of one value, with which no expectation of it holds."""
    return float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else float("nan")


def _mean(values: Array) -> str:
    return f"{values.mean():.4f} ± {_error(values):.4f}"


def _list(values: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _said(holds: bool) -> str:
    return "yes" if holds else "NO"
