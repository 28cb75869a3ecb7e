"""Trains a DARTS genotype on ImageNet, as DARTS's authors trained theirs.

    torchrun --nproc-per-node N -m experiments.imagenet.train GENOTYPE --data FOLDER --out DIR

GENOTYPE is a text, or the folder of a search, whose winner is trained. Killed at any moment and
begun again with the same command, on CPU it ends with the same weights. The rate is scaled with the
batch, linearly, and where the batch is larger than published rises for five epochs first (Goyal et
al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv 1706.02677).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from agnet.benchmarks.networks import (
    DARTSSkeleton,
    SavedNetwork,
    save_network,
    standardised,
)
from agnet.benchmarks.training import (
    Execution,
    Group,
    Recipe,
    TrainingResult,
    accuracies,
    joined,
    preset,
    train,
)
from agnet.cli.settings import read_settings
from agnet.errors import InvalidInput
from agnet.files import replace_file
from agnet.seeds import stream
from agnet.spaces import DARTS, Architecture
from experiments.imagenet.commands import run_command
from experiments.imagenet.search import FOUND
from experiments.imagenet.stream import DEVIATION, MEAN, ImageStream
from experiments.recorded import Row

TRAINING, NETWORK, TRAINED = "training.pt", "network.pt", "trained.json"
PUBLISHED: Final = preset("darts-imagenet")
WARM_UP: Final = 5  # epochs, of batches that are larger than published


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, judges and keeps one network."""
    given = _parser().parse_args(arguments)
    arch, recipe = genotype(given.genotype), recipe_of(given.batch, read_settings(given.set))
    skeleton = DARTSSkeleton(given.channels, given.layers, "imagenet", auxiliary=True)
    with joined(given.device) as (group, device):
        how = Execution(device, given.precision, given.channels_last, given.compiled, given.threads)
        images = ImageStream(given.data, given.size, workers=given.workers, seed=given.seed)
        found = trained(arch, images, skeleton, recipe, how, given.out, given.seed, given.quiet)
        if group.leads:
            print(f"top-1 {found['top1']:.2f} %   top-5 {found['top5']:.2f} %")


def trained(
    arch: Architecture,
    images: ImageStream,
    skeleton: DARTSSkeleton,
    recipe: Recipe,
    how: Execution,
    out: Path,
    seed: int = 0,
    quiet: bool = False,
) -> Row:
    """Trains a network into a folder, and returns what is known of it in the end."""
    leads = Group.here().leads
    shape = (3, images.side, images.side)
    generator = torch.Generator().manual_seed(int(stream(seed, "weights").integers(2**63)))
    network: nn.Module = skeleton.build(arch, shape, images.num_classes, generator)
    if recipe.standardise:
        network = standardised(network, torch.tensor(MEAN), torch.tensor(DEVIATION))
    cost = skeleton.bare().cost(arch, shape, images.num_classes)
    depends = {"arch": str(arch), "network": skeleton.settings, "seed": seed, "images": images.name}

    def report(epoch: int, loss: float, found: float) -> None:
        if leads and not quiet:
            print(f"epoch {epoch:4d}   loss {loss:.4f}   top-1 {found:.2f} %", flush=True)

    result = train(
        network,
        images,
        recipe,
        generator,
        execution=how,
        checkpoint=out / TRAINING,
        identity=json.dumps({**depends, "precision": how.precision}),
        after_epoch=report,
    )
    top1, top5 = accuracies(network, images.held_out("validation"), how, (1, 5))
    found: Row = {
        **depends,
        "image": shape,
        "num_classes": images.num_classes,
        "counts": images.counts,
        "recipe": asdict(recipe),
        **cost.metrics,
        "top1": top1,
        "top5": top5,
        **_curves(result),
    }
    if leads:
        kept = SavedNetwork(network, arch, skeleton, shape, images.num_classes, recipe.standardise)
        save_network(kept, out / NETWORK)
        replace_file(out / TRAINED, (json.dumps(found, indent=1) + "\n").encode())
    return found


def genotype(text: str) -> Architecture:
    """Reads a genotype, or that of the winner of the search in a folder.

    Raises:
        InvalidInput: If it is neither.
    """
    if text.startswith("Genotype("):
        return DARTS().parse(text)
    path = Path(text) / FOUND
    if not path.is_file():
        raise InvalidInput(
            f"got {text!r}; expected Genotype(normal=...) or the folder of a search that is done, "
            f"in which {FOUND} lies"
        )
    return DARTS().parse(json.loads(path.read_text())["winner"]["arch"])


def recipe_of(batch: int, settings: Mapping[str, Any]) -> Recipe:
    """Returns the published recipe for a batch, with what is set apart.

    Raises:
        InvalidInput: If a setting is unknown or out of range.
    """
    warmup = WARM_UP if batch > PUBLISHED.batch else 0
    scaled = {"batch": batch, "rate": PUBLISHED.rate * batch / PUBLISHED.batch, "warmup": warmup}
    return Recipe.from_table({"preset": "darts-imagenet", **scaled, **settings})


def _curves(result: TrainingResult) -> Row:
    return {
        "losses": [round(loss, 4) for loss in result.losses],
        "top1_by_epoch": [round(found, 3) for found in result.val_accuracies],
        "steps": result.steps,
        "step_seconds": round(result.step_seconds, 4),
    }


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("genotype", help="a text, or the folder of a search")
    made.add_argument("--data", type=Path, required=True, help="the folder of train and val")
    made.add_argument("--out", type=Path, required=True, help="the folder of the training")
    made.add_argument("--size", type=int, default=224, help="side of the images")
    made.add_argument("--channels", type=int, default=48)
    made.add_argument("--layers", type=int, default=14)
    made.add_argument("--batch", type=int, default=PUBLISHED.batch, help="of all processes")
    made.add_argument(
        "--set", action="append", help="a setting of the recipe, as in epochs=3; repeatable"
    )
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--workers", type=int, default=4, help="processes that load, each process")
    made.add_argument("--device", default="cpu", help="cuda gives each process its own")
    made.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    made.add_argument("--channels-last", action="store_true")
    made.add_argument("--compiled", action="store_true", help="let torch compile the network")
    made.add_argument("--threads", type=int, default=1, help="of a CPU")
    made.add_argument("--quiet", action="store_true", help="no line an epoch")
    return made


if __name__ == "__main__":
    run_command(main)
