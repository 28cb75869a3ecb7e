"""One-shot search on NAS-Bench-201: do shared weights rank cells, and what is picked by them?

    python -m experiments.one_shot run --data FOLDER [--rows FILE]   (resumable; --only PART ...)
    python -m experiments.one_shot table

FOLDER is CIFAR-10's python version, of which ``--rows`` names a part (a numpy file of ``train`` and
``test``, in the original order). Images are brought to 16x16 pixels, a fifth is held out to choose
by; networks have 3 cells of 8, 16 and 32 channels.

``ranks``: super-networks are trained by networks that are drawn, uniformly or fairly, for as many
forward passes. 200 random cells are judged with the weights that they inherit, beside what
NAS-Bench-201 recorded of them. ``picks``: searches with 100 evaluations by inherited accuracy, in
the fairly trained ones; what they pick is judged by what was recorded, which no search sees.
``alternating``: a search by several prices while the weights are trained, for as many passes.
``prices``: see :mod:`experiments.one_shot_prices`. What has been trained is kept in ``--work``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.stats import kendalltau, spearmanr
from torch.nn.functional import avg_pool2d

from agnet import open_benchmark, search
from agnet.benchmarks.inherited import Inherited
from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.supernet import MixedCells, MixedSharing, inherited_accuracy, train_drawn
from agnet.benchmarks.training import Execution, ImageData, LabelledImages, Recipe
from agnet.one_shot import OneShot, one_shot
from agnet.seeds import stream
from agnet.spaces import NASBench201
from experiments import one_shot_prices
from experiments.one_shot_price_tables import price_table, verdicts
from experiments.recorded import Row, complete, parser, rows, spread, table
from experiments.supernet import opened

SIDE: Final = 16
SKELETON: Final = NASBench201Skeleton(channels=8, cells=1)
# By sgd, weights that are drawn so rarely learn several times more slowly.
RECIPE: Final = Recipe(batch=64, rate=0.01, weight_decay=0.01, period=0, clip=5.0)
PASSES: Final = 60  # epochs of one network an update, as long as which all trainings are
OPTIONS: Final = 5  # fair networks of an update
DRAWN: Final = 200
CALIBRATION: Final = 500
HOW: Final = Execution(channels_last=True)
QUERIES: Final = 100
ARMS: Final = ("random", "evolution", "agnet", "nsga2")
SPACE: Final = NASBench201()


def main() -> None:
    """Trains and searches, or prints what was found."""
    made = parser(__doc__, ("run", "table"), "one_shot", 3)
    made.add_argument("--data", help="CIFAR-10's folder, digits, or another source of images")
    made.add_argument("--rows", type=Path, help="which of CIFAR-10's images")
    made.add_argument("--work", type=Path, default=Path("runs/one_shot"), help="for checkpoints")
    made.add_argument("--share", type=float, default=1.0, help="of the epochs, for a trial")
    given = made.parse_args()
    if given.what == "run":
        if given.data is None and given.only != [one_shot_prices.PART]:
            made.error("run needs --data")
        where = {"source": given.data, "chosen": given.rows, "work": given.work}
        work = partial(run, share=given.share, **where)
        complete(plan(given.seeds), work, given.results, given.procs, given.only)
    print(rank_table(rows(given.results, "ranks")), pick_table(given.results), sep="\n\n")
    print("", price_table(given.results), "", verdicts(given.results), sep="\n")


def plan(seeds: int) -> list[Row]:
    """What there is to do; cheap things first, picks after what they need."""
    jobs = one_shot_prices.plan()
    for seed in range(seeds):
        jobs += [{"part": "ranks", "arm": arm, "seed": seed} for arm in ("fair", "uniform")]
        jobs.append({"part": "alternating", "arm": "shared", "seed": seed})
        jobs += [{"part": "picks", "arm": arm, "seed": seed} for arm in ARMS]
    return jobs


def run(job: Row, source: str, chosen: Path | None, work: Path, share: float) -> Row:
    """Does one job."""
    part, arm, seed = job["part"], job["arm"], int(job["seed"])
    if part == one_shot_prices.PART:
        return one_shot_prices.run(arm, seed)
    data = smaller(source, chosen)
    if part == "ranks":
        sharing = trained(data, arm, seed, work, share)
        archs = SPACE.sample(DRAWN, stream(seed, "one-shot-cells"))
        return {
            "cells": SPACE.index(archs).tolist(),
            "inherited": [inherited(sharing, arch, data) for arch in archs],
            "share": share,
        }
    if part == "picks":
        return picked(Inherited(trained(data, "fair", seed, work, share), data), arm, seed)
    return alternated(data, seed, work, share)


@cache
def smaller(source: str, chosen: Path | None) -> ImageData:
    """The images, no side of which is above the one wanted."""
    full = opened(source, chosen)
    factor = max(full.image_shape[1] // SIDE, 1)
    train, validation, test = (
        LabelledImages(avg_pool2d(part.images, factor), part.labels)
        for part in (full.train, full.validation, full.test)
    )
    return ImageData(f"{full.name}-{SIDE}px", train, validation, test, full.num_classes)


def network(data: ImageData, seed: int) -> MixedSharing:
    """A super-network with weights that have learnt nothing."""
    generator = torch.Generator().manual_seed(seed)
    net = MixedCells(SKELETON, data.num_classes, data.image_shape[0], generator=generator)
    return MixedSharing(net)


def trained(data: ImageData, drawing: Any, seed: int, work: Path, share: float) -> MixedSharing:
    """A super-network after training; one that is there is not trained again."""
    sharing, epochs = network(data, seed), PASSES * share
    if drawing == "fair":
        epochs /= OPTIONS
    train_drawn(
        sharing,
        data,
        replace(RECIPE, epochs=max(round(epochs), 1)),
        drawing=drawing,
        calibration=CALIBRATION,
        seed=seed,
        execution=HOW,
        checkpoint=work / f"{drawing}-{seed}.pt",
        after_epoch=partial(_say, f"{drawing} {seed}"),
    )
    return sharing


def inherited(sharing: MixedSharing, arch: Any, data: ImageData) -> float:
    """The validation accuracy of a cell with the weights that it shares."""
    return round(inherited_accuracy(sharing, arch, data, images=CALIBRATION, execution=HOW), 2)


def picked(benchmark: Inherited, arm: str, seed: int) -> Row:
    """What a search by inherited accuracy asks for, and what it finds."""
    more: Row = {"minimize": ("params_m",), "maximize": ("val_accuracy",)} if arm == "nsga2" else {}
    found = search(
        benchmark, strategy=arm, queries=QUERIES, init=16, batch=4, seed=seed, **more
    ).history
    best = found["val_accuracy"].to_numpy().argmax()
    archs = [SPACE.parse(text) for text in found["arch"]]
    return {
        "pick": int(SPACE.index([archs[best]])[0]),
        "inherited": round(float(found["val_accuracy"].iloc[best]), 2),
        "cells": SPACE.index(archs).tolist(),
    }


def alternated(data: ImageData, seed: int, work: Path, share: float) -> Row:
    """The modes of a search that goes on while weights are trained."""
    settings = OneShot(calibration=CALIBRATION)
    # Two networks to learn from, and after the wait ten to choose by, at a third of the price.
    passes = settings.trained + (1 - settings.wait) * settings.own * settings.count / 3
    epochs = max(round(PASSES * share / passes), 1)
    found = one_shot(
        [network(data, seed)],
        data,
        replace(RECIPE, epochs=epochs),
        settings,
        seed=seed,
        execution=HOW,
        checkpoint=work / f"alternating-{seed}.pt",
        after_epoch=partial(_say, f"alternating {seed}"),
    )
    return {"units": found.units, **one_shot_prices.told(found)}


def _say(what: str, epoch: int, loss: float, value: float) -> None:
    print(f"{what}: epoch {epoch}, loss {loss:.3f}, {value:.1f} %", flush=True)


def rank_table(found: Sequence[Row]) -> str:
    """How cells rank by inherited accuracies, beside how they rank by their parameters."""
    lines = []
    for arm in ("fair", "uniform"):
        own = [row for row in found if row["arm"] == arm]
        each = [agreements(row) for row in own]
        columns = [spread([one[at] for one in each]) for at in range(5)]
        means = [float(np.mean(row["inherited"])) for row in own]
        lines.append([arm, len(own), spread(means, digits=1), *columns])
    head = ["drawing", "seeds", "inherited (%)", "Kendall's tau", "distinct cells", "better half"]
    return table([*head, "Spearman", "Spearman of parameters"], lines)


def agreements(row: Row) -> list[float]:
    """Rank correlations of one super-network with what was recorded.

    Kendall's tau of all cells, of those that differ as functions, of the half that is better by
    record; Spearman's correlation of all, and of their parameters with the record.
    """
    archs = SPACE.enumerate()[np.array(row["cells"])]
    recorded, params = open_benchmark("nasbench201").query(archs, ["val_accuracy", "params_m"]).T
    values = np.array(row["inherited"])
    distinct = np.unique(SPACE.keys(archs, "function"), return_index=True)[1]
    better = np.flatnonzero(recorded >= np.median(recorded))
    taus = [
        float(kendalltau(values[of], recorded[of]).statistic)
        for of in (np.arange(len(archs)), distinct, better)
    ]
    return [*taus, *(float(spearmanr(one, recorded).statistic) for one in (values, params))]


def pick_table(results: Path) -> str:
    """What was recorded of what each method picks."""
    recorded = open_benchmark("nasbench201").query(SPACE.enumerate(), ["val_accuracy"])[:, 0]
    ranks = np.argsort(np.argsort(-recorded, kind="stable"), kind="stable") + 1
    picks = {
        arm: [row["pick"] for row in rows(results, "picks") if row["arm"] == arm] for arm in ARMS
    }
    for row in rows(results, "alternating"):
        for at, cell in enumerate(row["cells"]):
            picks.setdefault(f"alternating, price {at + 1} of {len(row['cells'])}", []).append(cell)
    lines = [
        [
            arm,
            len(cells),
            spread([float(recorded[cell]) for cell in cells], digits=2),
            ", ".join(str(ranks[cell]) for cell in cells),
        ]
        for arm, cells in picks.items()
    ]
    return table(["method", "seeds", "recorded (%)", "ranks of 15,625"], lines)


if __name__ == "__main__":
    main()
