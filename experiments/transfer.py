"""Neural Architecture Transfer on part of CIFAR-10, with the preset ``tiny``.

    python -m experiments.transfer run --data FOLDER [--rows FILE] [--only frozen adapted tuned]
    python -m experiments.transfer table

``frozen``: the weights stay, 100 networks are evaluated: does the predictor find a better front
than random draws, NSGA-II without a predictor, and NAT? ``adapted``: the same with five epochs of
adaptation, every record being of the last weights; also with uniform adaptation. ``tuned``: four
networks of the front of NATv2, trained on their own with one exit and with all, the test images
read once for each. Super-networks are those of ``experiments.supernet``, and so are FOLDER, FILE
and ``--work``: three of them, to which searches are dealt out by their seeds.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import spearmanr

from agnet.benchmarks import Inherited
from agnet.benchmarks.supernet import ElasticSharing, SuperNetwork
from agnet.benchmarks.training import ImageData, accuracy
from agnet.objectives import Objective
from agnet.seeds import stream
from agnet.spaces.elastic import sample_filled
from agnet.surrogates import BoostedTrees
from agnet.transfer import (
    POLICIES,
    RECIPE,
    TUNING,
    Aim,
    Policy,
    Transferred,
    aim_of,
    finish,
    transfer,
)
from experiments.recorded import Row, complete, matching, parser, rows, spread, table
from experiments.supernet import HOW, TEACHING, grown, opened

SUPERNETS: Final = 3
OBJECTIVES: Final = (
    (Objective("val_accuracy", "maximize"), 20.0),
    (Objective("params_m", "minimize"), 0.11),
    (Objective("flops_m", "minimize"), 6.2),
)
"""And what hypervolumes are measured to."""

NATV2: Final = POLICIES["natv2"]
POLICY: Final[dict[str, Policy]] = {
    "natv2": NATV2,
    "natv2, fixed 1x": replace(NATV2, archive=60, factor=1),
    "natv2, agnet": replace(NATV2, proposer="agnet"),
    "nat": POLICIES["nat"],
    "nsga2": replace(NATV2, archive=20, factor=1, iterations=10, proposer="nsga2"),
    "random": replace(NATV2, archive=100, factor=1, iterations=0),
}
ADAPTED: Final[dict[str, Policy]] = {
    "natv2": NATV2,
    "natv2, uniform": replace(NATV2, adapts="uniform"),
    "nat": POLICIES["nat"],
    "random": replace(NATV2, proposer="random"),
}
TUNED: Final = 4
LEARNT: Final = 130  # networks that the predictor is judged on
BEST: Final = 20


def main() -> None:
    """Searches, or prints what was found."""
    made = parser(__doc__, ("run", "table"), "transfer", 5)
    made.add_argument("--data", help="CIFAR-10's folder, digits, or another source of images")
    made.add_argument("--rows", type=Path, help="which of CIFAR-10's images")
    made.add_argument("--work", type=Path, default=Path("runs/supernet"), help="for checkpoints")
    made.add_argument("--objectives", type=int, nargs="+", default=[2, 3])
    given = made.parse_args()
    if given.what == "run":
        if given.data is None:
            made.error("run needs --data")
        work = partial(run, source=given.data, chosen=given.rows, work=given.work)
        complete(jobs(given.seeds, given.objectives), work, given.results, given.procs, given.only)
    print("\n\n".join(tables(given.results)))


def jobs(seeds: int, objectives: Sequence[int]) -> list[Row]:
    """What there is to do, in an order that is useful early."""
    found: list[Row] = []
    for seed in range(seeds):
        for count in objectives:
            found += [
                {"what": "frozen", "objectives": count, "arm": arm, "seed": seed} for arm in POLICY
            ]
        if seed < SUPERNETS:
            found += [
                {"what": "adapted", "objectives": 2, "arm": arm, "seed": seed} for arm in ADAPTED
            ]
            found.append({"what": "tuned", "seed": seed})
            found.append({"what": "predictor", "seed": seed})
    return found


def run(job: Row, source: str, chosen: Path | None, work: Path) -> Row:
    """Does one job."""
    data, number = opened(source, chosen), int(job["seed"]) % SUPERNETS
    *_, (_, net) = grown(data, number, work / f"tiny-{number}")
    if job["what"] == "predictor":
        return predicted(net, data, number, work)
    if job["what"] == "tuned":
        return tuned(net, data, number, work)
    frozen = job["what"] == "frozen"
    policy = POLICY[job["arm"]] if frozen else ADAPTED[job["arm"]]
    policy = replace(policy, adaptation=0) if frozen else policy
    words = [str(value) for value in job.values()]
    folder = work / "-".join(words).replace(", ", "-").replace(" ", "-")
    found = searched(net, data, policy, aim(job["objectives"]), int(job["seed"]), folder, number)
    best = np.sort(found.archive.values[:, 0])[::-1][:BEST]
    return {
        "rounds": [asdict(one) for one in found.rounds],
        "best": round(float(best.mean()), 3),
        "front": [
            [str(arch), *map(float, row)]
            for arch, row in zip(found.front.archs, found.front.values, strict=True)
        ],
    }


def aim(objectives: int) -> Aim:
    """Accuracy, parameters and multiply-adds, as many as are wanted."""
    wanted, reference = zip(*OBJECTIVES[:objectives], strict=True)
    return aim_of(wanted, reference=reference)


def searched(
    net: SuperNetwork,
    data: ImageData,
    policy: Policy,
    wanted: Aim,
    seed: int,
    folder: Path,
    number: int,
) -> Transferred:
    """A transfer; what others have evaluated with the same weights is not evaluated again."""
    shared, own = folder.parent / f"evaluations-{number}.jsonl", folder / "evaluations.jsonl"
    if shared.exists() and not own.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared, own)
    made = transfer(
        net,
        data,
        policy,
        wanted,
        out=folder,
        recipe=RECIPE,
        teaching=replace(TEACHING, exits="desc"),
        seed=seed,
        execution=HOW,
    )
    lines = [line for line in own.read_text().splitlines() if '"version": 0' in line]
    known = set(shared.read_text().splitlines()) if shared.exists() else set()
    with shared.open("a") as file:
        file.writelines(f"{line}\n" for line in lines if line not in known)
    return made


def predicted(net: SuperNetwork, data: ImageData, number: int, work: Path) -> Row:
    """How well boosted trees rank networks that they have not seen, in ten parts."""
    space = net.space
    archs = sample_filled(space, LEARNT, stream(number, "predictor"))
    judge = Inherited(ElasticSharing(net), data, calibration=TEACHING.calibration, execution=HOW)
    values = judge.query(archs, ["val_accuracy"])
    order = np.random.default_rng(number).permutation(len(archs))
    expected = np.empty(len(archs))
    for part in np.array_split(order, 10):
        others = np.setdiff1d(order, part)
        model = BoostedTrees(space, np.random.default_rng(0))
        model.fit(archs[others], values[others])
        expected[part] = model.predict(archs[part])[0][:, 0]
    exits = np.array([space.plan(arch).exit for arch in archs])
    within = {
        str(last): float(spearmanr(expected[exits == last], values[exits == last, 0]).statistic)
        for last in np.unique(exits).tolist()
    }
    overall = float(spearmanr(expected, values[:, 0]).statistic)
    return {"overall": round(overall, 4), "within": within}


def tuned(net: SuperNetwork, data: ImageData, number: int, work: Path) -> Row:
    """What networks of the front gain by training on their own."""
    folder = work / f"adapted-2-natv2-{number}"
    found = searched(net, data, NATV2, aim(2), number, folder, number)
    made = []
    for arch in found.archive.worth_most(TUNED).archs:
        images = data.train.images[: TEACHING.calibration]
        before = accuracy(ElasticSharing(found.net).network(arch, images), data.test, HOW)
        row: Row = {"arch": str(arch), "inherited": round(before, 2)}
        for name, together in (("alone", False), ("together", True)):
            done = finish(
                found.net,
                arch,
                data,
                TUNING,
                together=together,
                test=True,
                calibration=TEACHING.calibration,
                seed=number,
                execution=HOW,
            )
            row[name] = {
                "test": done.test_accuracy,
                "epochs": done.epochs,
                "params_m": done.cost.parameters / 1e6,
                "flops_m": done.cost.macs / 1e6,
            }
        made.append(row)
        print(row, flush=True)
    return {"networks": made}


def tables(results: Path) -> list[str]:
    """Prints everything."""
    made = []
    for what, arms in (("frozen", POLICY), ("adapted", ADAPTED)):
        for objectives in (2, 3):
            own = matching(rows(results, what), objectives=objectives)
            if own:
                made.append(f"{what}, {objectives} objectives\n{searches(own, list(arms))}")
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
        told = [
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
                spread(list(volumes.values())),
                f"{100 * float(np.mean(above)):+.2f} %" if above else "-",
                f"{sum(gain > 0 for gain in above)} of {len(above)}",
                spread(told, digits=2) if told else "-",
                spread([row["best"] for row in own], digits=2),
            ]
        )
    head = ["method", "seeds", "evaluated", "hypervolume", "beside random", "better in"]
    head += ["Kendall of newcomers", f"mean accuracy of the best {BEST}"]
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


if __name__ == "__main__":
    main()
