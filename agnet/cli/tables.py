"""``agnet benchmarks``, ``agnet query`` and ``agnet import``: what the tables know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agnet.errors import InvalidInput

__all__ = ["benchmarks", "import_table", "query"]


def benchmarks() -> None:
    """List the benchmarks: size, metrics, units, sources, and what is still to be imported."""
    from rich.console import Console

    from agnet.benchmarks import BENCHMARKS, data_folder, open_benchmark
    from agnet.errors import AgnetError

    console = Console(soft_wrap=True, highlight=False)
    for name in BENCHMARKS:
        try:
            benchmark = open_benchmark(name)
        except AgnetError as error:
            console.print(f"[bold]{name}[/]  cannot be opened yet")
            console.print(f"  {error}\n", markup=False)
            continue
        console.print(f"[bold]{name}[/]  {benchmark.space.size:,} architectures")
        console.print(f"  {benchmark.source}", markup=False)
        for metric in benchmark.metrics:
            kind = metric.source + (", held out" if metric.held_out else "")
            console.print(
                f"  {metric.name:<28} {metric.unit:<4} {metric.direction:<9} {kind:<20} "
                f"{metric.description}",
                markup=False,
            )
        for why in dict.fromkeys(benchmark.missing.values()):
            names = [metric for metric, text in benchmark.missing.items() if text == why]
            console.print(f"  missing: {', '.join(names)}\n    {why}", markup=False)
        console.print()
    console.print(f"imported tables lie in {data_folder()} (AGNET_DATA)", markup=False)


def query(
    archs: Annotated[list[str], typer.Argument(help="Architectures, in the space's text form.")],
    benchmark: Annotated[str, typer.Option(help="The benchmark to ask.")] = "nasbench201",
    dataset: Annotated[str | None, typer.Option(help="Its data set.")] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric; repeatable. All by default.")
    ] = None,
) -> None:
    """Print metrics of given architectures, as CSV."""
    import csv
    import sys

    from agnet.benchmarks import open_benchmark

    opened = open_benchmark(benchmark, **({} if dataset is None else {"dataset": dataset}))
    names = metric or [item.name for item in opened.metrics]
    parsed = [opened.space.parse(text) for text in archs]
    rows = opened.query(parsed, names)
    writer = csv.writer(sys.stdout)
    writer.writerow(["arch", *names])
    for arch, row in zip(parsed, rows.tolist(), strict=True):
        writer.writerow([str(arch), *["" if value != value else f"{value:.10g}" for value in row]])


def import_table(
    kind: Annotated[
        str, typer.Argument(help="nasbench201, natsbench, hwnasbench, nasbench101 or ofa_mbv3.")
    ],
    file: Annotated[Path, typer.Argument(help="The official file (or an npz of its arrays).")],
) -> None:
    """Turn an official download into a compact table in the data folder (AGNET_DATA)."""
    from agnet.benchmarks import data_folder
    from agnet.benchmarks.importers import IMPORTERS

    if kind not in IMPORTERS:
        raise InvalidInput(f"got the kind {kind!r}; expected one of {', '.join(IMPORTERS)}")
    if not file.exists():
        raise InvalidInput(f"there is no file {file}")
    written = IMPORTERS[kind](file, data_folder())
    typer.echo(f"wrote {written} ({written.stat().st_size / 1e6:.2f} MB)")
