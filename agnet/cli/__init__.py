"""The command line. Commands import what they need when they run, so that ``--help`` is instant."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agnet import __version__
from agnet.cli import generator, report, runs, search, tables, training, transfer
from agnet.errors import AgnetError

__all__ = ["app", "main"]

app = typer.Typer(
    name="agnet",
    help="Neural architecture search with few evaluations. 'agnet search' alone searches the "
    "NAS-Bench-201 table that ships with the package.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("search")(search.search)
app.command("compare")(runs.compare)
app.command("test")(runs.test)
app.command("report")(report.report)
app.command("ui")(report.ui)
app.command("benchmarks")(tables.benchmarks)
app.command("query")(tables.query)
app.command("import")(tables.import_table)
app.command("pretrain")(generator.pretrain)
app.command("generate")(generator.generate)
app.command("train")(training.train)
app.command("export")(training.export)
app.command("transfer")(transfer.transfer)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Takes the options that stand before a command."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line: bad input gives one line and exit code 2, never a traceback."""
    try:
        code = app(standalone_mode=False)
    except AgnetError as error:
        _fail(str(error))
    except typer.TyperException as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    typer.echo(f"agnet: {' '.join(message.split())}", err=True)
    sys.exit(2)
