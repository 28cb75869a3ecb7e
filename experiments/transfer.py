"""Neural Architecture Transfer on part of CIFAR-10, with the preset ``tiny``.

    python -m experiments.transfer run --data FOLDER [--rows FILE] [--only PART ...]
    python -m experiments.transfer table

``frozen``: the weights stay, 100 networks are evaluated: does the predictor find a better front
than random draws, NSGA-II without a predictor, and NAT? Hypervolume is of all that was evaluated.
``adapted``: the same with five epochs of adaptation, every record being of the last weights, for
which archives are evaluated again; also with uniform adaptation and without any, what is told of
all being their archives. ``tuned``: three networks of the front of NATv2, each as it is, trained on
its own with one exit, and with all of its exits, of each of which the test images say the accuracy
once. ``families``: one search each, with frozen weights, of super-networks with early exits or
without, and with dense skips or without, trained for half as long. The other super-networks are
those of ``experiments.supernet``, and so are FOLDER, FILE and ``--work``: three of them, to which
searches are dealt out by their seeds, so that intervals are of searches more than of
super-networks.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.stats import spearmanr

from agnet.benchmarks import Inherited
from agnet.benchmarks.supernet import ElasticSharing, SuperNetwork
from agnet.benchmarks.training import ImageData, accuracy
from agnet.files import replace_file
from agnet.objectives import Objective
from agnet.seeds import stream
from agnet.strategies import Problem, make_strategy
from agnet.strategies.nat import beginning
from agnet.surrogates import BoostedTrees
from agnet.transfer import (
    POLICIES,
    RECIPE,
    TUNING,
    Aim,
    Policy,
    Records,
    Round,
    Transferred,
    aim_of,
    finish,
    transfer,
)
from experiments.recorded import Row, complete, parser
from experiments.supernet import HOW, TEACHING, configured, drawn, folder_of, grown, opened
from experiments.transfer_tables import tables

SUPERNETS: Final = 3
OBJECTIVES: Final = (
    (Objective("val_accuracy", "maximize"), 20.0),
    (Objective("params_m", "minimize"), 0.11),
    (Objective("flops_m", "minimize"), 6.2),
)
"""And what hypervolumes are measured to."""

NATV2: Final = POLICIES["natv2"]
FROZEN: Final = replace(NATV2, adaptation=0)
POLICY: Final[dict[str, Policy]] = {
    "natv2": NATV2,
    # As many evaluations, of which fewer come before the first round.
    "natv2, 1x": replace(NATV2, factor=1, newcomers=7, iterations=10),
    "natv2, agnet": replace(NATV2, proposer="agnet"),
    "nat": POLICIES["nat"],
    "random": replace(NATV2, archive=100, factor=1, iterations=0),
}
ADAPTED: Final[dict[str, Policy]] = {
    "natv2": NATV2,
    "natv2, uniform": replace(NATV2, adapts="uniform"),
    "natv2, frozen": FROZEN,
    "nat": POLICIES["nat"],
    "random": replace(NATV2, proposer="random"),
}
FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "exits": {},
    "no exits": {"early_exits": False},
    # Layers skip to those after the next, so that stages need three.
    "deeper": {"depths": (1, 2, 3)},
    "deeper, dense": {"depths": (1, 2, 3), "dense": True},
}
SHARE: Final = 0.5  # of the epochs that super-networks have elsewhere
NSGA2: Final = "nsga2"
EVALUATED: Final = 100
DRAW: Final = NATV2.draw
FIRST: Final = 20  # of the same first draws as the others, as large as its population
TUNED: Final = 3
ALONE: Final = replace(TUNING, epochs=10)
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
        name = opened(given.data, given.rows).name
        todo = [
            {"what": job.pop("what"), "data": name, **job}
            for job in jobs(given.seeds, given.objectives)
        ]
        complete(todo, work, given.results, given.procs, given.only)
    arms = {
        "frozen": [*POLICY, NSGA2],
        "adapted": list(ADAPTED),
        "families": list(FAMILIES),
    }
    print("\n\n".join(tables(given.results, arms)))


def jobs(seeds: int, objectives: Sequence[int]) -> list[Row]:
    """What there is to do, in an order that is useful early."""
    found: list[Row] = []
    for seed in range(seeds):
        for count in objectives:
            found += [
                {"what": "frozen", "objectives": count, "arm": arm, "seed": seed}
                for arm in (*POLICY, NSGA2)
            ]
        if seed < SUPERNETS:
            found += [
                {"what": "adapted", "objectives": 2, "arm": arm, "seed": seed} for arm in ADAPTED
            ]
            found.append({"what": "tuned", "seed": seed})
            found.append({"what": "predictor", "seed": seed})
        if seed == 0:
            found += [
                {"what": "families", "objectives": 2, "arm": arm, "seed": seed} for arm in FAMILIES
            ]
    return found


def run(job: Row, source: str, chosen: Path | None, work: Path) -> Row:
    """Does one job."""
    data, number = opened(source, chosen), int(job["seed"]) % SUPERNETS
    if job["what"] == "families":
        return of_family(data, job, work / folder_for(job))
    *_, (_, net) = grown(data, number, work / folder_of(number))
    if job["what"] == "predictor":
        return predicted(net, data, number)
    if job["what"] == "tuned":
        return tuned(net, data, number, work)
    frozen, seed = job["what"] == "frozen", int(job["seed"])
    wanted = aim(job["objectives"])
    if job["arm"] == NSGA2:
        return evolved(net, data, wanted, seed)
    policy = POLICY[job["arm"]] if frozen else ADAPTED[job["arm"]]
    policy = replace(policy, adaptation=0) if frozen else policy
    found = searched(net, data, policy, wanted, seed, work / folder_for(job), number)
    return reported(found, found.known if frozen else found.archive)


def reported(found: Transferred, among: Records) -> Row:
    """What a transfer came to, and what was found among some of what it evaluated."""
    return {"rounds": [asdict(one) for one in found.rounds], **told(among)}


def of_family(data: ImageData, job: Row, folder: Path) -> Row:
    """A search of a super-network of another family, which is trained first."""
    config, seed = replace(configured(data), **FAMILIES[job["arm"]]), int(job["seed"])
    *_, (_, net) = grown(data, seed, folder, SHARE, config)
    found = searched(net, data, FROZEN, aim(job["objectives"]), seed, folder / "search", seed)
    return reported(found, found.known)


def folder_for(job: Row) -> str:
    """The folder of a transfer."""
    return "-".join(map(str, job.values())).replace(", ", "-").replace(" ", "-")


def told(known: Records) -> Row:
    """The front of what was evaluated, and the mean accuracy of the best of it."""
    front = known[known.front]
    return {
        "best": round(float(np.sort(known.values[:, 0])[::-1][:BEST].mean()), 3),
        "front": [
            [str(arch), *map(float, row)]
            for arch, row in zip(front.archs, front.values, strict=True)
        ],
    }


def aim(objectives: int) -> Aim:
    """Accuracy, parameters and multiply-adds, as many as are wanted."""
    wanted, reference = zip(*OBJECTIVES[:objectives], strict=True)
    return aim_of(wanted, reference=reference)


def evolved(net: SuperNetwork, data: ImageData, wanted: Aim, seed: int) -> Row:
    """NSGA-II, which is told of every evaluation, and decides by itself who stays."""
    space, judge = net.space, judging(net, data)
    problem = Problem(space, wanted.objectives)
    strategy = make_strategy(NSGA2, problem, stream(seed, "transfer-nsga2"), {})
    # What the others begin with, in the same order.
    first = beginning(space, NATV2.archive * NATV2.factor, stream(seed, "transfer-beginning"), DRAW)
    asked, found = first[:FIRST], Records(wanted, first[:0], np.empty((0, len(wanted.columns))))
    while len(asked):
        values = judge.query(asked, wanted.columns)
        strategy.tell(asked, wanted.outcomes(values))
        found += Records(wanted, asked, values)
        asked = strategy.ask(min(NATV2.newcomers, EVALUATED - len(found)))
    last = Round(0, len(found), len(found), found.hypervolume, len(found.front), None)
    return {"rounds": [asdict(last)], **told(found)}


def judging(net: SuperNetwork, data: ImageData) -> Inherited:
    """Evaluates networks as a transfer does."""
    return Inherited(ElasticSharing(net), data, calibration=TEACHING.calibration, execution=HOW)


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
    head, *lines = own.read_text().splitlines()
    kept = [line for line in lines if '"version": 0' in line]
    before = shared.read_text().splitlines() if shared.exists() else [head]
    replace_file(shared, "".join(f"{line}\n" for line in dict.fromkeys(before + kept)).encode())
    return made


def predicted(net: SuperNetwork, data: ImageData, number: int) -> Row:
    """How well boosted trees rank networks that they have not seen, in ten parts."""
    space = net.space
    archs = drawn(space, LEARNT, stream(number, "predictor"))
    values = judging(net, data).query(archs, ["val_accuracy"])
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
    job = {"what": "adapted", "data": data.name, "objectives": 2, "arm": "natv2", "seed": number}
    found = searched(net, data, NATV2, aim(2), number, work / folder_for(job), number)
    made = []
    for at, arch in enumerate(found.known.worth_most(TUNED).archs):
        images = data.to_calibrate(TEACHING.calibration)
        before = accuracy(ElasticSharing(found.net).network(arch, images), data.test, HOW)
        row: Row = {"arch": str(arch), "inherited": round(before, 2)}
        for name, together in (("alone", False), ("together", True)):
            done = finish(
                found.net,
                arch,
                data,
                ALONE,
                together=together,
                test=True,
                calibration=TEACHING.calibration,
                seed=number,
                execution=HOW,
                folder=work / f"tuned-{number}" / f"{at}-{name}",
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


if __name__ == "__main__":
    main()
