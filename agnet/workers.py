"""Worker processes that neither outlive their parent nor die of its Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

__all__ = ["start_workers", "stopping_workers"]


def start_workers(
    workers: int, set_up: Callable[..., None] | None = None, *arguments: Any
) -> ProcessPoolExecutor:
    """Starts processes that import this package afresh.

    Args:
        workers: How many.
        set_up: Is called once in each, with ``arguments``.
        *arguments: What to send to each.
    """
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),  # a fork with torch's threads can hang
        initializer=_begin,
        initargs=(set_up, arguments),
    )


@contextmanager
def stopping_workers() -> Iterator[None]:
    """On the way out, kills the worker processes that were started inside and are still there.

    Without it, leaving would wait for evaluations under way; what they would have found is
    evaluated again when the run is resumed.
    """
    before = set(multiprocessing.active_children())
    try:
        yield
    finally:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()


def _begin(set_up: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if set_up is not None:
        set_up(*arguments)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
