"""What the states of all strategies have in common: a name, an archive and a random stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from agnet.errors import CheckpointError
from agnet.strategies.archive import Archive

__all__ = ["make_state", "restoring"]


def make_state(
    strategy: str, archive: Archive, rng: np.random.Generator, **more: Any
) -> dict[str, Any]:
    """Returns a state; ``more`` is what the strategy adds of its own."""
    return {
        "strategy": strategy,
        "archive": archive.state_dict(),
        "rng": rng.bit_generator.state,
        **more,
    }


@contextmanager
def restoring(
    strategy: str, archive: Archive, rng: np.random.Generator, state: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Restores what is common, and yields the state for the strategy to restore the rest.

    Raises:
        CheckpointError: If it is the state of another strategy or problem, or lacks something.
    """
    found = state.get("strategy")
    if found != strategy:
        raise CheckpointError(f"got the state of the strategy {found!r}; expected {strategy!r}")
    try:
        archive.load_state_dict(state["archive"])
        rng.bit_generator.state = state["rng"]
        yield state
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"the state of {strategy} is malformed: {type(error).__name__}: {error}"
        ) from error
