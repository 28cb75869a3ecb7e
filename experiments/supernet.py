"""What an elastic super-network is worth: do its networks learn, and do they rank as on their own?

    python -m experiments.supernet run --data FOLDER [--rows FILE]
    python -m experiments.supernet table                 (prints what was found)

The preset ``tiny`` is trained as its largest network, at all exits, then by the sandwich rule. 24
networks drawn at random are evaluated before and after, with norms calibrated for each and with
those of the largest network. 16 networks, spread over exits and accuracies, are trained on their
own as well. FOLDER is CIFAR-10's python version, of which ``--rows`` names a part (a numpy file of
``train`` and ``test``, in the original order), or whatever else ``agnet train --data`` takes. What
has been trained is kept in ``--work``: a killed experiment goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch import nn

from agnet.benchmarks.networks.initialisation import initialise
from agnet.benchmarks.supernet import (
    ElasticSharing,
    PlainNetwork,
    SuperNetwork,
    Teaching,
    calibrate,
    extract,
    inherited_accuracy,
    train_supernet,
)
from agnet.benchmarks.training import (
    Execution,
    ImageData,
    accuracy,
    cifar10_images,
    hold_out,
    open_images,
    train,
)
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures
from agnet.spaces.elastic import ElasticConfig, ElasticSpace, Options, elastic_preset, sample_filled
from agnet.transfer import RECIPE, growth
from experiments.recorded import Row, complete, matching, parser, rows, spread, table

LARGEST, ELASTIC, ALONE = 10, 20, 10  # epochs
TEACHING: Final = Teaching(exits="asc", calibration=512)
HOW: Final = Execution(channels_last=True)
DRAWN: Final = 24
COMPARED: Final = {1: 4, 2: 6, 3: 6}  # networks of each exit
POOL: Final = 60  # they are chosen from


def main() -> None:
    """Trains, or prints what was found."""
    made = parser(__doc__, ("run", "table"), "supernet", 2)
    made.add_argument("--data", help="CIFAR-10's folder, digits, or another source of images")
    made.add_argument("--rows", type=Path, help="which of CIFAR-10's images")
    made.add_argument("--work", type=Path, default=Path("runs/supernet"), help="for checkpoints")
    made.add_argument("--share", type=float, default=1.0, help="of the epochs, for a trial")
    given = made.parse_args()
    if given.what == "run":
        if given.data is None:
            made.error("run needs --data")
        of = {"data": opened(given.data, given.rows).name, "share": given.share}
        jobs = [{"preset": "tiny", **of, "seed": seed} for seed in range(given.seeds)]
        work = partial(run, source=given.data, chosen=given.rows, work=given.work)
        complete(jobs, work, given.results, given.procs)
    found = rows(given.results, "tiny")
    for data, share in sorted({(row["data"], row["share"]) for row in found}):
        print(f"{data}, {share:g} of the epochs")
        print(found_table(matching(found, data=data, share=share)), end="\n\n")


def opened(source: str, chosen: Path | None) -> ImageData:
    """The images; of those of CIFAR-10 that were chosen, a fifth to choose by."""
    if chosen is None:
        return open_images(source)
    with np.load(chosen) as file:
        wanted = {part: file[part] for part in ("train", "test")}
    every, tested = (
        images[wanted[part].astype(np.int64)]
        for part, images in zip(wanted, cifar10_images(Path(source)), strict=True)
    )
    trained, held = hold_out(every, 0.2, stream(0, "hold-out"))
    return ImageData("cifar10-part", trained, held, tested, 10)


def configured(data: ImageData) -> ElasticConfig:
    """The preset, for such images; small ones are made larger."""
    tiny, (channels, side, _) = elastic_preset("tiny"), data.image_shape
    sides = tiny.resolutions if side >= 24 else (12, 14, 16)
    return replace(tiny, resolutions=sides, channels=channels, classes=data.num_classes)


def grown(
    data: ImageData,
    seed: int,
    folder: Path,
    share: float = 1.0,
    config: ElasticConfig | None = None,
) -> Iterator[tuple[str, SuperNetwork]]:
    """Trains a super-network, and yields it after each phase; what was trained is not again."""
    config = config or configured(data)
    net = SuperNetwork(config, torch.Generator().manual_seed(seed))
    for phase in growth(config, RECIPE, (_part(LARGEST, share), _part(ELASTIC, share))):
        train_supernet(
            net,
            data,
            RECIPE,
            [phase],
            teaching=TEACHING,
            seed=seed,
            execution=HOW,
            checkpoint=folder / f"{phase.name}.pt",
            identity=f"{data.name} {data.digest[:16]}",
            after_epoch=partial(_say, f"super-network {seed} {phase.name}"),
        )
        yield phase.name, net


def run(job: Row, source: str, chosen: Path | None, work: Path) -> Row:
    """One super-network, what its networks are worth, and what they are on their own."""
    data, seed, share = opened(source, chosen), int(job["seed"]), float(job["share"])
    config, folder = configured(data), work / folder_of(seed, share)
    space = ElasticSpace(config)
    some = drawn(space, DRAWN, stream(seed, "drawn"))
    largest = Options.every(config).largest(space)
    found: Row = {"images": len(data.train)}
    for rule, net in grown(data, seed, folder, share):
        found[rule] = {
            "largest": inherited(net, largest, data),
            "drawn": [inherited(net, arch, data) for arch in some],
            "uncalibrated": [uncalibrated(net, arch, largest, data) for arch in some],
        }
    archs, values = compared(net, data, seed)
    alone = [
        standalone(config, arch, data, seed, _part(ALONE, share), folder / f"alone-{at}.pt")
        for at, arch in enumerate(archs)
    ]
    exits = [net.space.plan(arch).exit for arch in archs]
    found["compared"] = {
        "arch": [str(arch) for arch in archs],
        "exit": exits,
        "inherited": values,
        "alone": alone,
    }
    return found


def folder_of(seed: int, share: float = 1.0) -> str:
    """The name of the folder of a super-network and of what is trained beside it."""
    return f"tiny-{seed}" if share == 1.0 else f"tiny-{seed}-{share:g}"


def drawn(space: ElasticSpace, n: int, rng: np.random.Generator) -> Architectures:
    """Up to ``n`` different networks, each depth and exit equally likely."""
    return sample_filled(space, 2 * n, rng).distinct()[:n]


def _part(epochs: int, share: float) -> int:
    return max(1, round(share * epochs))


def _say(what: str, epoch: int, loss: float, value: float) -> None:
    print(f"{what}: epoch {epoch}, loss {loss:.3f}, largest {value:.1f} %", flush=True)


def inherited(net: SuperNetwork, arch: Architecture, data: ImageData) -> float:
    """The validation accuracy of a network with the weights that it shares."""
    sharing, images = ElasticSharing(net), TEACHING.calibration
    return round(inherited_accuracy(sharing, arch, data, images=images, execution=HOW), 2)


def uncalibrated(
    net: SuperNetwork, arch: Architecture, largest: Architecture, data: ImageData
) -> float:
    """The same with the moments of the largest network, cut to its channels."""
    images, exits = data.to_calibrate(TEACHING.calibration), net.config.exits
    whole = extract(net, largest, calibrate(net, largest, images, exits=exits), exits)
    network = extract(net, arch, calibrate(net, arch, images[:2]))
    theirs = dict(whole.named_buffers())
    for name, own in network.named_buffers():
        if own.ndim:
            own.copy_(theirs[name][: len(own)])
    return round(accuracy(network, data.validation, HOW), 2)


def compared(
    net: SuperNetwork, data: ImageData, seed: int
) -> tuple[list[Architecture], list[float]]:
    """Networks of each exit, evenly over their ranks, and what they are worth."""
    pool = drawn(net.space, POOL, stream(seed, "pool"))
    exits = np.array([net.space.plan(arch).exit for arch in pool])
    archs, values = [], []
    for last, count in COMPARED.items():
        own = pool[exits == last]
        worth = np.array([inherited(net, arch, data) for arch in own])
        at = worth.argsort(kind="stable")[np.linspace(0, len(own) - 1, count).round().astype(int)]
        archs += list(own[at])
        values += worth[at].tolist()
    return archs, values


def standalone(
    config: ElasticConfig, arch: Architecture, data: ImageData, seed: int, epochs: int, path: Path
) -> float:
    """The validation accuracy of a network of its own, trained from nothing."""
    generator = torch.Generator().manual_seed(seed)
    network: nn.Module = PlainNetwork(config, ElasticSpace(config).plan(arch))
    initialise(network, generator)
    recipe = replace(RECIPE, epochs=epochs)
    of = f"{arch} {data.name} {data.digest[:16]}"
    done = train(network, data, recipe, generator, execution=HOW, checkpoint=path, identity=of)
    print(f"{path.stem} of seed {seed}: {done.val_accuracy:.1f} %", flush=True)
    return round(done.val_accuracy, 2)


def found_table(found: Sequence[Row]) -> str:
    """Prints the means over seeds of what was to be seen, beside what was expected."""

    def mean(rule: str, what: str) -> list[float]:
        return [float(np.mean(row[rule][what])) for row in found]

    def gain(one: Sequence[float], other: Sequence[float]) -> list[float]:
        return [a - b for a, b in zip(one, other, strict=True)]

    before, after = mean("largest", "drawn"), mean("sandwich", "drawn")
    plain = mean("sandwich", "uncalibrated")
    best = [mean(rule, "largest") for rule in ("largest", "sandwich")]
    lines: list[list[object]] = [
        ["networks drawn, before (%)", spread(before, digits=1), ""],
        ["after (%)", spread(after, digits=1), ""],
        ["gained", spread(gain(after, before), digits=1), "20 or more"],
        ["largest, before (%)", spread(best[0], digits=1), ""],
        ["after (%)", spread(best[1], digits=1), ""],
        ["gained", spread(gain(best[1], best[0]), digits=1), "-2 or more"],
        ["drawn, norms of the largest (%)", spread(plain, digits=1), ""],
        ["lost without calibration", spread(gain(after, plain), digits=1), "15 or more"],
        ["rank correlation with training alone", spread(ranks(found)), "0.75 or more"],
    ]
    for last in COMPARED:
        lines.append([f"of those that end at exit {last}", spread(ranks(found, last)), "0.5"])
    return table(["what", "mean (worst of the seeds)", "expected"], lines)


def ranks(found: Sequence[Row], last: int | None = None) -> list[float]:
    """Spearman's correlation of inherited and own accuracies, one a seed, of one exit or all."""
    made = []
    for row in found:
        here: dict[str, npt.NDArray[Any]] = {
            name: np.array(values) for name, values in row["compared"].items()
        }
        of = np.ones(len(here["exit"]), bool) if last is None else here["exit"] == last
        made.append(float(spearmanr(here["inherited"][of], here["alone"][of]).statistic))
    return made


if __name__ == "__main__":
    main()
