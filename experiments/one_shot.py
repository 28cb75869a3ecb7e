"""One-shot search on NAS-Bench-201: do shared weights rank cells, and what is picked by them?

    python -m experiments.one_shot run --data FOLDER [--rows FILE]   (resumable; --only PART ...)
    python -m experiments.one_shot table

FOLDER is CIFAR-10's python version; ``--rows`` names a part of it (a numpy file of ``train`` and
``test``, in the original order), else all training images are taken. Images are brought to 16x16
pixels, a fifth is held out to choose by; networks have 3 cells of 8, 16 and 32 channels.

``ranks``: super-networks are trained by networks that are drawn, uniformly or fairly, for as many
forward passes. At each quarter of the training, 200 random cells are judged with the weights that
they inherit, beside what NAS-Bench-201 recorded of them. ``ceiling``: so many cells trained alone
in the same small skeleton, which no super-network could be expected to rank better. ``picks``:
searches with 100 evaluations by inherited accuracy, in the fairly trained networks of ``ranks``;
what they pick is judged by what was recorded, which no search sees. ``alternating``: a search by
several prices while the weights are trained, for as many passes. ``prices``: see
:mod:`experiments.one_shot_prices`. What has been trained is kept in ``--work``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from agnet import search
from agnet.benchmarks.inherited import Inherited
from agnet.benchmarks.supernet import MixedSharing
from agnet.benchmarks.training import ImageData
from agnet.errors import MissingData
from agnet.one_shot import OneShot, one_shot
from agnet.seeds import stream
from experiments import one_shot_prices
from experiments.one_shot_price_tables import price_table, verdicts
from experiments.one_shot_setup import (
    CALIBRATION,
    HOW,
    PASSES,
    RECIPE,
    SPACE,
    alone,
    epochs_of,
    file_of,
    judged,
    judging,
    network,
    smaller,
    trained,
)
from experiments.one_shot_tables import ARMS, mode_table, pick_table, rank_table
from experiments.recorded import Row, complete, matching, parser, rows

DRAWN: Final = 200
CEILING: Final = 40
QUARTERS: Final = 4
QUERIES: Final = 100
# In cross-entropies: three times those of experiments.importance, which are in errors.
PRICES: Final = (0.0, 0.09, 0.3, 1.2, 3.0)


def main() -> None:
    """Trains and searches, or prints what was found."""
    made = parser(__doc__, ("run", "table"), "one_shot", 3)
    made.add_argument("--data", help="CIFAR-10's folder, digits, or another source of images")
    made.add_argument("--rows", type=Path, help="which of CIFAR-10's images")
    made.add_argument("--work", type=Path, default=Path("runs/one_shot"), help="for checkpoints")
    made.add_argument("--share", type=float, default=1.0, help="of the epochs, for a trial")
    given = made.parse_args()
    results, share = given.results, given.share
    if given.what == "run":
        if given.data is None and given.only != [one_shot_prices.PART]:
            made.error("run needs --data")
        where = {"source": given.data, "chosen": given.rows, "work": given.work}
        work = partial(run, results=results, **where)
        # Picks are of super-networks that are trained before, once, whatever --procs is.
        for jobs in (plan(given.seeds, share), picks(given.seeds, share)):
            complete(jobs, work, results, given.procs, given.only)
    print(rank_table(results, share), mode_table(results, share), sep="\n\n")
    print("", pick_table(results, share), "", price_table(results), sep="\n")
    print("", verdicts(results), sep="\n")


def plan(seeds: int, share: float) -> list[Row]:
    """What there is to do before picks; cheap things first."""
    jobs = one_shot_prices.plan()
    for seed in range(seeds):
        jobs += [_job("ranks", arm, seed, share) for arm in ("fair", "uniform")]
        jobs.append(_job("alternating", "shared", seed, share))
    cells = SPACE.index(SPACE.sample(CEILING, stream(0, "one-shot-alone"))).tolist()
    return jobs + [_job("ceiling", "alone", 0, share) | {"cell": cell} for cell in cells]


def picks(seeds: int, share: float) -> list[Row]:
    """All picks of a super-network are one job."""
    return [_job("picks", "fair", seed, share) for seed in range(seeds)]


def _job(part: str, arm: str, seed: int, share: float) -> Row:
    return {"part": part, "arm": arm, "seed": seed, "share": share}


def run(job: Row, source: str, chosen: Path | None, work: Path, results: Path) -> Row:
    """Does one job."""
    part, arm, seed = job["part"], job["arm"], int(job["seed"])
    if part == one_shot_prices.PART:
        return one_shot_prices.run(arm, seed)
    data, share = smaller(source, chosen), float(job["share"])
    if part == "ranks":
        return ranked(data, arm, seed, share, work)
    if part == "ceiling":
        cell = SPACE.enumerate()[int(job["cell"])]
        accuracy, loss = alone(cell, data, seed, share)
        return {"accuracy": accuracy, "loss": loss}
    if part == "picks":
        return picked(data, seed, share, work, results)
    return alternated(data, seed, share, work)


def ranked(data: ImageData, drawing: str, seed: int, share: float, work: Path) -> Row:
    """What random cells are worth by a super-network at each quarter of its training.

    A quarter is None if the training was killed between its end and when it was judged.
    """
    archs = SPACE.sample(DRAWN, stream(seed, "one-shot-cells"))
    epochs = epochs_of(drawing, share)
    ends = [max(round(epochs * part / QUARTERS), 1) for part in range(1, QUARTERS + 1)]

    def note(epoch: int) -> Path:
        return file_of(work, drawing, seed, share).with_suffix(f".epoch{epoch}.json")

    def judge(sharing: MixedSharing, epoch: int) -> None:
        if epoch in ends:
            note(epoch).write_text(json.dumps(judged(sharing, archs, data)))

    sharing = trained(data, drawing, seed, share, work, judge)
    if not note(epochs).exists():
        judge(sharing, epochs)
    noted = [json.loads(note(end).read_text()) if note(end).exists() else None for end in ends]
    return {"cells": SPACE.index(archs).tolist(), "epochs": ends, "quarters": noted}


def picked(data: ImageData, seed: int, share: float, work: Path, results: Path) -> Row:
    """What searches by inherited accuracy ask for, and what they find.

    Raises:
        MissingData: If the super-network has not been trained, or still is.
    """
    done = matching(rows(results, "ranks"), arm="fair", seed=seed, share=share)
    if not done or not file_of(work, "fair", seed, share).exists():
        raise MissingData(
            f"got no trained super-network of seed {seed} in {work}; expected that of the part "
            "ranks: run --only ranks before, with the same --work and --share"
        )
    benchmark = Inherited(trained(data, "fair", seed, share, work), judging(data))
    return {arm: pick(benchmark, arm, seed) for arm in ARMS}


def pick(benchmark: Inherited, arm: str, seed: int) -> Row:
    """What one search asks for, and what it finds."""
    goals = ("maximize val_accuracy", "minimize params_m")
    found = search(
        benchmark,
        strategy=arm,
        objectives=goals if arm == "nsga2" else goals[:1],
        queries=QUERIES,
        init=16,
        batch=4,
        seed=seed,
    ).history
    best = found["val_accuracy"].to_numpy().argmax()
    cells = SPACE.index([SPACE.parse(text) for text in found["arch"]]).tolist()
    inherited = round(float(found["val_accuracy"].iloc[best]), 2)
    return {"pick": cells[best], "inherited": inherited, "cells": cells}


def alternated(data: ImageData, seed: int, share: float, work: Path) -> Row:
    """The modes of a search that goes on while weights are trained."""
    settings = OneShot(PRICES, calibration=CALIBRATION)
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
        checkpoint=file_of(work, "alternating", seed, share),
        identity=f"on {len(data.train)} of {data.name}",
        after_epoch=partial(_say, f"alternating {seed}"),
    )
    return {"units": found.units, **one_shot_prices.told(found)}


def _say(what: str, epoch: int, loss: float, value: float) -> None:
    print(f"{what}: epoch {epoch}, loss {loss:.3f}, {value:.1f} %", flush=True)


if __name__ == "__main__":
    main()
