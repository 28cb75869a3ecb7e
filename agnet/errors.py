"""Every error that agnet raises on purpose.

A message is one sentence or two: what was got, what was expected, what to do. The command line
prints it as one line and exits with code 2; nothing already recorded is lost.
"""

from __future__ import annotations

__all__ = [
    "AgnetError",
    "CheckpointError",
    "EvaluationError",
    "InvalidArchitecture",
    "InvalidInput",
    "MissingData",
    "MissingExtra",
    "OutOfMemory",
    "RunLocked",
    "StorageError",
    "StrategyError",
    "TableError",
    "TrainingDiverged",
]


class AgnetError(Exception):
    """Base of all errors below: catching it catches everything a user can cause."""


class InvalidInput(AgnetError, ValueError):
    """An argument that cannot be used: an unknown name, an impossible limit, a wrong shape."""


class InvalidArchitecture(InvalidInput):
    """A text, choice vector or graph that is no architecture of the space."""


class MissingData(AgnetError):
    """A metric or benchmark whose data file has not been imported yet."""


class MissingExtra(AgnetError, ImportError):
    """An optional package is not installed."""


class TableError(AgnetError):
    """A data file that is truncated, corrupted or of another layout."""


class CheckpointError(AgnetError):
    """A checkpoint that is corrupted or belongs to another run, space or strategy."""


class StorageError(AgnetError, OSError):
    """A run folder that cannot be read or written (full disk, read-only folder)."""


class RunLocked(StorageError):
    """Another process is writing the same run."""


class EvaluationError(AgnetError):
    """An evaluation that failed; search() records it and never lets it through."""


class TrainingDiverged(EvaluationError):
    """A training whose loss is no longer a finite number."""


class OutOfMemory(EvaluationError):
    """A network or a batch that the memory of the device, or of this machine, does not hold."""


class StrategyError(AgnetError):
    """A strategy that breaks its contract: it repeats itself or proposes more than was asked."""
