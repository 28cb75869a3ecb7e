"""Prints what trainings gave beside what was published.

    python -m experiments.imagenet.table RUN DIR...

RUN is the folder of the search, each DIR that of a training. Parameters and multiply-adds are
counted here, also of published genotypes, in the network of 48 channels and 14 cells.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from agnet.errors import InvalidInput
from experiments.imagenet.commands import run_command
from experiments.imagenet.published import PUBLISHED, Published
from experiments.imagenet.scores import Deployed
from experiments.imagenet.search import FOUND
from experiments.imagenet.train import TRAINED
from experiments.recorded import Row, table

HEAD = ["network", "images", "top-1 error (%)", "top-5 error (%)", "params (M)", "MACs (M)"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("run", type=Path, help="the folder of the search")
    made.add_argument("trained", type=Path, nargs="+", help="folders of trainings")
    given = made.parse_args(arguments)
    run = _read(given.run / FOUND)
    lines = [_measured(folder.name, _read(folder / TRAINED), run) for folder in given.trained]
    lines += [_published(row) for row in PUBLISHED]
    print(table([*HEAD, "search", "source"], lines))


def _measured(name: str, found: Row, run: Row) -> list[str]:
    own = found["arch"] == run["winner"]["arch"]
    side, epochs = found["image"][1], found["recipe"]["epochs"]
    return [
        name,
        f"{found['counts'][0]:,} of {found['num_classes']} classes, {side} px, {epochs} epochs",
        f"{100 - found['top1']:.1f}",
        f"{100 - found['top5']:.1f}",
        f"{found['params_m']:.2f}",
        f"{found['flops_m']:.1f}",
        f"{run['cpu_hours']:.2f} CPU hours, {run['queries']} queries" if own else "-",
        "measured",
    ]


def _published(row: Published) -> list[str]:
    costs = ["-", "-"]
    if row.arch is not None:
        params, macs = Deployed().costs([row.arch])[0] / 1e6
        costs = [f"{params:.2f}", f"{macs:.1f}"]
    errors = [f"{row.top1:.1f}", f"{row.top5:.1f}"]
    return [
        row.method,
        "ImageNet, 224 px",
        *errors,
        *costs,
        f"{row.gpu_days} GPU days",
        "published",
    ]


def _read(path: Path) -> Row:
    try:
        found: Row = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{path} cannot be read ({error}); expected what a search or training wrote in the end"
        ) from error
    return found


if __name__ == "__main__":
    run_command(main)
