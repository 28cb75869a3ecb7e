"""``agnet compare`` and ``agnet test``: what can be asked of runs that are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agnet.errors import InvalidInput

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["compare", "open_groups", "stamps", "test"]


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of sweeps.")],
    at: Annotated[
        list[int] | None, typer.Option(help="Numbers of queries to compare at; repeatable.")
    ] = None,
) -> None:
    """Compare runs and sweeps: the mean best so far, with its interval over seeds."""
    from agnet.cli.output import show_comparison

    groups = open_groups(runs)
    if at and min(at) < 1:
        raise InvalidInput(f"got --at {min(at)}; expected at least 1")
    for run in (run for group in groups.values() for run in group):
        _ = run.best  # what was recorded there should be an architecture
    shortest = min(len(run) for group in groups.values() for run in group)
    show_comparison(groups, at or sorted({max(shortest // 2, 1), max(shortest, 1)}))


def test(run: Annotated[Path, typer.Argument(help="The folder of a finished run.")]) -> None:
    """Read the held-out metrics of a run's selected architecture, once; the run records it."""
    from agnet.cli.output import show_run
    from agnet.runs import Run

    opened = Run.open(run)
    opened.test()
    show_run(opened)


def open_groups(runs: Sequence[Path]) -> dict[str, list[Run]]:
    """Opens runs and sweeps that can be compared, by the names of their folders.

    Raises:
        InvalidInput: If there is none in a folder, or they differ in what was searched for.
    """
    from agnet.runs import Run

    groups = {str(path): [Run.open(folder) for folder in _folders_of(path)] for path in runs}
    for what in ("objectives", "limits", "benchmark"):
        found = {str(getattr(run.config, what)) for group in groups.values() for run in group}
        if len(found) > 1:
            raise InvalidInput(f"the runs differ in their {what}: {' and '.join(sorted(found))}")
    return groups


def stamps(runs: Sequence[Path]) -> dict[str, object]:
    """Returns what differs as soon as one of some runs has changed, or another has begun.

    Raises:
        InvalidInput: If there is none in a folder.
    """
    from agnet.storage import stamp

    return {str(folder): stamp(folder) for path in runs for folder in _folders_of(path)}


def _folders_of(path: Path) -> list[Path]:
    """The runs in a folder: itself, or those of a sweep."""
    from agnet.storage import CONFIG

    if (path / CONFIG).exists():
        return [path]
    folders = sorted(child.parent for child in path.glob(f"seed-*/{CONFIG}"))
    if not folders:
        raise InvalidInput(f"{path} holds no run and no sweep")
    return folders
