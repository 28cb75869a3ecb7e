"""Showing how a search is getting on: an injected object with a silent default."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, final

from agnet.standing import Standing

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress", "ProgressBar", "Silent"]


class Progress(ABC):
    """Told of the search's standing: once at the start, after each query, once at the end."""

    @abstractmethod
    def start(self, total: int, label: str, many_objectives: bool) -> None:
        """Begins a search of ``total`` queries."""

    @abstractmethod
    def update(self, standing: Standing) -> None:
        """Takes the standing after each query."""

    @abstractmethod
    def stop(self) -> None:
        """Ends, whether the search is done or was interrupted."""


@final
class Silent(Progress):
    """Shows nothing."""

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        """Does nothing."""

    def update(self, standing: Standing) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


@final
class ProgressBar(Progress):
    """A bar in the terminal: queries, best so far, front size, failures, time left."""

    def __init__(self, console: Console | None = None) -> None:
        """Draws on a console; on standard error by default, so that output can be piped."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self._many = False

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        """Shows an empty bar."""
        self._many = many_objectives
        self._task = self._bars.add_task(label, total=total, note="")
        self._bars.start()

    def update(self, standing: Standing) -> None:
        """Redraws the bar."""
        best = "none feasible yet" if standing.best is None else f"best {standing.best:.3f}"
        notes = [best]
        if self._many:
            notes.append(f"front {standing.front}")
        if standing.failed:
            notes.append(f"{standing.failed} failed")
        self._bars.update(self._task, completed=standing.queries, note=" · ".join(notes))

    def stop(self) -> None:
        """Leaves the last state of the bar on the screen."""
        self._bars.stop()
