"""What is said when memory does not suffice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from agnet.errors import OutOfMemory

__all__ = ["within_memory"]

# torch has a type of its own for accelerators; on CPU only the text tells it from other errors.
SAID: Final = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def within_memory(what: str, advice: str) -> Iterator[None]:
    """Turns the errors of a device, or of this machine, that has no memory left into one.

    Args:
        what: What is being done, for the message.
        advice: What would need less, for the message.

    Raises:
        OutOfMemory: If memory does not suffice.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        known = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not known and not any(words in text for words in SAID):
            raise
        reason = text.strip().split("\n")[0] or "nothing more is said"
        raise OutOfMemory(f"memory does not suffice for {what}: {advice} ({reason})") from error
