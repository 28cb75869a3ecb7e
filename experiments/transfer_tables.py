"""Tables of :mod:`experiments.transfer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.recorded import Row, matching, rows, spread, table


def tables(results: Path, arms: Mapping[str, Sequence[str]]) -> list[str]:
    """Writes everything, by the arms of each part."""
    made = []
    for what, own_arms in arms.items():
        for objectives in (2, 3):
            own = matching(rows(results, what), objectives=objectives)
            if own:
                made.append(f"{what}, {objectives} objectives\n{searches(own, own_arms)}")
    found = rows(results, "predictor")
    if found:
        lines: list[list[object]] = [["all", spread([row["overall"] for row in found])]]
        for last in found[0]["within"]:
            lines.append([f"exit {last}", spread([row["within"][last] for row in found])])
        made.append(table(["of the networks that end at", "Spearman, 130 networks"], lines))
    if rows(results, "tuned"):
        made.append(tuned_table(rows(results, "tuned")))
    return made


def searches(found: Sequence[Row], arms: Sequence[str]) -> str:
    """One line an arm: hypervolumes, how often it is above random, and predictions."""
    random = {
        row["seed"]: row["rounds"][-1]["hypervolume"] for row in matching(found, arm="random")
    }
    lines = []
    for arm in arms:
        own = matching(found, arm=arm)
        if not own:
            continue
        last = {row["seed"]: row["rounds"][-1] for row in own}
        volumes = {seed: one["hypervolume"] for seed, one in last.items()}
        above = [volumes[seed] / random[seed] - 1 for seed in volumes if seed in random]
        agreed = [
            one["correlation"]
            for row in own
            for one in row["rounds"]
            if one["correlation"] is not None
        ]
        lines.append(
            [
                arm,
                len(own),
                round(float(np.mean([one["evaluated"] for one in last.values()]))),
                round(float(np.mean([one["measured"] for one in last.values()]))),
                spread(list(volumes.values())),
                f"{100 * float(np.mean(above)):+.2f} %" if above else "-",
                f"{sum(gain > 0 for gain in above)} of {len(above)}",
                spread(agreed, digits=2) if agreed else "-",
                spread([row["best"] for row in own], digits=2),
            ]
        )
    head = [
        "method",
        "seeds",
        "networks",
        "evaluations",
        "hypervolume",
        "beside random",
        "better in",
    ]
    head += ["Kendall of newcomers", "mean accuracy of the best"]
    return table(head, lines)


def tuned_table(found: Sequence[Row]) -> str:
    """One line a network."""
    lines = []
    for row in found:
        for one in row["networks"]:
            alone, together = one["alone"], one["together"]
            lines.append(
                [
                    row["seed"],
                    one["arch"],
                    one["inherited"],
                    f"{alone['test']:.2f} ({alone['params_m']:.4f} M, {alone['flops_m']:.2f} M)",
                    f"{together['test']:.2f} ({together['params_m']:.4f} M, "
                    f"{together['flops_m']:.2f} M)",
                ]
            )
    gains = [
        [one[how]["test"] - one["inherited"] for row in found for one in row["networks"]]
        for how in ("alone", "together")
    ]
    said = [
        f"{how} {spread(own, digits=2)}"
        for how, own in zip(("alone", "together"), gains, strict=True)
    ]
    head = ["seed", "network", "test, inherited", "alone", "together"]
    return f"{table(head, lines)}\n\ngained: {', '.join(said)}"
