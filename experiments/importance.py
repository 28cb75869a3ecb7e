"""One search for several prices of complexity against one search for each, on tables.

    python -m experiments.importance run       (resumable; --only ARM ...)
    python -m experiments.importance table     (evaluations, regrets, hypervolumes)
    python -m experiments.importance checks    (what was expected, and whether it came so)

NAS-Bench-201 after 12 epochs (needs ``agnet import nasbench201``), sums made up, 300 runs. What is
minimised is the validation error plus a price times the parameters, from 0 to 1. Every draw counts
as an evaluation. Regret is that of the modes, 1 for the median cell, a mean over prices; the
archive's is that of the best that was drawn so far, for whichever price.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnet.seeds import stream
from agnet.strategies.importance.weights import Weighting
from experiments.importance_checks import check_table
from experiments.importance_tables import ablation_table, main_table, other_table, speed_table
from experiments.importance_tasks import CELLS, GRIDS, SUMS, cells, shares, sums
from experiments.recorded import Row, complete, parser
from experiments.shared_draws import UNCUT, Arm, Task, Trace, first_below, follow

KINDS: Final = {
    "separate": Weighting("own"),
    "shared": Weighting(truncation=UNCUT),
    "truncated": Weighting(),
}
ARMS: Final[dict[str, Arm]] = {
    **{
        f"{kind}-n{own}-d{delta:g}": Arm(KINDS[kind], own, delta)
        for kind, own, delta in product(KINDS, (2, 4), (0.5, 1.0))
    },
    **{f"shared-n{own}-d0.5": Arm(own=own) for own in (1, 8)},
    **{f"{kind}-n2-d0.25": Arm(KINDS[kind], delta=0.25) for kind in KINDS},
    "unweighted-ranks": Arm(ranks=False),
    "no-weights": Arm(Weighting("none")),
    "tempered": Arm(Weighting("tempered", UNCUT, 0.25), 4),
    "standardised": Arm(utility="standardised"),
    "separate-floor-asng": Arm(KINDS["separate"], floor="asng"),
    "shared-floor-asng": Arm(floor="asng"),
    "random": Arm(moves=False),
    **{
        f"{kind}-noise{noise:g}": Arm(KINDS[kind], delta=0.25, noise=noise)
        for kind, noise in product(("separate", "shared"), (0.02, 0.05, 0.1))
    },
}
MAIN: Final = tuple(f"{kind}-n{n}-d{d:g}" for kind, n, d in product(KINDS, (2, 4), (0.5, 1.0)))
PAIR: Final = ("separate-n2-d0.5", "shared-n2-d0.5", "truncated-n2-d0.5")
WIDE: Final = ("separate-n4-d0.5", "shared-n4-d0.5", "truncated-n4-d0.5", "tempered")
TABLES: Final = ("cifar10", "cifar100", "ImageNet16-120")
BLOCK: Final = 100  # runs side by side
EVALUATIONS: Final = {"cells": 6000, "sums": 8000}


def main() -> None:
    """Runs the experiment or prints its tables."""
    given = parser(__doc__, ("run", "table", "checks"), "importance", 300).parse_args()
    if given.what == "run":
        blocks = range(-(-given.seeds // BLOCK))
        jobs = [{"arm": arm, "on": on, "block": at} for (arm, on), at in product(plan(), blocks)]
        complete(jobs, work, given.results, given.procs, given.only)
    print_tables(given.results, checks=given.what == "checks")


def print_tables(results: Path, *, checks: bool) -> None:
    """Prints the tables, or the checks."""
    if checks:
        print(check_table(results))
        return
    for on in TABLES:
        print(f"\n{on}\n", main_table(results, [*MAIN, "random"], on), sep="\n")
    rest = [arm for arm, on in plan() if on == "cifar10" and arm not in (*MAIN, "random")]
    print("\ncifar10, others\n", ablation_table(results, rest), sep="\n")
    print("\nratios\n", speed_table(results, TABLES), sep="\n")
    named = [on for on in GRIDS if on not in TABLES]
    print("\nprices and variables\n", other_table(results, named, SUMS), sep="\n")


def plan() -> list[tuple[str, str]]:
    """Which arm runs on what."""
    everywhere = product((*MAIN, "random"), TABLES)
    rest = ((arm, "cifar10") for arm in ARMS if arm not in (*MAIN, "random", "tempered"))
    more = product(PAIR, (on for on in GRIDS if on not in TABLES))
    return [*everywhere, *rest, *more, *product(WIDE, SUMS)]


def work(job: Row) -> Row:
    """Runs a block of an arm."""
    arm, on, block = ARMS[job["arm"]], job["on"], job["block"]
    rng = stream(block, f"importance {job['arm']} {on}")
    if on in SUMS:
        task = sums(on, BLOCK, block)
        return judged(follow(task, arm, EVALUATIONS["sums"], BLOCK, rng))
    task = cells(on)
    trace = follow(task, arm, EVALUATIONS["cells"], BLOCK, rng)
    return judged(trace) | among_cells(task, trace, GRIDS[on][0])


def judged(trace: Trace) -> Row:
    """Evaluations to regrets, and curves at a few points; a number a run."""
    return {
        "to_05": first_below(trace, 0.05),
        "to_10": first_below(trace, 0.10),
        **_at(trace, "regret", trace.regret, (300, 1000, 4000, 6000)),
        **_at(trace, "archive", trace.archive, (200, 400, 1000)),
        "effective": {
            str(mark): round(float(trace.effective[trace.at(mark)].mean()), 4)
            for mark in (1, 100, 300, 1000, 4000)
        },
    }


def among_cells(task: Task, trace: Trace, dataset: str) -> Row:
    """How good modes are among all cells, how many differ, and whether higher prices cost less."""
    found = trace.modes[trace.at(4000)].astype(np.int64)
    loss, cost = task.look_up(found)
    every = task.look_up(np.stack(np.unravel_index(np.arange(5**6), (5,) * 6), axis=-1)[None])
    bound = np.quantile(task.sums(*every)[0], 0.001, axis=-1)
    among = (loss + task.coefficients * cost <= bound).mean(axis=1)
    falling = (np.diff(cost, axis=1) <= 0).mean(axis=1)
    kinds = [len(np.unique(row)) for row in found @ CELLS]
    rest: Row = {"top": _short(among), "falling": _short(falling), "kinds": kinds}
    if dataset == "cifar10" and len(task.coefficients) == 5:
        for mark in (300, 1000, 4000):
            rest[f"share_{mark}"] = _short(shares(dataset, trace.modes[trace.at(mark)]))
    return rest


def _at(trace: Trace, name: str, curve: Any, marks: Sequence[int]) -> Row:
    return {f"{name}_{mark}": _short(curve[trace.at(mark)]) for mark in marks}


def _short(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]


if __name__ == "__main__":
    main()
