"""What is expected of searches by shared draws, and whether it came so."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from experiments.importance_tables import effective, gather, median, ratio
from experiments.recorded import table

__all__ = ["check_table"]

Line = tuple[str, str, str, bool]

SEPARATE, SHARED, TRUNCATED = "separate-n2-d0.5", "shared-n2-d0.5", "truncated-n2-d0.5"
C10: Final = "cifar10"


def check_table(results: Path) -> str:
    """Each expectation, what was measured, and whether it holds."""
    lines = [
        *_speed(results),
        *_ablations(results),
        *_trends(results),
        *_modes(results),
        *_archives(results),
    ]
    written = [[what, found, band, "yes" if holds else "NO"] for what, found, band, holds in lines]
    return table(["what", "measured", "expected", "holds"], written)


def _speed(results: Path) -> list[Line]:
    to = median(gather(results, SHARED, C10, "to_05"))
    own = gather(results, SEPARATE, C10, "to_05")
    mean, low, high = ratio(own, gather(results, SHARED, C10, "to_05"))
    regret = gather(results, SHARED, C10, "regret_4000").mean()
    top = gather(results, SHARED, C10, "top").mean()
    return [
        ("evaluations to regret .05, shared", f"{to:.0f}", "280 to 450", 280 <= to <= 450),
        ("separate / shared", f"{mean:.2f}", "at least 2.5", mean >= 2.5),
        ("lower end of it (95 %)", f"{low:.2f} (to {high:.2f})", "above 2", low > 2),
        ("regret after 4000, shared", f"{regret:.4f}", "at most .02", regret <= 0.02),
        ("modes in the best 0.1 %", f"{top:.2f}", "at least .65", top >= 0.65),
    ]


def _ablations(results: Path) -> list[Line]:
    right, ranks, none = (
        gather(results, arm, C10, "regret_6000").mean()
        for arm in (SHARED, "unweighted-ranks", "no-weights")
    )
    order = f"{right:.4f}, {ranks:.4f}, {none:.4f}"
    found = {mark: effective(results, SHARED, C10, mark) for mark in (1, 100, 300, 1000, 4000)}
    late = [found[mark] for mark in (300, 1000, 4000)]
    return [
        (
            "regret, unweighted ranks",
            f"{ranks / right:.2f} times",
            "at least 1.4",
            ranks >= 1.4 * right,
        ),
        ("regret, no weights", f"{none / right:.2f} times", "at least 2", none >= 2 * right),
        ("regret: right, unweighted ranks, none", order, "rises", right < ranks < none),
        ("effective share at first", f"{found[1]:.4f}", "1", abs(found[1] - 1) < 1e-9),
        ("after 100 evaluations", f"{found[100]:.3f}", ".52 to .62", 0.52 <= found[100] <= 0.62),
        (
            "after 300, 1000, 4000",
            ", ".join(f"{share:.3f}" for share in late),
            ".2 to .3",
            all(0.2 <= share <= 0.3 for share in late),
        ),
    ]


def _trends(results: Path) -> list[Line]:
    prices = ("two prices", "three prices", C10, "nine prices")
    rising = [_ratio(results, SEPARATE, SHARED, on) for on in prices]
    sizes = [f"{number} variables" for number in (10, 20, 40)]
    wide = [_ratio(results, "separate-n4-d0.5", "shared-n4-d0.5", on) for on in sizes]
    cut = [_ratio(results, "separate-n4-d0.5", "truncated-n4-d0.5", on) for on in sizes]
    return [
        ("ratio with 2, 3, 5, 9 prices", _list(rising), "rises", bool((np.diff(rising) > 0).all())),
        ("ratio with 10, 20, 40 variables", _list(wide), "falls", bool((np.diff(wide) < 0).all())),
        ("the same, truncated", _list(cut), "falls", bool((np.diff(cut) < 0).all())),
    ]


def _modes(results: Path) -> list[Line]:
    lines: list[Line] = []
    for arm in (SHARED, TRUNCATED):
        falling = gather(results, arm, C10, "falling").mean()
        kinds = (gather(results, arm, C10, "kinds") >= 4).mean()
        lines += [
            (f"parameters fall with the price, {arm}", f"{falling:.4f}", ">= .95", falling >= 0.95),
            (f"runs with at least 4 modes, {arm}", f"{kinds:.3f}", ">= .90", kinds >= 0.9),
        ]
    for arm in (SHARED, TRUNCATED, "shared-n4-d0.5", "truncated-n4-d0.5"):
        share = gather(results, arm, C10, "share_1000").mean()
        lines.append((f"hypervolume @1000, {arm}", f"{share:.3f}", ">= .95", share >= 0.95))
    return lines


def _archives(results: Path) -> list[Line]:
    """That sharing is ahead also if every evaluation serves all prices; of old it is to 400."""
    lines: list[Line] = []
    for mark in (200, 400, 1000):
        random, separate, shared = (
            gather(results, arm, C10, f"archive_{mark}").mean()
            for arm in ("random", "separate-n4-d0.5", "truncated-n4-d0.5")
        )
        said = f"{random:.4f}, {separate:.4f}, {shared:.4f}"
        name = f"archive @{mark}: random, separate, truncated (n4-d0.5)"
        lines.append((name, said, "each less than before", random > separate > shared))
    return lines


def _ratio(results: Path, above: str, below: str, on: str) -> float:
    return ratio(gather(results, above, on, "to_05"), gather(results, below, on, "to_05"))[0]


def _list(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
