"""What the parts of the one-shot experiment share: images, super-networks, their training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch.nn.functional import avg_pool2d

from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.supernet import MixedCells, MixedSharing, train_drawn
from agnet.benchmarks.training import (
    Execution,
    ImageData,
    LabelledImages,
    Recipe,
    cifar10_python,
    train,
)
from agnet.spaces import Architecture, NASBench201
from experiments.supernet import opened

__all__ = [
    "CALIBRATION",
    "HOW",
    "PASSES",
    "RECIPE",
    "SPACE",
    "alone",
    "epochs_of",
    "file_of",
    "judged",
    "judging",
    "network",
    "smaller",
    "trained",
]

SPACE: Final = NASBench201()
SIDE: Final = 16
SKELETON: Final = NASBench201Skeleton(channels=8, cells=1)
# Weights begin as torch's, and by sgd at 0.1 learn nearly as fast: in a trial of 300 fair updates
# losses came to 1.89 with it and to 1.87 with this, 8 cells to 29.1 and 30.7 %, one seed each.
RECIPE: Final = Recipe(batch=64, rate=0.01, weight_decay=0.01, period=0, clip=5.0)
PASSES: Final = 60  # epochs of one network an update, as long as which all trainings are
OPTIONS: Final = 5  # fair networks of an update
ALONE: Final = 6  # epochs of a cell on its own
HELD_OUT: Final = 0.2
JUDGED: Final = 4000  # of the images held out, that single networks are judged on
CALIBRATION: Final = 500
HOW: Final = Execution(channels_last=True)


@cache
def smaller(source: str, chosen: Path | None) -> ImageData:
    """The images, averaged over squares until no side is above the one wanted.

    Squares have whole sides, so that images can become smaller than that: 20 pixels become 10.
    """
    full = _every(source, chosen)
    factor = -(-max(full.image_shape[1:]) // SIDE)
    train_, validation, test = (
        LabelledImages(avg_pool2d(part.images, factor), part.labels)
        for part in (full.train, full.validation, full.test)
    )
    return ImageData(f"{full.name}-{SIDE}px", train_, validation, test, full.num_classes)


def _every(source: str, chosen: Path | None) -> ImageData:
    """All images; of CIFAR-10's own training images, a fifth is held out whether all are taken."""
    if chosen is None and (Path(source) / "data_batch_1").is_file():
        return cifar10_python(Path(source), HELD_OUT)
    return opened(source, chosen)


def judging(data: ImageData) -> ImageData:
    """The same with fewer images to choose by, which makes evaluations short."""
    held = data.validation
    fewer = LabelledImages(held.images[:JUDGED], held.labels[:JUDGED])
    return ImageData(data.name, data.train, fewer, data.test, data.num_classes)


def network(data: ImageData, seed: int) -> MixedSharing:
    """A super-network with weights that have learnt nothing."""
    generator = torch.Generator().manual_seed(seed)
    net = MixedCells(SKELETON, data.num_classes, data.image_shape[0], generator=generator)
    return MixedSharing(net)


def epochs_of(drawing: str, share: float) -> int:
    """How long a super-network is trained: a fair update counts for five networks."""
    passes = PASSES * share / (OPTIONS if drawing == "fair" else 1)
    return max(round(passes), 1)


def file_of(work: Path, drawing: str, seed: int, share: float) -> Path:
    """The checkpoint of a super-network."""
    return work / f"{drawing}-{seed}-{share:g}.pt"


def trained(
    data: ImageData,
    drawing: Any,
    seed: int,
    share: float,
    work: Path,
    after: Callable[[MixedSharing, int], None] = lambda *_: None,
) -> MixedSharing:
    """A super-network after training; one that is there is not trained again.

    Args:
        data: The images.
        drawing: ``fair`` or ``uniform``.
        seed: Of weights and networks drawn.
        share: Of the epochs.
        work: Where checkpoints are.
        after: Is told the super-network and the number of each epoch that is done.
    """
    sharing = network(data, seed)

    def told(epoch: int, loss: float, value: float) -> None:
        print(f"{drawing} {seed}: epoch {epoch}, loss {loss:.3f}, {value:.1f} %", flush=True)
        after(sharing, epoch)

    train_drawn(
        sharing,
        judging(data),
        replace(RECIPE, epochs=epochs_of(drawing, share)),
        drawing=drawing,
        calibration=CALIBRATION,
        seed=seed,
        execution=HOW,
        checkpoint=file_of(work, drawing, seed, share),
        identity=f"on {len(data.train)} of {data.name}",
        after_epoch=told,
    )
    return sharing


def judged(sharing: MixedSharing, archs: Sequence[Architecture], data: ImageData) -> dict[str, Any]:
    """Percent right and cross-entropy of networks with the weights that they share."""
    made = (sharing.network(arch, data.to_calibrate(CALIBRATION)) for arch in archs)
    found = [_of_one(HOW.placed(one), judging(data).validation) for one in made]
    return {"accuracies": [one[0] for one in found], "losses": [one[1] for one in found]}


def alone(arch: Architecture, data: ImageData, seed: int, share: float) -> tuple[float, float]:
    """Percent right and cross-entropy of a cell that is trained by itself in the same skeleton."""
    generator, held = torch.Generator().manual_seed(seed), judging(data)
    made = SKELETON.build(arch, data.image_shape, data.num_classes, generator)
    train(made, held, replace(RECIPE, epochs=max(round(ALONE * share), 1)), generator)
    return _of_one(made.eval(), held.validation)


@torch.no_grad()
def _of_one(made: torch.nn.Module, images: LabelledImages) -> tuple[float, float]:
    run = partial(HOW.run, made)
    parts = range(0, len(images), 500)
    scores = torch.cat([run(images.images[at : at + 500]).float() for at in parts])
    right = (scores.argmax(dim=1) == images.labels).float().mean()
    loss = F.cross_entropy(scores, images.labels)
    return round(100 * float(right), 2), round(float(loss), 4)
