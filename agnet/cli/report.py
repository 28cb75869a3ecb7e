"""``agnet report`` and ``agnet ui``: runs as a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agnet.cli.runs import open_groups, stamps
from agnet.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["report", "ui"]

LOOPBACK = "127.0.0.1"


def report(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of sweeps.")],
    out: Annotated[
        Path | None, typer.Option(help="The page to write.  [default: report.html in the first]")
    ] = None,
    title: Annotated[str, typer.Option(help="Its heading.")] = "Architecture search",
    umap: Annotated[
        bool, typer.Option("--umap", help="Maps of latent spaces by UMAP (the extra notebooks).")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve the page instead, while searches run.")
    ] = False,
    port: Annotated[int, typer.Option(help="With --watch: 0 for any that is free.")] = 8377,
) -> None:
    """Write one page of runs that needs no other file and no network.

    Summary, curves, fronts, the best architectures drawn, and how to go on. Runs of one objective,
    benchmark and limits are shown together.
    """
    if watch:
        if out is not None:
            raise InvalidInput("got --out and --watch; a page that is served is not written")
        _serve(runs, title, LOOPBACK, port)
        return
    from agnet.report import report_page

    path = runs[0] / "report.html" if out is None else out
    content = report_page(_named(open_groups(runs)), title, "umap" if umap else "pca")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}; use --out") from error
    typer.echo(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


def ui(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of sweeps.")],
    title: Annotated[str, typer.Option(help="The heading.")] = "Architecture search",
    host: Annotated[
        str, typer.Option(help="Whom it is served to: by default this machine only.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(help="0 for any that is free.")] = 8377,
) -> None:
    """Serve a page of runs that changes while they run; Ctrl-C ends it."""
    _serve(runs, title, host, port)


def _named(groups: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """The same runs by the part of their folders in which they differ."""
    if len(groups) < 2:
        return groups
    folders = [os.path.abspath(name) for name in groups]
    common = os.path.commonpath(folders)
    names = [os.path.relpath(folder, common) for folder in folders]
    if os.curdir in names or len(set(names)) < len(names):
        return groups
    return dict(zip(names, groups.values(), strict=True))


def _serve(runs: list[Path], title: str, host: str, port: int) -> None:
    from agnet.report import serving

    open_groups(runs)  # what is wrong is said before anything is served
    with serving(
        lambda: _named(open_groups(runs)), title, host, port, changed=lambda: stamps(runs)
    ) as address:
        typer.echo(f"serving {address}  (Ctrl-C ends it)")
        try:
            address.wait()
        except KeyboardInterrupt:
            typer.echo("stopped")
