"""``agnet train`` and ``agnet export``: from an architecture to a network that can be used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from agnet.cli.settings import read_recipe, read_settings
from agnet.errors import InvalidArchitecture, InvalidInput

if TYPE_CHECKING:
    from torch import nn

    from agnet.benchmarks.real_training import RealTraining
    from agnet.spaces import Architecture, SearchSpace

__all__ = ["export", "train"]

PATH: Final = re.compile(r"[\w.~ -]+")  # no architecture is written so


def train(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ARCH", help="An architecture, or the folder of a run, of which it is the best."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the training; gone on with if it is there.")],
    space: Annotated[
        str | None, typer.Option(help="The search space of ARCH.  [default: nasbench201]")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="digits, a folder of CIFAR's python version, a folder of image files in a folder "
            "a class, or an npz file.  [default: digits]"
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images, of image files.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="popnas, nasbench201-200, nasbench201-12, darts-cifar, darts-imagenet or smoke.  "
            "[default: smoke]"
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the recipe, as in epochs=3; repeatable."),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the network, as in channels=8; repeatable."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of weights and batches.  [default: 0]")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="At the end, read the test accuracy, once.")
    ] = False,
    device: Annotated[str, typer.Option(help="As torch names it.")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    threads: Annotated[int, typer.Option(help="Of a CPU.")] = 1,
    channels_last: Annotated[
        bool, typer.Option("--channels-last", help="That layout of images: often faster.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into the folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line an epoch.")] = False,
) -> None:
    """Train one architecture, and keep the network.

    Killed at any moment and begun again with the same options, it ends with the same weights. Of a
    run that searched by training, the images, network and recipe are used where no option says
    otherwise. Under torchrun (torchrun --nproc-per-node 4 -m agnet train ...) each process takes a
    part of a batch.
    """
    from agnet.benchmarks.training import joined

    # A text too long for a path makes Path raise, and os.path say no.
    settings = _searched(source, space) if os.path.isdir(source) else {}
    if data is not None:
        settings.pop("size", None)
    how = {"preset": recipe} if recipe is not None else settings.get("recipe", {"preset": "smoke"})
    given = {
        "space": space,
        "data": data,
        "size": size,
        "recipe": {**how, **read_recipe(option, "--set")},
        "network": read_settings(network) or None,
        "seed": seed,
    }
    settings |= {name: value for name, value in given.items() if value is not None}
    with joined(device) as (group, own):
        settings["execution"] = {
            "device": own,
            "precision": precision,
            "threads": threads,
            "channels_last": channels_last,
        }
        say = typer.echo if group.leads else _nothing
        _train(source, settings, tensorboard, out, test, quiet, say)


def _searched(source: str, space: str | None) -> dict[str, Any]:
    """What a run says of how its best is to be trained: its space, and all of it if it trained."""
    from agnet.benchmarks import open_benchmark
    from agnet.runs import read_config

    if space is not None:
        raise InvalidInput("--space is for an architecture; a run has one of its own")
    told = read_config(Path(source)).benchmark
    if told["name"] == "real_training":
        names = ("space", "data", "size", "recipe", "network", "seed")
        return {name: told[name] for name in names if name in told}
    return {"space": told.get("space") or open_benchmark(**told).space.name}


def _best(source: str, trainer: RealTraining) -> Architecture:
    """The best architecture of a run."""
    from agnet.runs import Run

    best = Run.open(source, trainer).best
    if best is None:
        raise InvalidInput(f"the run {source} has found nothing feasible to train")
    return best


def _train(
    source: str,
    settings: Mapping[str, Any],
    tensorboard: bool,
    out: Path,
    test: bool,
    quiet: bool,
    say: Callable[..., None],
) -> None:
    from agnet.benchmarks.real_training import NETWORK, open_real_training
    from agnet.spaces import open_space

    searched = os.path.isdir(source)
    if not searched:  # a malformed text should not be noticed after the images are read
        arch = _parsed(open_space(settings.get("space", "nasbench201")), source)
    trainer = open_real_training(**settings, tensorboard=tensorboard)
    if searched:
        arch = _best(source, trainer)
    cost = trainer.cost(arch)
    say(f"{cost.parameters / 1e6:.3f} M parameters, {cost.macs / 1e6:.2f} M multiply-adds")

    def report(epoch: int, loss: float, accuracy: float) -> None:
        if not quiet:
            found = f"loss {loss:.4f}   validation {accuracy:.2f} %"
            say(f"epoch {epoch:4d}   {found}", err=True)

    result = trainer.train(arch, test=test, folder=out, after_epoch=report)
    say(f"validation accuracy {result.val_accuracy:.2f} %")
    if result.test_accuracy is not None:
        say(f"test accuracy       {result.test_accuracy:.2f} %  (read once)")
    say(f"network             {out / NETWORK}")


def _nothing(*_: object, **__: object) -> None:
    """Says nothing, in all processes but the first."""


def export(
    source: Annotated[
        str,
        typer.Argument(help="Folder of a training, or an architecture, for a network untrained."),
    ],
    onnx: Annotated[Path | None, typer.Option(help="An ONNX file to write.")] = None,
    torchscript: Annotated[Path | None, typer.Option(help="A TorchScript file to write.")] = None,
    state_dict: Annotated[Path | None, typer.Option(help="A file of weights to write.")] = None,
    space: Annotated[
        str | None, typer.Option(help="Of an architecture: its space.  [default: nasbench201]")
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Of an architecture: a setting of the network, as in channels=8."),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            help="Of an architecture: channels, height and width.  [default: 3x32x32]",
        ),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Of an architecture: how many classes.  [default: 10]")
    ] = None,
) -> None:
    """Write a network for other programs; it takes images from 0 to 1."""
    if onnx is None and torchscript is None and state_dict is None:
        raise InvalidInput("got nothing to write; use --onnx, --torchscript or --state-dict FILE")
    from agnet.benchmarks.networks import export_onnx, export_state_dict, export_torchscript

    made, shape = _network(source, space, network, image, classes)
    if onnx is not None:
        export_onnx(made, shape, onnx)
    if torchscript is not None:
        export_torchscript(made, shape, torchscript)
    if state_dict is not None:
        export_state_dict(made, state_dict)
    for path in (onnx, torchscript, state_dict):
        if path is not None:
            typer.echo(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")


def _network(
    source: str,
    space: str | None,
    network: list[str] | None,
    image: str | None,
    classes: int | None,
) -> tuple[nn.Module, tuple[int, int, int]]:
    """The network of a training, or a new one of an architecture, which is said."""
    import torch

    from agnet.benchmarks.networks import load_network, read_skeleton
    from agnet.benchmarks.real_training import NETWORK
    from agnet.spaces import open_space

    if os.path.exists(source):  # as above
        said = {"--space": space, "--network": network, "--image": image, "--classes": classes}
        given = [option for option, value in said.items() if value is not None]
        if given:
            raise InvalidInput(
                f"got {', '.join(given)} and the training {source}, which has its own; these are "
                "for an architecture"
            )
        folder = Path(source)
        kept = load_network(folder / NETWORK if folder.is_dir() else folder)
        return kept.network, kept.image
    opened = open_space(space or "nasbench201")
    arch = _parsed(opened, source)
    shape = _shape("3x32x32" if image is None else image)
    skeleton = read_skeleton(opened, read_settings(network))
    outputs = 10 if classes is None else classes
    made = skeleton.build(arch, shape, outputs, torch.Generator().manual_seed(0))
    typer.echo("an architecture: weights are random, nothing has been trained", err=True)
    return made.eval(), shape


def _parsed(space: SearchSpace, source: str) -> Architecture:
    """Reads an architecture; of what looks like a path it is said that nothing is there."""
    try:
        return space.parse(source)
    except InvalidArchitecture as error:
        if "/" in source or PATH.fullmatch(source):
            raise InvalidArchitecture(
                f"there is no file or folder {source}, and as an architecture: {error}"
            ) from error
        raise


def _shape(text: str) -> tuple[int, int, int]:
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) for part in parts):
        raise InvalidInput(f"got --image {text}; expected channels, height and width, as 3x32x32")
    channels, height, width = map(int, parts)
    return channels, height, width
