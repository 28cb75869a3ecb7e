"""What LaMOO's settings do: inputs, exploration, classifiers, the choice of a region, children.

    python -m experiments.lamoo_settings run      (resumable)
    python -m experiments.lamoo_settings table    (prints the table from the committed results)

The searches of ``pareto_nasbench201`` on accuracy against multiply-adds, 10 seeds, with one setting
at a time another than the default. Differences are to the default with the same sampler and seed,
in log10 of the hypervolume that lacks: what is above 0 is worse. Beside them the share of proposals
that lie in the chosen region, of those in the region without some of its deepest splits, and of
those from the whole space.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, Final

from agnet.strategies.lamoo import LaMOO
from experiments.pareto_nasbench201 import config_of, lacking, scale
from experiments.recorded import Row, complete, parser, rows, spread, table
from experiments.watched import rises, watch

ON: Final = "flops"
SAMPLERS: Final = ("random", "evolution")
ARMS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "inputs integer": {"encoding": "integer"},
    "inputs latent": {"encoding": "latent"},
    "cp 0": {"cp": 0.0},
    "cp 6": {"cp": 6.0},
    "kernel poly": {"kernel": "poly"},
    "kernel linear": {"kernel": "linear"},
    "path": {"select": "path"},
    "children by prediction": {"children": "prediction"},
    "min split 31": {"min_split": 31},
}
MARKS: Final = (100, 300)
PLACES: Final = ("inside", "relaxed", "anywhere")


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "lamoo_settings", 10).parse_args()
    if given.what == "run":
        jobs = [
            {"arm": arm, "sampler": sampler, "seed": seed}
            for seed, arm, sampler in product(range(given.seeds), ARMS, SAMPLERS)
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(settings_table(given.results))


def work(job: Row) -> Row:
    """Runs one search."""
    options = {"sampler": job["sampler"], **ARMS[job["arm"]]}
    run, watched = watch(config_of("lamoo", options, ON, job["seed"]))
    if not isinstance(watched.inner, LaMOO):
        raise TypeError(f"got {type(watched.inner).__name__}; expected LaMOO")
    rounds = watched.inner.rounds()
    proposed = sum(seen.proposed for seen in rounds)
    inside = sum(seen.inside for seen in rounds)
    relaxed = sum(seen.relaxed for seen in rounds)
    return {
        "curve": rises(scale(ON).volume(run)),
        "inside": inside / proposed,
        "relaxed": relaxed / proposed,
        "anywhere": (proposed - inside - relaxed) / proposed,
        "depth": sum(seen.depth for seen in rounds) / len(rounds),
    }


def settings_table(results: Path) -> str:
    """What lacks with each setting, how much more than by default, and where proposals lie."""
    lines = []
    for sampler, arm in product(SAMPLERS, ARMS):
        own, usual = (_by_seed(results, name, sampler) for name in (arm, "default"))
        if own:
            lacks = {
                mark: {seed: lacking(row["curve"], mark, ON) for seed, row in own.items()}
                for mark in MARKS
            }
            more = [
                [value - lacking(usual[seed]["curve"], mark, ON) for seed, value in found.items()]
                for mark, found in lacks.items()
            ]
            cells = [
                *(spread(list(found.values()), worst=max, digits=2) for found in lacks.values()),
                *(spread(difference, worst=max, digits=2) for difference in more),
                *(spread([100 * row[at] for row in own.values()], digits=1) for at in PLACES),
                spread([row["depth"] for row in own.values()], digits=1),
            ]
            lines.append([sampler, arm, len(own), *cells])
    head = ["sampler", "setting", "seeds", *(f"log10 @{mark}" for mark in MARKS)]
    head += [f"more than default @{mark}" for mark in MARKS]
    return table([*head, *(f"{place} (%)" for place in PLACES), "depth"], lines)


def _by_seed(results: Path, arm: str, sampler: str) -> dict[int, Row]:
    return {row["seed"]: row for row in rows(results, arm) if row["sampler"] == sampler}


if __name__ == "__main__":
    main()
