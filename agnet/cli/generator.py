"""``agnet pretrain`` and ``agnet generate``: latent spaces to draw architectures from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agnet.errors import InvalidInput

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["generate", "pretrain"]

CHECKPOINTS = Path(__file__).parent.parent / "generators" / "checkpoints"
SHIPPED = ", ".join(sorted(path.stem for path in CHECKPOINTS.glob("*.pt")))
SPACES = "nasbench201, nasbench101, nasbench101-5v, darts, blocks, ofa_mbv3 or elastic-tiny."


def pretrain(
    space: Annotated[str, typer.Option(help=SPACES)],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same generator.")] = 0,
    updates: Annotated[
        int | None, typer.Option(help="How long to train.  [default: depends on the space]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train a generator on a search space, from scratch; the shipped ones were made so.

    Ends with the share of architectures, held out of training, that come back from their codes.
    """
    if updates is not None and updates < 1:
        raise InvalidInput(f"got --updates {updates}; expected at least 1")
    if seed < 0:
        raise InvalidInput(f"got --seed {seed}; expected at least 0")
    if out.is_dir() or not out.parent.is_dir():
        raise InvalidInput(f"got --out {out}; expected a file in a folder that is there")
    import numpy as np

    from agnet.generators import load_generator, reconstruction, save_generator
    from agnet.generators import pretrain as train
    from agnet.generators.pretraining import draw_held_out
    from agnet.spaces import open_space

    opened = open_space(space)
    with _bar(quiet) as bar:
        task = bar.add_task(f"pretraining on {space}", total=None)

        def report(update: int, of: int, loss: float) -> None:
            bar.update(task, completed=update, total=of, description=f"loss {loss:.2f}")

        generator = train(opened, seed, updates, report)
    save_generator(generator, out)
    again = load_generator(opened, out)
    rng = np.random.default_rng(seed)
    share = reconstruction(again, draw_held_out(opened, 2000, rng))
    typer.echo(f"wrote {out} ({out.stat().st_size / 1e6:.2f} MB)")
    typer.echo(f"{share:.2%} of 2000 architectures that it has not seen come back from their codes")


def generate(
    space: Annotated[
        str, typer.Option(help=f"{SHIPPED}; with --checkpoint any that one was pretrained on.")
    ],
    n: Annotated[int, typer.Option("-n", help="How many.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A generator of your own, not the one that ships.")
    ] = None,
    around: Annotated[
        str | None, typer.Option(help="An architecture, to draw from near its code.")
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option(
            help="How far from --around, at most: one edit is 3 to 4 away, strangers are 7 to 14.  "
            "[default: 1.5 times the root of the latent dimensions]"
        ),
    ] = None,
    temperature: Annotated[
        float, typer.Option(help="Below 1 for likelier choices, 0 for the likeliest.")
    ] = 1.0,
) -> None:
    """Print architectures drawn from a pretrained generator, one a line."""
    if n < 0:
        raise InvalidInput(f"got -n {n}; expected at least 0")
    if radius is not None and around is None:
        raise InvalidInput("--radius goes with --around ARCH")
    from agnet.generators import around as near
    from agnet.generators import load_generator, load_pretrained
    from agnet.seeds import stream
    from agnet.spaces import open_space

    opened, rng = open_space(space), stream(seed, "generate")
    centre = None if around is None else opened.parse(around)
    generator = (
        load_pretrained(opened) if checkpoint is None else load_generator(opened, checkpoint)
    )
    if centre is None:
        archs = generator.sample(n, rng, temperature=temperature)
    else:
        reach = 1.5 * generator.latent_size**0.5 if radius is None else radius
        codes = near(generator.encode([centre]), reach, n, rng)[0]
        archs = generator.decode(codes, rng, temperature=temperature)
    for arch in archs:
        typer.echo(str(arch))


def _bar(quiet: bool) -> Progress:
    """A progress bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), disable=quiet, transient=True)
