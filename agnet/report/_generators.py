"""The generator that a run's architectures are best understood by."""

from __future__ import annotations

from collections.abc import Mapping

from agnet.errors import CheckpointError, StorageError
from agnet.generators import GraphVAE, load_pretrained
from agnet.report._checkpoints import checkpoint_state
from agnet.runs import Run
from agnet.seeds import stream

__all__ = ["generator_of", "retrained_generator"]


def retrained_generator(run: Run) -> GraphVAE | None:
    """Opens the generator in a run's checkpoint; None if there can be none.

    Raises:
        CheckpointError: If the checkpoint is corrupted, or there is none.
        StorageError: If the run cannot be read.
    """
    if run.folder is None or run.config.strategy != "agnet":
        return None
    state = checkpoint_state(run).get("generator")
    if not isinstance(state, Mapping):
        return None
    generator = GraphVAE(run.benchmark.space, stream(0, "generator"))
    generator.load_state_dict(state)
    return generator


def generator_of(run: Run) -> tuple[GraphVAE | None, str, str]:
    """Returns a generator, what it is, and why there is none or not that of the run."""
    note = ""
    try:
        own = retrained_generator(run)
        if own is not None:
            return own, "run's retrained", ""
    except (CheckpointError, StorageError) as error:
        note = str(error)
    try:
        return load_pretrained(run.benchmark.space), "shipped", note
    except CheckpointError as error:
        return None, "missing", str(error)
