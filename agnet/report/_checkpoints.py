"""The strategy of a run as it was at the last checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from agnet.errors import CheckpointError
from agnet.preparation import prepare
from agnet.runs import Run
from agnet.seeds import stream
from agnet.storage import RunStorage
from agnet.strategies import STRATEGIES, Strategy, make_strategy

__all__ = ["checkpoint_state", "restored"]

SomeStrategy = TypeVar("SomeStrategy", bound=Strategy)


def checkpoint_state(run: Run) -> Mapping[str, object]:
    """Returns the state of the strategy in a run's checkpoint.

    Raises:
        CheckpointError: If there is none, or the file is corrupted.
        StorageError: If the run cannot be read.
    """
    if run.folder is None:
        raise CheckpointError("The run was kept in memory, where it has no checkpoint.")
    storage = RunStorage(run.folder, write=False)
    try:
        found = storage.load_checkpoint() or {}
    finally:
        storage.close()
    state = found.get("state")
    if not isinstance(state, Mapping):
        raise CheckpointError(f"The run {run.folder} has no checkpoint.")
    return state


def restored(run: Run, kind: type[SomeStrategy]) -> SomeStrategy:
    """Makes the strategy of a run and restores it.

    Args:
        run: The run.
        kind: Of the strategy, one that has a name.

    Raises:
        CheckpointError: If the run is one of another strategy, or has no checkpoint of its own.
        StorageError: If the run cannot be read.
        InvalidInput: If the strategy does not know its settings any more.
    """
    name = next(name for name, made in STRATEGIES.items() if made is kind)
    if run.config.strategy != name:
        raise CheckpointError(f"The run is one of {run.config.strategy}, not of {name}.")
    state = checkpoint_state(run)
    problem, _ = prepare(run.benchmark, run.config)
    rng = stream(run.config.seed, "strategy")
    strategy = make_strategy(name, problem, rng, run.config.options)
    strategy.load_state_dict(state)
    return cast("SomeStrategy", strategy)
