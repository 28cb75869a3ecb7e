"""``agnet transfer``: from images to a super-network, a front of its networks, and trained ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from agnet.cli.settings import read_settings
from agnet.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from agnet.benchmarks.supernet import SuperNetwork
    from agnet.benchmarks.training import Execution, ImageData, Recipe
    from agnet.spaces import Architecture, ElasticSpace
    from agnet.transfer import Aim, Finished, Policy, Records, Round, Transferred

__all__ = ["transfer"]

Value = TypeVar("Value", "Policy", "Recipe")

GROWING, SUPERNET, FRONT = "supernet-training.pt", "supernet.pt", "front.csv"


def transfer(
    out: Annotated[Path, typer.Option(help="Folder of it all; gone on with if it is there.")],
    data: Annotated[
        str,
        typer.Option(
            help="digits, a folder of CIFAR's python version, a folder of image files in a folder "
            "a class, or an npz file."
        ),
    ] = "digits",
    size: Annotated[int | None, typer.Option(help="Side that images are brought to.")] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="elastic-tiny (as is, if nothing is said), elastic-cifar or elastic-imagenet, "
            "each with or without -single, -dense and -parallel."
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A super-network that is trained, as supernet.pt.")
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(
            help="Of the largest network, and of all networks together; 10,20 if nothing is said."
        ),
    ] = None,
    growing: Annotated[
        list[str] | None,
        typer.Option(
            help="A setting of how super-networks are trained, at first and when they adapt, as in "
            "batch=64; repeatable."
        ),
    ] = None,
    maximize: Annotated[list[str] | None, typer.Option(help="A metric; repeatable.")] = None,
    minimize: Annotated[
        list[str] | None,
        typer.Option(help="A metric: params_m, flops_m or host_latency_ms; repeatable."),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="A hard bound, as in 'flops_m<=3'; repeatable.")
    ] = None,
    policy: Annotated[
        str, typer.Option(help="natv2, nat, natv2-published or nat-published.")
    ] = "natv2",
    option: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the policy, as in archive=50; repeatable."),
    ] = None,
    finish: Annotated[
        int,
        typer.Option(help="How many networks of the front are trained on their own in the end."),
    ] = 1,
    together: Annotated[
        bool, typer.Option("--together", help="Those keep all of their exits, which vote.")
    ] = False,
    tuning: Annotated[
        list[str] | None,
        typer.Option(help="A setting of that training, as in epochs=30; repeatable."),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="At the end, read the test accuracy of each, once.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="As torch names it.")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    threads: Annotated[int, typer.Option(help="Of a CPU.")] = 1,
    channels_last: Annotated[
        bool,
        typer.Option(help="That layout of images, in which such networks are faster."),
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="No lines on the way.")] = False,
) -> None:
    """Train a super-network, search its networks while it adapts, and train the best (NATv2).

    Killed at any moment and begun again with the same options, it goes on where it was. Under
    torchrun (torchrun --nproc-per-node 4 -m agnet transfer ...) processes share the work. In the
    end front.csv lists what was found, supernet.pt can be searched again ('agnet search --benchmark
    inherited'), and each folder network-N can be exported ('agnet export').
    """
    from agnet.benchmarks.training import Execution, joined, open_images
    from agnet.transfer import RECIPE, TUNING, check_proposer, check_tuning

    if finish < 0:
        raise InvalidInput(f"got --finish {finish}; expected at least 0")
    chosen, aim = _policy(policy, option), _aim(maximize, minimize, limit)
    lengths, recipe = _epochs(epochs or "10,20"), _growth(RECIPE, growing)
    tuned = _changed(TUNING, tuning, "of a recipe")
    check_tuning(tuned)
    given = None if weights is None else _loaded(weights, space, epochs)
    searched = _space(space or "elastic-tiny") if given is None else given.space
    check_proposer(chosen, aim, searched)
    with joined(device) as (group, own):
        how = Execution.from_table(
            {
                "device": own,
                "precision": precision,
                "threads": threads,
                "channels_last": channels_last,
            }
        )
        say: Callable[[str], None] = typer.echo if group.leads else _nothing
        tell = _nothing if quiet else say
        images = open_images(data, size)
        net = given or _grown(searched, images, recipe, lengths, seed, how, out, tell)
        found = _searched(net, images, chosen, aim, recipe, seed, how, out, tell)
        done = [
            _finished(found, arch, number, images, tuned, together, test, seed, how, out)
            for number, arch in enumerate(found.known.worth_most(finish).archs, 1)
        ]
        if group.leads:
            _write(found.front, out / FRONT)
        _show(found, done, out, say)


def _nothing(*_: object) -> None:
    """Says nothing."""


def _epochs(text: str) -> tuple[int, int]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise InvalidInput(f"got --epochs {text}; expected two numbers from 1 on, as in 10,20")
    return int(parts[0]), int(parts[1])


def _policy(name: str, settings: Sequence[str] | None) -> Policy:
    from agnet.transfer import POLICIES

    if name not in POLICIES:
        raise InvalidInput(f"got the policy {name!r}; expected one of {', '.join(POLICIES)}")
    return _changed(POLICIES[name], settings, "of a policy")


def _aim(
    maximize: Sequence[str] | None, minimize: Sequence[str] | None, limits: Sequence[str] | None
) -> Aim:
    """What is wanted: accurate networks, and of few parameters if nothing is said."""
    from agnet.objectives import Limit, Objective
    from agnet.transfer import aim_of

    objectives = [Objective(name, "maximize") for name in maximize or ["val_accuracy"]]
    cheap = minimize or ([] if maximize else ["params_m"])
    objectives += [Objective(name, "minimize") for name in cheap]
    return aim_of(objectives, [Limit.parse(text) for text in limits or ()])


def _changed(usual: Value, settings: Sequence[str] | None, of: str) -> Value:
    """A policy or a recipe, with the settings given."""
    from agnet.benchmarks.plain import checked

    plain = {one.name: getattr(usual, one.name) for one in fields(usual)}
    return replace(usual, **checked(plain, read_settings(settings), of))


def _growth(usual: Recipe, settings: Sequence[str] | None) -> Recipe:
    """How super-networks are trained; how long is not for a recipe to say."""
    for name in read_settings(settings).keys() & {"epochs", "warmup", "patience"}:
        raise InvalidInput(
            f"got --growing {name}; how long super-networks are trained is said by --epochs, and "
            "of their adaptation by --set adaptation=N"
        )
    return _changed(usual, settings, "of a recipe")


def _loaded(weights: Path, space: str | None, epochs: str | None) -> SuperNetwork:
    """The super-network of a file."""
    from agnet.benchmarks.supernet import load_supernet

    for option, value in (("--space", space), ("--epochs", epochs)):
        if value is not None:
            raise InvalidInput(
                f"got --weights and {option}; a super-network has its space, and is not trained "
                f"again before it adapts: leave {option} out"
            )
    return load_supernet(weights)


def _space(name: str) -> ElasticSpace:
    from agnet.spaces import ElasticSpace, open_space

    opened = open_space(name)
    if not isinstance(opened, ElasticSpace):
        raise InvalidInput(f"got --space {name}; expected that of a super-network: elastic-...")
    return opened


def _grown(
    space: ElasticSpace,
    images: ImageData,
    recipe: Recipe,
    epochs: tuple[int, int],
    seed: int,
    how: Execution,
    out: Path,
    tell: Callable[[str], None],
) -> SuperNetwork:
    """A super-network that is trained now."""
    from agnet.transfer import grow

    channels, classes = images.image_shape[0], images.num_classes

    def report(epoch: int, loss: float, accuracy: float) -> None:
        tell(f"epoch {epoch:4d}   loss {loss:.4f}   largest network {accuracy:.2f} %")

    net, _ = grow(
        replace(space.config, channels=channels, classes=classes),
        images,
        recipe,
        epochs,
        seed=seed,
        execution=how,
        checkpoint=out / GROWING,
        after_epoch=report,
    )
    return net


def _searched(
    net: SuperNetwork,
    images: ImageData,
    policy: Policy,
    aim: Aim,
    recipe: Recipe,
    seed: int,
    how: Execution,
    out: Path,
    tell: Callable[[str], None],
) -> Transferred:
    from agnet.benchmarks.supernet import save_supernet
    from agnet.benchmarks.training import Group
    from agnet.transfer import transfer as run

    def report(one: Round) -> None:
        predicted = "" if one.correlation is None else f"   prediction {one.correlation:.2f}"
        tell(
            f"round {one.iteration:3d}   {one.evaluated} evaluated   front {one.front}   "
            f"hypervolume {one.hypervolume:.4g}{predicted}"
        )

    found = run(
        net,
        images,
        policy,
        aim,
        out=out,
        recipe=recipe,
        seed=seed,
        execution=how,
        after_round=report,
    )
    if Group.here().leads:
        save_supernet(net, out / SUPERNET)
    return found


def _finished(
    found: Transferred,
    arch: Architecture,
    number: int,
    images: ImageData,
    recipe: Recipe,
    together: bool,
    test: bool,
    seed: int,
    how: Execution,
    out: Path,
) -> Finished:
    from agnet.transfer import finish

    return finish(
        found.net,
        arch,
        images,
        recipe,
        together=together,
        test=test,
        seed=seed,
        execution=how,
        folder=out / f"network-{number}",
    )


def _write(front: Records, path: Path) -> None:
    """Writes the front as a table, the first objective in order."""
    from agnet.files import replace_file

    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["arch", *front.aim.columns])
    for at in front.outcomes.objectives[:, 0].argsort(kind="stable"):
        rows.writerow([str(front.archs[int(at)]), *front.values[at].tolist()])
    try:
        replace_file(path, text.getvalue().encode())
    except OSError as error:
        raise StorageError(f"cannot write the front {path}: {error}") from error


def _show(
    found: Transferred, done: Sequence[Finished], out: Path, say: Callable[[str], None]
) -> None:
    say(f"{len(found.front)} networks on the front, in {out / FRONT}")
    if not len(found.front):
        say("nothing that was evaluated keeps all limits: loosen them, or search for longer")
    for number, one in enumerate(done, 1):
        cost = f"{one.cost.parameters / 1e6:.4f} M parameters, {one.cost.macs / 1e6:.3f} M MACs"
        say(f"network-{number}   {one.arch}")
        say(f"  {cost}, {one.epochs} epochs, validation {max(one.val_accuracies):.2f} %")
        if one.test_accuracy is not None:
            say(f"  test accuracy {one.test_accuracy:.2f} %  (read once)")
